"""Small bodies that ask for much memory; each made once."""

from __future__ import annotations

import gzip
from functools import cache


@cache
def zeros() -> bytes:
    return gzip.compress(bytes(80 << 20), 9)


@cache
def messages(depth: int) -> bytes:
    """16 million empty messages at one of the levels: request, resource, scope."""
    content = (b"\x12\x00" if depth else b"\x0a\x00") * (16 << 20)
    for tag in (b"\x12", b"\x0a")[2 - depth :]:
        content = tag + varint(len(content)) + content
    return gzip.compress(content, 9)


@cache
def values() -> bytes:
    return gzip.compress(b'{"resourceSpans":[' + b"{}," * (8 << 20) + b"{}]}", 9)


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
