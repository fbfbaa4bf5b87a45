"""Protobuf texts that are not UTF-8.

Senders that do not check (C++, and through a Collector any other) let a text that was cut within a character
through, and the official parser then refuses the whole request: the spans of everyone else in it with it.
The same messages with bytes in place of texts parse, and U+FFFD replaces what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

_Described = Any
"""A descriptor of protobuf's C implementation, for which no common type is declared."""


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
    pool = DescriptorPool()
    _add_file(meant.file, pool, set())
    return GetMessageClass(pool.FindMessageTypeByName(meant.full_name))


def _add_file(file: _Described, pool: DescriptorPool, added: set[str]) -> None:
    if file.name in added:
        return
    added.add(file.name)
    for dependency in file.dependencies:
        _add_file(dependency, pool, added)
    copy = FileDescriptorProto()
    file.CopyToProto(copy)
    _uncheck(copy.message_type)
    pool.Add(copy)


def _uncheck(messages: Iterable[DescriptorProto]) -> None:
    for message in messages:
        for field in message.field:
            if field.type == FieldDescriptorProto.TYPE_STRING:
                field.type = FieldDescriptorProto.TYPE_BYTES
        _uncheck(message.nested_type)
