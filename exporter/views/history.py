"""The past as a scrape would have shown it: window after window, every spending and budget family.

A call shows from the step after its start.  At the end every number is what a scrape shows then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, NamedTuple

from sqlalchemy import Connection

from exporter.ledger import tables
from exporter.ledger.dimensions import Dimension
from exporter.views import history_rows
from exporter.views.history_budgets import BudgetHistory, Track
from exporter.views.history_curves import Meter
from exporter.views.history_past import amounts_of, covers, eras_of, read_made, read_pasts
from exporter.views.history_rows import PRICED_LATE, Bucket, Grid
from exporter.views.history_spending import Ends, Places, Spending

BLOCK_NS: Final = 18 * 3_600 * 10**9
"""What a window covers, counted from Unix time 0: the largest block that Prometheus makes within a day."""


class Window(NamedTuple):
    """Samples from `first` up to but not including `end`, by feed (telemetry/catalog.py)."""

    first: int
    end: int
    tracks: Mapping[str, Sequence[Track]]


class History:
    """Reads a range of the past.  The connection must see one snapshot until the last window is taken."""

    def __init__(self, connection: Connection, grid: Grid, *, assume_budgets: bool = False) -> None:
        """`assume_budgets` counts budgets also before they were made; their counters are below 0 there."""
        self._connection = connection
        self._grid = grid
        made = read_made(connection)
        self._eras = eras_of(made)
        births = history_rows.read_births(connection, self._eras)
        dimensions = history_rows.read_dimensions(connection)
        self._spending = _read_spending(connection, grid, births, dimensions)
        pasts = read_pasts(connection, grid, made, births, dimensions)
        self._budgets = [BudgetHistory(grid, past, assumed=assume_budgets) for past in pasts]
        general = [one for one in self._budgets if "task" not in one.past.budget.scope]
        self._budgets_of = {
            number: [one for one in general if covers(one.past.budget, dimension)]
            for number, dimension in dimensions.items()
        }
        self._of_tasks = [(one, self._read_task(one, dimensions)) for one in self._budgets if one not in general]

    def windows(self) -> Iterator[Window]:
        """All windows, oldest first; each costs memory for its changes only."""
        rows = chain(history_rows.read_buckets(self._connection, self._grid, self._eras), [None])
        bucket = next(rows)
        for first, end in windows_of(self._grid):
            while bucket is not None and self._sample_of(bucket) < end:
                self._add(bucket)
                bucket = next(rows)
            self._add_unexplained(end)
            for one, calls in self._of_tasks:
                self._add_calls(one, calls, end)
            yield Window(first, end, self._tracks(first, end))

    def _sample_of(self, bucket: Bucket) -> int:
        return min(bucket.step + 1, self._grid.last)

    def _add(self, bucket: Bucket) -> None:
        sample = self._sample_of(bucket)
        self._add_unexplained(sample)
        self._spending.add(sample, bucket)
        for one in self._budgets_of[bucket.dimension]:
            self._add_to(one, bucket)

    def _add_to(self, one: BudgetHistory, bucket: Bucket) -> None:
        amounts = amounts_of(one.past.budget, bucket)
        if any(amounts):
            one.add(self._sample_of(bucket), bucket.step * self._grid.step_ns, amounts, era=bucket.era)

    def _add_unexplained(self, before: int) -> None:
        waiting = self._spending.unexplained
        while waiting and waiting[0][0] < before:
            self._spending.add_sums(*waiting.pop(0))

    def _read_task(self, one: BudgetHistory, dimensions: Mapping[int, Dimension]) -> list[Bucket]:
        budget = one.past.budget
        rows = history_rows.read_buckets(self._connection, self._grid, self._eras, task=budget.scope["task"])
        return [bucket for bucket in rows if covers(budget, dimensions[bucket.dimension])]

    def _add_calls(self, one: BudgetHistory, calls: list[Bucket], end: int) -> None:
        while calls and self._sample_of(calls[0]) < end:
            self._add_to(one, calls.pop(0))

    def _tracks(self, first: int, end: int) -> dict[str, list[Track]]:
        found = {feed: _taken(meters, first, end) for feed, meters in self._spending.meters.items()}
        for one in self._budgets:
            for feed, tracks in one.tracks(first, end).items():
                found.setdefault(feed, []).extend(tracks)
        return found


def windows_of(grid: Grid) -> Iterator[tuple[int, int]]:
    """The samples of a range, cut where blocks end."""
    first = grid.first
    while first <= grid.last:
        edge = (grid.time_of(first) // BLOCK_NS + 1) * BLOCK_NS
        end = min(-(-edge // grid.step_ns), grid.last + 1)
        # The last sample is taken at the end of the range, which may lie before its place on the grid.
        end = grid.last + 1 if end == grid.last and grid.end_ns < edge else end
        yield first, end
        first = end


def _taken(meters: Sequence[Meter], first: int, end: int) -> list[Track]:
    return [Track(meter.labels, stretches) for meter in meters if (stretches := meter.take(first, end))]


def _read_spending(
    connection: Connection, grid: Grid, births: Sequence[Bucket], dimensions: Mapping[int, Dimension]
) -> Spending:
    late = {bucket.dimension for bucket in births if bucket.kind == PRICED_LATE}
    places = Places(
        {number: dimension.series for number, dimension in dimensions.items()},
        history_rows.read_unpriced_twins(connection, sorted(late)),
    )
    ends = Ends(*(history_rows.read_ends(connection, table) for table in (tables.total, tables.adjustment)))
    return Spending(grid, history_rows.read_label_sets(connection), ends, places, births)
