"""Protobuf texts that are not UTF-8.

Senders that do not check (C++, and through a Collector any other) let a text that was cut within a character
through, and the official parser then refuses the whole request: the spans of everyone else in it with it.
The same messages with bytes in place of texts parse, and U+FFFD replaces what is wrong.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto
from google.protobuf.message import DecodeError, Message

from exporter.intake.decoded import undecodable
from exporter.intake.retyping import retyped

Parsed = TypeVar("Parsed", bound=Message)
_Described = Any
"""A descriptor of protobuf's C implementation, for which no common type is declared."""


class Repairing:
    """Parses messages of one request, their texts repaired where they are not UTF-8, at most so many of them."""

    def __init__(self, most: int) -> None:
        self._left = most

    def parse(self, kind: type[Parsed], body: bytes) -> Parsed:
        """The message; InvalidRequest for what is none, and for one repair too many."""
        try:
            return kind.FromString(body)
        except DecodeError as error:
            self._left -= 1
            repaired = repair_texts(kind, body) if self._left >= 0 else None
            if repaired is None:
                raise undecodable(f"a protobuf {kind.DESCRIPTOR.name}", str(error)) from error
            return kind.FromString(repaired)


def repair_texts(kind: type[Message], body: bytes) -> bytes | None:
    """The same message with every text valid UTF-8, or None when the wire form itself is broken."""
    try:
        message = _unchecked(kind.DESCRIPTOR).FromString(body)
    except DecodeError:
        return None
    _repair(message, kind.DESCRIPTOR)
    return message.SerializeToString()


def _repair(message: Message, meant: _Described) -> None:
    for field, value in message.ListFields():
        intended = meant.fields_by_number[field.number]
        if intended.type == FieldDescriptor.TYPE_MESSAGE:
            for child in value if field.is_repeated else (value,):
                _repair(child, intended.message_type)
        elif intended.type == FieldDescriptor.TYPE_STRING:
            if field.is_repeated:
                value[:] = [_valid(text) for text in value]
            else:
                setattr(message, field.name, _valid(value))


def _valid(text: bytes) -> bytes:
    return text.decode(errors="replace").encode()


@cache
def _unchecked(meant: _Described) -> type[Message]:
    """The message type with bytes in place of texts."""
    return retyped(meant, lambda field: field.type == FieldDescriptorProto.TYPE_STRING)
