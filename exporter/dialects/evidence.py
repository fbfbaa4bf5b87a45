"""What a record was read from, in a form that costs little to keep: calls of one kind differ in their numbers only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from exporter.dialects.spellings import Spellings
from exporter.signals import Value
from exporter.usage import Evidence


def evidence_of(attributes: Mapping[str, Value], present: Spellings, counted_as: str = "") -> Evidence:
    """The numbers of a span under its names for them, and the texts that decide how they are read.

    `counted_as` names the row of `basis.EMITTERS`, where the instrumentation scope does not.
    """
    said = tuple(map(attributes.__getitem__, present.stated))
    return Evidence(_shape(present, said, counted_as), tuple(map(attributes.__getitem__, present.measured)))


@lru_cache(maxsize=1024)
def _shape(present: Spellings, said: tuple[Value, ...], counted_as: str) -> str:
    shape = {"names": present.measured, "said": dict(zip(present.stated, said, strict=True))}
    return json.dumps({**shape, "counted_as": counted_as} if counted_as else shape, separators=(",", ":"))


def attributes_of(shape: str, numbers: list[Value]) -> dict[str, Value]:
    """The attributes again, from the kept shape and numbers."""
    kept = json.loads(shape)
    return {**kept["said"], **dict(zip(kept["names"], numbers, strict=True))}


def counted_as(shape: str) -> str:
    """The row of `basis.EMITTERS` that a kept shape names, empty where it is that of the instrumentation scope."""
    return str(json.loads(shape).get("counted_as", ""))
