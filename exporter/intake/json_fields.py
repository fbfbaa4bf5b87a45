"""The typed fields of a JSON body that may hold anything."""

from __future__ import annotations

import json as standard_json
from typing import Any, Final

import orjson

from exporter.errors import TooLarge
from exporter.intake.decoded import undecodable
from exporter.intake.limits import IntakeLimits
from exporter.intake.values import MAX_INT64

Node = dict[str, Any]
EXPECTED: Final = "OTLP/JSON"
_MAX_DIGITS: Final = 32
WRONG: Final = (ValueError, TypeError, AttributeError)
"""What a field of the wrong type raises where it is read; to test each one first would double the time."""


class WrongType(ValueError):
    """A known field holds something that it cannot hold."""


def parse(body: bytes, limits: IntakeLimits) -> Node:
    """The JSON object, or InvalidRequest; TooLarge when it would fill the memory with small objects."""
    if len(body) > limits.max_json_nodes and _count_nodes(body) > limits.max_json_nodes:
        raise TooLarge(
            f"The JSON body holds more than {limits.max_json_nodes} values; send smaller batches.",
            reason="too_many_values",
        )
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        request = _parse_leniently(body, error)
    if not isinstance(request, dict):
        raise undecodable(EXPECTED, "expected an object")
    return request


def _count_nodes(body: bytes) -> int:
    """At least as many objects, lists and members as the body holds; marks within texts count too."""
    return body.count(b"{") + body.count(b"[") + body.count(b",")


def _parse_leniently(body: bytes, cause: orjson.JSONDecodeError) -> Any:
    """The standard parser's reading.

    It accepts the halves of emoji that JavaScript leaves when it cuts text, and the NaN of Python's writers; what is
    not UTF-8 is replaced.  One such text would otherwise refuse the spans of everyone in the request.
    """
    try:
        return standard_json.loads(body.decode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise undecodable(EXPECTED, cause.msg) from error


def id_at(node: Node, name: str) -> bytes:
    """The bytes of the hex id under a name, or b"" for what is none."""
    found = node.get(name)
    try:
        return bytes.fromhex(found) if isinstance(found, str) and found.isalnum() else b""
    except ValueError:
        return b""


def time_at(node: Node, name: str) -> int:
    """The Unix nanoseconds under a name, 0 when absent."""
    return min(max(whole_number(node.get(name)), 0), MAX_INT64)


def list_at(node: Node, name: str) -> list[Any]:
    """The list under a name; absent and null are empty."""
    found = node.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise WrongType(f"{name} is not a list")
    return found


def objects_at(node: Node, name: str) -> list[Node]:
    """The list of objects under a name; absent and null are empty."""
    found = list_at(node, name)
    if not all(isinstance(item, dict) for item in found):
        raise WrongType(f"{name} is not a list of objects")
    return found


def object_at(node: Node, name: str) -> Node:
    """The object under a name; absent and null are empty."""
    found = node.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise WrongType(f"{name} is not an object")
    return found


def text_at(node: Node, name: str) -> str:
    """The text under a name; absent and null are empty."""
    found = node.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise WrongType(f"{name} is not a text")
    return found


def flag_at(node: Node, name: str) -> bool:
    """The boolean under a name; absent and null are false."""
    found = node.get(name)
    if found is not None and not isinstance(found, bool):
        raise WrongType(f"{name} is not a boolean")
    return bool(found)


def enum_at(node: Node, name: str) -> int:
    """The enum under a name, which OTLP writes as an integer only; absent and null are 0."""
    found = node.get(name)
    if found is None:
        return 0
    if isinstance(found, bool) or not isinstance(found, int):
        raise WrongType(f"{name} is not an integer of the enum")
    return found


def whole_number(found: object) -> int:
    """A 64-bit integer written as number or decimal text; absent and null are 0."""
    if found is None:
        return 0
    if isinstance(found, str) and len(found) <= _MAX_DIGITS:
        found = int(found)
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int):
        raise WrongType("a number is not an integer")
    return found
