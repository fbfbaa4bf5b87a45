"""What the read side hands to whoever shows metrics: plain label values and integer numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Exemplar(NamedTuple):
    """A call behind a number: its value in the unit of the series, its ids in hex, its time in nanoseconds."""

    value: int
    trace_id: str
    span_id: str
    at_ns: int


class Distribution(NamedTuple):
    """A histogram: the sum of what was observed, and the count of each bucket (not cumulative)."""

    sum: int
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Points:
    """The series of one family.

    Money is in nano-USD and time in nanoseconds; the catalogue says what a family shows.  `labels`
    is the same object from one reading to the next as long as no series came or went.
    """

    labels: Sequence[tuple[str, ...]]
    values: Sequence[Any]
    """Integers, floats (ratios), or `Distribution`."""
    born: Sequence[int] = ()
    """When each counter began, for the start time of a pushed point."""
    exemplars: Mapping[int, Exemplar | Mapping[int, Exemplar]] = field(default_factory=dict)
    """By position; for histograms by position, then by bucket."""


def hide_newborn(values: list[Any], born: Sequence[int], cutoff_ns: int, zero: Any = 0) -> list[Any]:
    """Show `zero` for series made after the cutoff, so that `increase()` sees their birth."""
    if not born or max(born) <= cutoff_ns:
        return values
    return [zero if at > cutoff_ns else value for value, at in zip(values, born, strict=True)]
