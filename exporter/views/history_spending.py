"""The spending counters over the past, by the series in which the ledger counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.ledger.families import CAPPED, FEEDS, CappedFamily, Feed
from exporter.views.history_curves import Meter, Share, drivers_of
from exporter.views.history_rows import (
    BIRTH_NS,
    CALLS,
    COST,
    PRICED_LATE,
    REVERSED,
    TOKENS,
    TOTALS,
    UNPRICED_CALLS,
    UNPRICED_TOKENS,
    Bucket,
    Grid,
    LabelSet,
    Sums,
)

_NOTHING: Final = (0,) * len(TOTALS)

Owner = tuple[int, bool]
"""A series, and whether its adjustments are meant."""


class Ends(NamedTuple):
    """What the sums say at the end, by series."""

    totals: Mapping[int, Sums]
    adjustments: Mapping[int, Sums]


class Places(NamedTuple):
    """Where calls are counted."""

    series_of: Mapping[int, int]
    """By dimension."""
    unpriced_series_of: Mapping[int, int]
    """Where calls stood that got this dimension by late pricing."""


def additions(bucket: Bucket, places: Places) -> Iterator[tuple[Owner, Sums]]:
    """What calls added to the sums when they were booked and when they were changed."""
    series, sums = places.series_of[bucket.dimension], bucket.sums
    if bucket.kind == PRICED_LATE:
        before = places.unpriced_series_of.get(bucket.dimension, series)
        yield (before, False), _as_unpriced(sums)
        yield (before, True), _only_calls(sums)
        yield (series, False), _without_tokens(sums)
        return
    yield (series, False), sums
    if bucket.kind == REVERSED:
        yield (series, True), (*sums[: COST + 1], *_NOTHING[COST + 1 :])


def _as_unpriced(sums: Sums) -> Sums:
    values = [*sums[: TOKENS.stop], *_NOTHING[TOKENS.stop :]]
    values[UNPRICED_CALLS], values[UNPRICED_TOKENS] = sums[CALLS], sum(sums[TOKENS])
    return tuple(values)


def _only_calls(sums: Sums) -> Sums:
    return (sums[CALLS], *_NOTHING[1:])


def _without_tokens(sums: Sums) -> Sums:
    return (*sums[: TOKENS.start], *_NOTHING[TOKENS], *sums[TOKENS.stop :])


class Spending:
    """Meters of every feed of ledger.families.FEEDS, and what makes them rise."""

    def __init__(
        self, grid: Grid, label_sets: Mapping[int, LabelSet], ends: Ends, places: Places, births: Sequence[Bucket]
    ) -> None:
        """`births` are all calls of the ledger (history_rows.read_births)."""
        self._grid = grid
        self._places = places
        whole, born = _sum_up(births, places)
        self._follows: dict[Owner, list[list[tuple[int, Share]]]] = {}
        self.unexplained: list[tuple[int, Owner, Sums]] = []
        """Sums of which no row tells: when to add them, as samples, oldest first."""
        for is_adjustment, table in ((False, ends.totals), (True, ends.adjustments)):
            for series, end in table.items():
                self._plan((series, is_adjustment), end, whole.get((series, is_adjustment), _NOTHING), label_sets)
        self.unexplained.sort()
        starts = {number: min(one.created_at, born.get(number, one.created_at)) for number, one in label_sets.items()}
        self.meters, self._meters_of = _arranged(grid, label_sets, starts)

    def _plan(self, owner: Owner, end: Sums, whole: Sums, label_sets: Mapping[int, LabelSet]) -> None:
        follows: list[list[tuple[int, Share]]] = [[] for _ in TOTALS]
        lost = list(_NOTHING)
        for column, driver in drivers_of(end, whole):
            if driver < 0:
                lost[column] = end[column]
                follows[column].append((column, Share(end[column], end[column])))
            else:
                follows[driver].append((column, Share(end[column], whole[driver])))
        self._follows[owner] = follows
        if any(lost):
            at_ns = label_sets[owner[0]].created_at
            if at_ns < self._grid.end_ns:
                self.unexplained.append((self._grid.sample_after(at_ns), owner, tuple(lost)))

    def add(self, sample: int, bucket: Bucket) -> None:
        """Let calls rise at a sample."""
        for owner, sums in additions(bucket, self._places):
            self.add_sums(sample, owner, sums)

    def add_sums(self, sample: int, owner: Owner, sums: Sums) -> None:
        follows = self._follows.get(owner)
        if follows is None:
            return
        meters = self._meters_of[owner]
        for driver, amount in enumerate(sums):
            if amount:
                for column, share in follows[driver]:
                    rise = share.add(amount)
                    for meter in meters[column] if rise else ():
                        meter.add(sample, rise)


def _sum_up(births: Iterable[Bucket], places: Places) -> tuple[dict[Owner, Sums], dict[int, int]]:
    """All that will be added to each sum, and when the first call of each series started."""
    whole: dict[Owner, Sums] = {}
    born: dict[int, int] = {}
    for bucket in births:
        for owner, sums in additions(bucket, places):
            have = whole.get(owner)
            whole[owner] = sums if have is None else tuple(map(int.__add__, have, sums))
            born[owner[0]] = min(born.get(owner[0], bucket.step), bucket.step)
    return whole, born


def _arranged(
    grid: Grid, label_sets: Mapping[int, LabelSet], starts: Mapping[int, int]
) -> tuple[dict[str, list[Meter]], dict[Owner, list[list[Meter]]]]:
    """Meters by feed, and for each series the meters that each column feeds."""
    of: dict[Owner, list[list[Meter]]] = {
        (number, adjusts): [[] for _ in TOTALS] for number in label_sets for adjusts in (False, True)
    }
    groups = {family.name: _groups(family, label_sets) for family in CAPPED}
    meters = {
        feed.name: _metered(grid, feed, groups[feed.family.name], label_sets=label_sets, starts=starts, of=of)
        for feed in FEEDS
    }
    return meters, of


def _groups(family: CappedFamily, label_sets: Mapping[int, LabelSet]) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = {}
    for number, one in label_sets.items():
        if family.holds(one.texts):
            found.setdefault(family.shown(one.texts, one.overflow), []).append(number)
    return found


def _metered(
    grid: Grid,
    feed: Feed,
    groups: Mapping[tuple[str, ...], list[int]],
    *,
    label_sets: Mapping[int, LabelSet],
    starts: Mapping[int, int],
    of: Mapping[Owner, list[list[Meter]]],
) -> list[Meter]:
    found: list[Meter] = []
    for labels, members in groups.items():
        first_ns = min(starts[number] for number in members)
        if first_ns >= grid.end_ns:
            continue
        is_newborn = min(label_sets[number].created_at for number in members) > grid.cutoff_ns
        born = grid.sample_after(first_ns) - -(-BIRTH_NS // grid.step_ns)
        for part in feed.parts:
            meter = Meter((*labels, part.label) if part.label else labels, born)
            found.append(meter)
            for number in () if is_newborn else members:
                for column in part.columns:
                    of[(number, feed.is_adjustment)][TOTALS.index(column)].append(meter)
    return found
