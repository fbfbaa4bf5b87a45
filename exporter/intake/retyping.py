"""Message types of the official schema with bytes in place of some fields.

Texts, bytes and messages have the same form on the wire, so a parser that is told "bytes" takes what stands there as
it is, unchecked and without an object for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

_Described = Any
"""A descriptor of protobuf's C implementation, for which no common type is declared."""
Choice = Callable[[FieldDescriptorProto], bool]


def retyped(meant: _Described, is_bytes: Choice) -> type[Message]:
    """The message type, in a pool of its own, with bytes for the texts and messages that are chosen."""
    pool = DescriptorPool()
    _add_file(meant.file, is_bytes, pool, set())
    return GetMessageClass(pool.FindMessageTypeByName(meant.full_name))


def _add_file(file: _Described, is_bytes: Choice, pool: DescriptorPool, added: set[str]) -> None:
    if file.name in added:
        return
    added.add(file.name)
    for dependency in file.dependencies:
        _add_file(dependency, is_bytes, pool, added)
    copy = FileDescriptorProto()
    file.CopyToProto(copy)
    _retype(copy.message_type, is_bytes)
    pool.Add(copy)


def _retype(messages: Iterable[DescriptorProto], is_bytes: Choice) -> None:
    for message in messages:
        for field in message.field:
            if is_bytes(field):
                field.type = FieldDescriptorProto.TYPE_BYTES
                field.ClearField("type_name")
        _retype(message.nested_type, is_bytes)
