"""Large protobuf bodies in small pieces, so that parsing one never takes much memory.

An empty message takes two bytes on the wire and up to 170 once parsed: a body of 64 MiB could ask for 5 GiB.
So what exceeds `IntakeLimits.whole_bytes` is cut at the boundaries of its repeated children and each piece
carries its parents' other fields again (concatenated protobuf messages merge).  A record that is itself larger
is reduced to the fields that decode reads.  Only headers of large messages are looked at here, which
costs about half a microsecond a record and nothing for bodies of the usual size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from exporter.errors import TooLarge
from exporter.intake.decoded import TOO_MANY_ATTRIBUTES, undecodable
from exporter.intake.values import Allowance

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_KEY, _VALUE = 1, 2
_STRING_TAG: Final = 0x0A


class Record(NamedTuple):
    """Field numbers of a record, and what is kept of a large one."""

    attributes: int
    kept: frozenset[int]
    """Fields that decode reads besides the attributes; none of them is repeated."""
    kept_small: frozenset[int] = frozenset()
    """Fields that decode reads unless they are larger than a piece."""


Shape = Mapping[int, "Shape | Record"]
"""The repeated children of a message by field number of opentelemetry-proto, from the request down to the records."""

TRACES: Final[Shape] = {1: {2: {2: Record(9, frozenset({1, 2, 4, 5, 7, 8, 15}))}}}
LOGS: Final[Shape] = {1: {2: {2: Record(6, frozenset({1, 9, 10, 11, 12}), frozenset({5}))}}}
_NUMBER: Final = Record(7, frozenset({2, 3, 4, 6, 8}))
_HISTOGRAM: Final = Record(9, frozenset({2, 3, 5, 10}))
_EXPONENTIAL: Final = Record(1, frozenset({2, 3, 5, 10}))
_NOT_READ: Final = Record(0, frozenset())
METRICS: Final[Shape] = {
    1: {2: {2: {5: {1: _NOT_READ}, 7: {1: _NUMBER}, 9: {1: _HISTOGRAM}, 10: {1: _EXPONENTIAL}, 11: {1: _NOT_READ}}}}
}


class Field(NamedTuple):
    """Positions within a message: of the tag, of the content, and of the end."""

    number: int
    begin: int
    content: int
    end: int


def pieces(body: bytes, shape: Shape, allowance: Allowance, reject: Callable[[str], None]) -> Iterator[bytes]:
    """Bodies that together say what this one says, each about `piece_bytes` long at most.

    `reject` is called with the reason for each record that is left out.  Raises InvalidRequest when
    the wire form is broken, TooLarge when there are more fields than records may be.
    """
    if len(body) <= allowance.limits.whole_bytes:
        yield body
    else:
        yield from _Cutter(allowance, reject).cut(memoryview(body), shape)


@dataclass(slots=True)
class _Cutter:
    allowance: Allowance
    reject: Callable[[str], None]
    seen: int = 0

    def cut(self, message: memoryview, shape: Shape | Record) -> Iterator[bytes]:
        """The message in pieces; it is larger than one."""
        most = self.allowance.limits.piece_bytes
        if isinstance(shape, Record):
            yield from self._reduce(message, shape)
            return
        children, header = self._split(message, shape)
        for group in _group(children, most):
            if len(group) == 1 and group[0].end - group[0].begin > most:
                child = group[0]
                tag = message[child.begin : _skip_varint(message, child.begin)]
                for part in self.cut(message[child.content : child.end], shape[child.number]):
                    yield b"".join((header, tag, _varint(len(part)), part))
            else:
                yield b"".join((header, *(message[child.begin : child.end] for child in group)))

    def _split(self, message: memoryview, numbers: Shape) -> tuple[list[Field], bytes]:
        """The repeated children, and all other fields as they stand."""
        children: list[Field] = []
        others: list[memoryview] = []
        for field in self._fields(message):
            if field.number in numbers:
                children.append(field)
            else:
                others.append(message[field.begin : field.end])
        header = b"".join(others)
        if len(header) > self.allowance.limits.whole_bytes:
            raise TooLarge(
                "A resource, scope or metric is larger than its records may be.", reason="too_large_resource"
            )
        return children, header

    def _reduce(self, record: memoryview, shape: Record) -> Iterator[bytes]:
        """The record without what decode does not read: events, links, buckets, unwanted attributes, large lists."""
        kept: list[memoryview] = []
        attributes = 0
        for field in self._fields(record):
            if self._keeps(shape, field):
                kept.append(record[field.begin : field.end])
            elif field.number == shape.attributes:
                attributes += 1
                if attributes > self.allowance.limits.max_attributes:
                    self.reject(TOO_MANY_ATTRIBUTES)
                    return
                if self._wants(record, field):
                    kept.append(record[field.begin : field.end])
        yield b"".join(kept)

    def _keeps(self, shape: Record, field: Field) -> bool:
        if field.number in shape.kept:
            return True
        return field.number in shape.kept_small and field.end - field.begin <= self.allowance.limits.piece_bytes

    def _wants(self, record: memoryview, attribute: Field) -> bool:
        pair = record[attribute.content : attribute.end]
        parts = {field.number: pair[field.content : field.end] for field in self._fields(pair)}
        if bytes(parts.get(_KEY, b"")).decode(errors="replace") not in self.allowance.wanted:
            return False
        return len(pair) <= self.allowance.limits.whole_bytes or _is_text(parts.get(_VALUE, memoryview(b"")))

    def _fields(self, message: memoryview) -> Iterator[Field]:
        limits = self.allowance.limits
        for field in fields(message):
            self.seen += 1
            if self.seen > limits.max_records * 5 // 4:
                raise TooLarge(
                    f"The request holds more than {limits.max_records} records; send smaller batches.",
                    reason="too_many_records",
                )
            yield field


def _group(children: list[Field], most: int) -> Iterator[list[Field]]:
    """The children in order, as many together as `most` bytes hold; a single empty group when there are none."""
    group: list[Field] = []
    size = 0
    for child in children:
        length = child.end - child.begin
        if group and size + length > most:
            yield group
            group, size = [], 0
        group.append(child)
        size += length
    yield group


def fields(message: memoryview) -> Iterator[Field]:
    """The fields of a message in order; InvalidRequest when they do not fill it exactly."""
    at, size = 0, len(message)
    while at < size:
        begin = at
        tag, at = _read_varint(message, at)
        kind = tag & 7
        content = at
        if kind == _BYTES:
            length, content = _read_varint(message, at)
            at = content + length
        elif kind == _VARINT:
            at = _skip_varint(message, at)
        elif kind in (_FIXED64, _FIXED32):
            at += 8 if kind == _FIXED64 else 4
        else:
            raise undecodable("protobuf", f"wire type {kind}")
        if at > size:
            raise undecodable("protobuf", "a field is cut")
        yield Field(tag >> 3, begin, content, at)


def _is_text(value: memoryview) -> bool:
    """Whether an AnyValue holds a text and nothing else: texts take no more memory parsed than on the wire."""
    return value[:1] == bytes([_STRING_TAG]) and _read_varint(value, 1)[0] + _skip_varint(value, 1) == len(value)


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    for position in range(at, min(at + 10, len(message))):
        byte = message[position]
        value |= (byte & 127) << shift
        if byte < 128:
            return value, position + 1
        shift += 7
    raise undecodable("protobuf", "a varint is cut")


def _skip_varint(message: memoryview, at: int) -> int:
    return _read_varint(message, at)[1]


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
