"""The bounded reader: bytes of a request, whatever its encoding claims.

Wire bytes and decompressed bytes are counted while they arrive, so a body is refused at the moment it
exceeds its bound.  A body that ends early is seen by its Content-Length, by the end mark of the chunked
encoding (the server's affair) and by the gzip trailer.  Nothing can tell that an uncompressed body with
a false Content-Length was cut at a field boundary: such protobuf parses, with fewer spans.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

from exporter.errors import InvalidRequest, TooLarge, Unavailable, UnsupportedMedia
from exporter.intake.limits import IntakeLimits, Lease

ENCODINGS: Final = ("gzip", "identity")
_GZIP_NAMES: Final = frozenset({"gzip", "x-gzip"})
_PLAIN_NAMES: Final = frozenset({"", "identity"})
_GZIP_WINDOW: Final = 31
_WIRE_CHUNK: Final = 64 * 1024
_INFLATED_CHUNK: Final = 1024 * 1024
_MAX_MEMBERS: Final = 1_000


class Readable(Protocol):
    """A stream of the request's body, without its transfer encoding."""

    def read(self, size: int, /) -> bytes: ...


def read_body(
    stream: Readable, *, content_length: int | None, encoding: str, limits: IntakeLimits, budget: Lease
) -> bytes:
    """The decompressed body, at most `limits.max_body_bytes` long.

    Raises UnsupportedMedia for an unknown encoding, TooLarge, InvalidRequest for a body that is cut or is not
    what it claims, Unavailable when the worker holds too much already or the body does not arrive in time.
    """
    name = encoding.strip().lower()
    if name not in _GZIP_NAMES and name not in _PLAIN_NAMES:
        raise UnsupportedMedia(
            f"Content-Encoding {encoding[:40]!r} is not accepted; send gzip or identity.",
            reason="unsupported_encoding",
            accepted=list(ENCODINGS),
        )
    if content_length is not None and content_length > limits.max_body_bytes:
        raise _too_large(limits)
    wire = _read_wire(stream, content_length, limits)
    pieces = list(_hold(_inflate(wire) if name in _GZIP_NAMES else wire, limits, budget))
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _hold(pieces: Iterator[bytes], limits: IntakeLimits, budget: Lease) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > limits.max_body_bytes:
            raise _too_large(limits)
        budget.grow(len(piece))
        yield piece


def _read_wire(stream: Readable, content_length: int | None, limits: IntakeLimits) -> Iterator[bytes]:
    """Pieces as they arrive, never more than Content-Length nor than the limit of a body."""
    deadline = time.monotonic() + limits.read_seconds
    expected = limits.max_body_bytes + 1 if content_length is None else content_length
    received = 0
    while received < expected:
        piece = _read_piece(stream, min(_WIRE_CHUNK, expected - received))
        if not piece:
            break
        received += len(piece)
        yield piece
        if time.monotonic() > deadline:
            raise Unavailable(f"The body did not arrive within {limits.read_seconds:g} seconds.", reason="slow_body")
    if content_length is None and received > limits.max_body_bytes:
        raise _too_large(limits)
    if content_length is not None and received != content_length:
        raise _incomplete(f"Content-Length announces {content_length} bytes, {received} arrived.")


def _read_piece(stream: Readable, size: int) -> bytes:
    try:
        return stream.read(size)
    except TimeoutError as error:
        raise Unavailable("The body stopped arriving.", reason="slow_body") from error
    except OSError as error:
        raise _incomplete("The connection or the chunked encoding broke off within the body.") from error


def _inflate(wire: Iterator[bytes]) -> Iterator[bytes]:
    """Gzip members one after the other, in pieces of bounded size."""
    member, members = zlib.decompressobj(_GZIP_WINDOW), 1
    for data in wire:
        while data:
            if member.eof:
                data = data.lstrip(b"\0")  # RFC 1952 leaves padding to the writer; gzip(1) ignores zeros
                if not data:
                    break
                member, members = zlib.decompressobj(_GZIP_WINDOW), members + 1
                if members > _MAX_MEMBERS:
                    raise InvalidRequest(f"More than {_MAX_MEMBERS} gzip members.", reason="invalid_gzip")
            if piece := _decompress(member, data):
                yield piece
            data = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise _incomplete("The gzip body ends before its trailer.")


def _decompress(member: zlib._Decompress, data: bytes) -> bytes:
    try:
        return member.decompress(data, _INFLATED_CHUNK)
    except zlib.error as error:
        raise InvalidRequest(f"The body is not valid gzip: {error}.", reason="invalid_gzip") from error


def _incomplete(message: str) -> InvalidRequest:
    return InvalidRequest(message, reason="incomplete_body")


def _too_large(limits: IntakeLimits) -> TooLarge:
    return TooLarge(
        f"The body exceeds {limits.max_body_bytes} bytes after decompression; send smaller batches.",
        reason="too_large",
        limit_bytes=limits.max_body_bytes,
    )
