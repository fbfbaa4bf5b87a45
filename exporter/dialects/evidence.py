"""What a record was read from, in a form that costs little to keep: calls of one kind differ in their numbers only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from exporter.dialects.spellings import Spellings
from exporter.signals import Value
from exporter.usage import Evidence


def evidence_of(attributes: Mapping[str, Value], present: Spellings) -> Evidence:
    """The numbers of a span under its names for them, and the texts that decide how they are read."""
    said = tuple(map(attributes.__getitem__, present.stated))
    return Evidence(_shape(present, said), tuple(map(attributes.__getitem__, present.measured)))


@lru_cache(maxsize=1024)
def _shape(present: Spellings, said: tuple[Value, ...]) -> str:
    return json.dumps({"names": present.measured, "said": dict(zip(present.stated, said, strict=True))})


def attributes_of(shape: str, numbers: list[Value]) -> dict[str, Value]:
    """The attributes again, from the kept shape and numbers."""
    kept = json.loads(shape)
    return {**kept["said"], **dict(zip(kept["names"], numbers, strict=True))}
