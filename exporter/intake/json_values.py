"""Attribute values of a JSON body: as `values`, from dictionaries instead of messages."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from exporter.intake.json_fields import Node, WrongType, list_at, object_at, text_at, whole_number
from exporter.intake.values import MAX_INT64, MIN_INT64, Allowance, cut_text, lift_content
from exporter.signals import Value


def read_attributes(node: Node, allowance: Allowance) -> dict[str, Value]:
    """Wanted attributes of a span or resource; the last of equal keys wins."""
    wanted, limit = allowance.wanted, allowance.limits.max_text_chars
    found: dict[str, Value] = {}
    for pair in list_at(node, "attributes"):
        key = pair.get("key")
        if key in wanted:
            content = pair.get("value")
            text = content.get("stringValue") if content else None
            if text and text.isascii() and len(text) <= limit and "\0" not in text:
                found[key] = text
            elif (value := read_value(key, content, allowance, depth=0)) is not None:
                found[key] = value
    if not allowance.lift.content.isdisjoint(found):
        lift_content(found, allowance)
    return found


def read_value(key: str, node: object, allowance: Allowance, *, depth: int) -> Value | None:
    """Any value; lists become tuples, maps become tuples of (key, value) pairs, what cannot be kept is None."""
    if not node:
        return None
    if not isinstance(node, dict):
        raise WrongType("an attribute value is not an object")
    for kind, value in node.items():
        match kind:
            case "stringValue":
                return cut_text(key, text_at(node, kind), allowance)
            case "intValue":
                return _int64(value)
            case "boolValue" if isinstance(value, bool):
                return value
            case "doubleValue":
                return read_double(value)
            case "arrayValue" if depth < allowance.limits.max_depth:
                return tuple(_read_list(key, object_at(node, kind), allowance, depth + 1))
            case "kvlistValue" if depth < allowance.limits.max_depth:
                return tuple(_read_map(key, object_at(node, kind), allowance, depth + 1))
    return None


def _int64(value: object) -> int | None:
    number = whole_number(value)
    return number if MIN_INT64 <= number <= MAX_INT64 else None


def read_double(value: object) -> float | None:
    """A double written as number or text; what is not finite is None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise WrongType("a double is not a number")
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _read_list(key: str, node: Node, allowance: Allowance, depth: int) -> Iterator[Value]:
    for item in list_at(node, "values")[: allowance.limits.max_elements]:
        if (value := read_value(key, item, allowance, depth=depth)) is not None:
            yield value


def _read_map(key: str, node: Node, allowance: Allowance, depth: int) -> Iterator[Value]:
    for pair in list_at(node, "values")[: allowance.limits.max_elements]:
        if (value := read_value(key, pair.get("value"), allowance, depth=depth)) is not None:
            yield (cut_text("", text_at(pair, "key"), allowance), value)
