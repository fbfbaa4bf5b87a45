"""Words of OTLP that mean the same in both encodings."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

from exporter.signals import Value

EVENT_NAME: Final = "event.name"
"""Attribute that held the name of an event before log records had a field for it."""
NO_RECORDED_VALUE: Final = 1
"""Bit of a point's flags: the series ended here, and whatever value stands there is none."""
_IS_DELTA: Final = {1: True, 2: False}


def delta_of(temporality: int) -> bool | None:
    """Whether an AggregationTemporality is delta; None when it is unspecified or unknown."""
    return _IS_DELTA.get(temporality)


class Head(NamedTuple):
    """What the points of a metric share: the first fields of `Point`."""

    metric: str
    unit: str
    is_delta: bool | None
    is_monotonic: bool


def series_digest(attributes: Iterable[tuple[str, Value | None]]) -> int:
    """A number that stands for the attributes of a series, in any order; 0 for none."""
    said = sorted(repr(pair) for pair in attributes)
    return int.from_bytes(blake2b(repr(said).encode(), digest_size=8).digest(), "big") if said else 0
