"""Attribute values: from OTLP's AnyValue to plain Python, bounded in size and depth, and storable.

What leaves here fits both databases: text is valid UTF-8 without NUL (PostgreSQL stores neither NUL nor
surrogates), integers fit 64 bits, floats are finite.  Bytes, empty values, NaN and infinities count as absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from exporter.intake.limits import DEFAULT_LIMITS, IntakeLimits
from exporter.signals import NO_LIFT, Lift, Value, clean_text

MAX_INT64: Final = 2**63 - 1
MIN_INT64: Final = -(2**63)

Wanted = frozenset[str]
"""Keys of the span and resource attributes that leave decode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """Which attributes are read, and how much of each."""

    wanted: Wanted
    """Content that something is taken out of included."""
    lift: Lift = NO_LIFT
    types: frozenset[str] = frozenset()
    """Attributes in which points of one series differ."""
    numbered: frozenset[str] = frozenset()
    """Instrumentation scopes whose log records are numbered by session."""
    limits: IntakeLimits = DEFAULT_LIMITS


def cut_text(key: str, text: str, allowance: Allowance) -> str:
    """The clean text, cut to the limit unless it is content, which stays here."""
    if key not in allowance.lift.content:
        text = text[: allowance.limits.max_text_chars]
    return clean_text(text)


def read_attributes(pairs: Iterable[KeyValue], allowance: Allowance) -> dict[str, Value]:
    """Wanted attributes of a record or resource; the last of equal keys wins."""
    found = dict(pair for one in pairs if (pair := read_pair(one, allowance)) is not None)
    if not allowance.lift.content.isdisjoint(found):
        lift_content(found, allowance)
    return found


def read_pair(pair: KeyValue, allowance: Allowance) -> tuple[str, Value] | None:
    """Key and value of a wanted attribute, None for any other.

    Texts and integers are tried first: `WhichOneof` on every value doubles the time of the whole decode.
    """
    key = pair.key
    if key not in allowance.wanted:
        return None
    value = pair.value
    if text := value.string_value:
        is_plain = len(text) <= allowance.limits.max_text_chars and "\0" not in text
        return key, text if is_plain else cut_text(key, text, allowance)
    if number := value.int_value:
        return key, number
    other = read_value(key, value, allowance, depth=0)
    return None if other is None else (key, other)


def lift_content(found: dict[str, Value], allowance: Allowance) -> None:
    """Leave what billing needs in the place of the content."""
    taken = allowance.lift.take(found)
    for key in allowance.lift.content:
        found.pop(key, None)
    for key, value in taken.items():
        if not found.get(key) and _is_storable(value):
            found[key] = cut_text(key, value, allowance) if type(value) is str else value


def _is_storable(value: Value) -> bool:
    """JSON knows numbers that neither database does."""
    if type(value) is int:
        return MIN_INT64 <= value <= MAX_INT64
    return type(value) is not float or isfinite(value)


def read_value(key: str, value: AnyValue, allowance: Allowance, *, depth: int) -> Value | None:
    """Any value; lists become tuples, maps become tuples of (key, value) pairs, what cannot be kept is None."""
    match value.WhichOneof("value"):
        case "string_value":
            return cut_text(key, value.string_value, allowance)
        case "int_value":
            return value.int_value
        case "bool_value":
            return value.bool_value
        case "double_value":
            return value.double_value if isfinite(value.double_value) else None
        case "array_value" if depth < allowance.limits.max_depth:
            return tuple(_read_list(key, value.array_value.values, allowance, depth + 1))
        case "kvlist_value" if depth < allowance.limits.max_depth:
            return tuple(_read_map(key, value.kvlist_value.values, allowance, depth + 1))
        case _:
            return None


def _read_list(key: str, items: Iterable[AnyValue], allowance: Allowance, depth: int) -> Iterator[Value]:
    for _, item in zip(range(allowance.limits.max_elements), items, strict=False):
        if (value := read_value(key, item, allowance, depth=depth)) is not None:
            yield value


def _read_map(key: str, pairs: Iterable[KeyValue], allowance: Allowance, depth: int) -> Iterator[Value]:
    for _, pair in zip(range(allowance.limits.max_elements), pairs, strict=False):
        if (value := read_value(key, pair.value, allowance, depth=depth)) is not None:
            yield (cut_text("", pair.key, allowance), value)
