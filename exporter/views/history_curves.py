"""Counters over the past: numbers that rise from sample to sample and end at what the sums say.

Whole numbers throughout.  Where the rows of the ledger no longer tell how a sum came about (the parts of a cost,
a call whose first copy had other tokens), the sum is shared out over the calls in proportion to what is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from exporter.ledger.tables import COMPONENT_COLUMNS, TOKEN_COLUMNS
from exporter.views.history_rows import CALLS, COST, TOTALS

_ALIKE: Final = dict(zip(COMPONENT_COLUMNS, TOKEN_COLUMNS, strict=False))
"""The tokens to which a part of the cost is proportional."""


class Stretch(NamedTuple):
    """Samples from `first` up to but not including `end` that have one value."""

    first: int
    end: int
    value: Any


class Meter:
    """One shown series: what it says at each sample.  Read it window by window, oldest first."""

    __slots__ = ("_changes", "_shown", "born", "labels", "value")

    def __init__(self, labels: tuple[str, ...], born: int, value: int = 0) -> None:
        self.labels = labels
        self.born = born
        """The first sample that it has."""
        self.value = value
        self._shown = value
        self._changes: list[tuple[int, int]] = []

    def add(self, sample: int, amount: int) -> None:
        """Rise at a sample, which does not lie before those of earlier calls."""
        self.value += amount
        if self._changes and self._changes[-1][0] == sample:
            self._changes[-1] = (sample, self.value)
        else:
            self._changes.append((sample, self.value))

    def take(self, first: int, end: int) -> list[Stretch]:
        """The samples of a window, whose changes are then forgotten."""
        found: list[Stretch] = []
        at = max(first, self.born)
        for sample, value in self._changes:
            if sample > at:
                found.append(Stretch(at, sample, self._shown))
                at = sample
            self._shown = value
        self._changes.clear()
        if at < end:
            found.append(Stretch(at, end, self._shown))
        return found


class Share:
    """Follows a sum up to its known end.  `whole` is what will have been added in all."""

    __slots__ = ("_end", "_raw", "_whole")

    def __init__(self, end: int, whole: int) -> None:
        self._end = end
        self._whole = whole
        self._raw = 0

    def add(self, amount: int) -> int:
        """How much the shown number rises when this much is added."""
        if self._end == self._whole:
            return amount
        before = self._raw
        self._raw += amount
        return self._end * self._raw // self._whole - self._end * before // self._whole


def drivers_of(ends: Sequence[int], whole: Sequence[int]) -> Iterator[tuple[int, int]]:
    """For each column with an end: the column that it follows, the column itself if rows tell of it at all."""
    for column, end in enumerate(ends):
        if end:
            candidates = (column, _tokens_of(column), COST, CALLS)
            yield column, next((one for one in candidates if whole[one]), -1)


def _tokens_of(column: int) -> int:
    alike = _ALIKE.get(TOTALS[column])
    return column if alike is None else TOTALS.index(alike)
