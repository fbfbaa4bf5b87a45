"""What a record was read from, in a form that costs little to keep: calls of one kind differ in their numbers only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from exporter.dialects.fields import is_number, short_texts
from exporter.dialects.spellings import Spellings
from exporter.signals import Value
from exporter.usage import Evidence


def evidence_of(attributes: Mapping[str, Value], present: Spellings, counted_as: str = "") -> Evidence:
    """The numbers of a span under its names for them, and the texts that decide how they are read.

    Only what can be read is kept: an emitter may send content, of any size, under any of these names.
    `counted_as` names the row of `basis.EMITTERS`, where the instrumentation scope does not.
    """
    said = short_texts(tuple(map(attributes.__getitem__, present.stated)))
    numbers = _readable(tuple(map(attributes.__getitem__, present.measured)))
    return Evidence(_shape(present, said, counted_as), numbers)


def _readable(numbers: tuple[Any, ...]) -> tuple[Value, ...]:
    try:
        # Only numbers add up, and this is the cheapest way to ask.
        sum(numbers)
    except (TypeError, OverflowError):
        return tuple(map(_number, numbers))
    return numbers


def _number(value: Value) -> Value:
    """What is no number becomes an empty text, which is no number either."""
    if type(value) is str:
        return value if is_number(value) else ""
    return "" if type(value) is tuple else value


@lru_cache(maxsize=1024)
def _shape(present: Spellings, said: tuple[str, ...], counted_as: str) -> str:
    shape = {"names": present.measured, "said": dict(zip(present.stated, said, strict=True))}
    return json.dumps({**shape, "counted_as": counted_as} if counted_as else shape, separators=(",", ":"))


def attributes_of(shape: str, numbers: list[Value]) -> dict[str, Value]:
    """The attributes again, from the kept shape and numbers.

    A list, which older rows may have kept, says nothing in any field.
    """
    kept = json.loads(shape)
    attributes = {**kept["said"], **dict(zip(kept["names"], numbers, strict=True))}
    return {name: "" if type(value) in (list, dict) else value for name, value in attributes.items()}


def counted_as(shape: str) -> str:
    """The row of `basis.EMITTERS` that a kept shape names, empty where it is that of the instrumentation scope."""
    return str(json.loads(shape).get("counted_as", ""))
