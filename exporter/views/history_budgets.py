"""Budgets over the past: what each spent in each period of its calendar, when thresholds were reached, and counters."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from exporter.budgets.breaches import reached
from exporter.budgets.definition import Budget, Threshold
from exporter.budgets.limits import NANO_USD
from exporter.budgets.periods import Period
from exporter.budgets.projection import project
from exporter.views.history_curves import Meter, Share, Stretch
from exporter.views.history_rows import Grid

UNIT_NAMES: Final = {True: "usd", False: "tokens"}


class Event(NamedTuple):
    """A breach event: the threshold of a period, and when it was booked."""

    period: Period
    percent: int
    at_ns: int


class Counted(NamedTuple):
    """A budget's counter at the end (amount, adjustments), and what the rows say of it."""

    ends: tuple[int, int]
    whole: tuple[int, int]
    before: tuple[int, int] = (0, 0)
    """What the rows say that the counter left out, because it was received before the budget was made."""


@dataclass(frozen=True, slots=True)
class Past:
    """A budget in force, as the database knows it."""

    definitions: Sequence[tuple[int, Budget]]
    """What it was from when on (Unix nanoseconds), oldest first; the first one also stands for the time before."""
    made_at: int
    """Unix nanoseconds at which its counter began."""
    era: int
    """How many budgets were made before it."""
    spent_before: int
    """In the period that holds the start, before the start."""
    counted: Counted
    events: Sequence[Event] = ()
    unbooked: Sequence[Event] = ()
    """Crossings of periods that were over when the budget was made, so that no event tells of them."""

    @property
    def budget(self) -> Budget:
        return self.definitions[-1][1]


class Track(NamedTuple):
    """A series in one window."""

    labels: tuple[str, ...]
    stretches: list[Stretch]


class BudgetHistory:
    """One budget, sample by sample."""

    def __init__(self, grid: Grid, past: Past, *, assumed: bool) -> None:
        """`assumed`: count as if the budget had been there all the time; it is below 0 before it was made."""
        self.past = past
        self._grid = grid
        self._assumed = assumed
        self._period = past.budget.period_at(grid.start_ns)
        self._spent = past.spent_before
        self._amounts: dict[int, int] = {}
        self._changes_at = [at for at, _ in past.definitions[1:]]
        key = (past.budget.id, past.budget.period)
        is_old = past.made_at <= grid.cutoff_ns
        before = past.counted.before if assumed and is_old else (0, 0)
        # Where no row tells how a counter came about, it has its end from the start.
        known = tuple(
            end if is_old and not whole else 0 for end, whole in zip(past.counted.ends, past.counted.whole, strict=True)
        )
        self.counters = tuple(Meter(key, grid.first, at - left_out) for at, left_out in zip(known, before, strict=True))
        self._shares = tuple(
            Share(end, whole) for end, whole in zip(past.counted.ends, past.counted.whole, strict=True)
        )
        self._newborn = _newborn_thresholds(past, grid.cutoff_ns)
        self.breaches = _breach_meters(grid, past, assumed=assumed)
        events = (*past.events, *(past.unbooked if assumed else ()))
        self._open = {(event.period.start_ns, event.percent): event for event in events}
        self._close_periods(grid.first, before_ns=grid.start_ns)

    def add(self, sample: int, started_ns: int, amounts: tuple[int, int], *, era: int) -> None:
        """Let calls count that started at an instant (any of their step): their amount, and what was taken back."""
        amount, taken = amounts
        if started_ns >= self._grid.start_ns:
            self._amounts[sample] = self._amounts.get(sample, 0) + amount - taken
        is_counted = era > self.past.era
        if not (is_counted or self._assumed) or self.past.made_at > self._grid.cutoff_ns:
            return
        for meter, share, more in zip(self.counters, self._shares, amounts, strict=True):
            rise = share.add(more) if is_counted else more
            if rise:
                meter.add(sample, rise)

    def tracks(self, first: int, end: int) -> dict[str, list[Track]]:
        """The series of a window of samples, by feed."""
        found = self._gauges(first, end)
        name = "budget_cost" if self.past.budget.unit == NANO_USD else "budget_usage"
        for feed, meter in zip((name, f"{name}_adjustments"), self.counters, strict=True):
            found[feed] = [Track(meter.labels, meter.take(first, end))]
        found["budget_breaches"] = [Track(one.labels, one.take(first, end)) for one in self.breaches.values()]
        return found

    def _gauges(self, first: int, end: int) -> dict[str, list[Track]]:
        """Walks the samples; breach events are counted on the way."""
        lanes = _Lanes(self.past)
        budget = self._definition_at(self._grid.time_of(first))
        for sample in range(first, end):
            now_ns = self._grid.time_of(sample)
            if now_ns >= self._period.end_ns:
                self._close_periods(sample, before_ns=now_ns)
                self._period = self.past.budget.period_at(now_ns)
                self._spent = 0
            # Calls of the last step of the former period show nowhere but in the counters.
            if (sample - 1) * self._grid.step_ns >= self._period.start_ns:
                self._spent += self._amounts.get(sample, 0)
            if self._definition_at(now_ns) is not budget:
                budget = self._definition_at(now_ns)
                lanes.cut(sample)
            self._note_crossings(sample, budget)
            lanes.append(sample, budget, self._period, self._spent, now_ns)
            if sample == self._grid.last:
                self._close_periods(sample, before_ns=self._period.end_ns)
        self._amounts = {sample: amount for sample, amount in self._amounts.items() if sample >= end}
        return lanes.tracks(end)

    def _definition_at(self, at_ns: int) -> Budget:
        return self.past.definitions[bisect_right(self._changes_at, at_ns)][1]

    def _note_crossings(self, sample: int, budget: Budget) -> None:
        for threshold in budget.thresholds:
            key = (self._period.start_ns, threshold.percent)
            if key in self._open and reached(threshold, spent=self._spent, limit=budget.limit):
                self._count_event(sample, self._open.pop(key).percent)

    def _close_periods(self, sample: int, *, before_ns: int) -> None:
        """Count the events of past periods of which the calls no longer tell: the limit was another one then."""
        for key, event in sorted(self._open.items()):
            if event.period.end_ns <= before_ns:
                self._count_event(sample, event.percent)
                del self._open[key]

    def _count_event(self, sample: int, percent: int) -> None:
        if percent in self.breaches and percent not in self._newborn:
            self.breaches[percent].add(sample, 1)


def _breach_meters(grid: Grid, past: Past, *, assumed: bool) -> dict[int, Meter]:
    budget = past.budget
    percents = dict.fromkeys([threshold.percent for threshold in budget.thresholds])
    percents |= dict.fromkeys(event.percent for event in past.events)
    offsets = Counter(event.percent for event in past.unbooked) if assumed else Counter[int]()
    return {
        percent: Meter((budget.id, budget.period, str(percent)), grid.first, -offsets[percent]) for percent in percents
    }


def _newborn_thresholds(past: Past, cutoff_ns: int) -> set[int]:
    """Percentages whose first event is too young to be shown."""
    firsts: dict[int, int] = {}
    for event in past.events:
        firsts[event.percent] = min(firsts.get(event.percent, event.at_ns), event.at_ns)
    return {percent for percent, at_ns in firsts.items() if at_ns > cutoff_ns}


class _Lanes:
    """The gauges of one budget while a window is walked: only changes are kept."""

    def __init__(self, past: Past) -> None:
        self._key = (past.budget.id, past.budget.period)
        self._values: dict[tuple[str, tuple[str, ...]], list[tuple[int, Any]]] = {}

    def append(self, sample: int, budget: Budget, period: Period, spent: int, now_ns: int) -> None:
        for feed, labels, value in _shown(self._key, budget, period, spent, now_ns):
            changes = self._values.setdefault((feed, labels), [])
            if not changes or changes[-1][1] != value:
                changes.append((sample, value))

    def cut(self, sample: int) -> None:
        """End every lane: a new definition may have other thresholds."""
        for changes in self._values.values():
            changes.append((sample, None))

    def tracks(self, end: int) -> dict[str, list[Track]]:
        found: dict[str, list[Track]] = {}
        for (feed, labels), changes in self._values.items():
            ends = [sample for sample, _ in changes[1:]] + [end]
            stretches = [Stretch(at, until, value) for (at, value), until in zip(changes, ends, strict=True)]
            kept = [one for one in stretches if one.value is not None and one.first < one.end]
            found.setdefault(feed, []).append(Track(labels, kept))
        return found


Shown = tuple[str, tuple[str, ...], Any]


def _shown(key: tuple[str, str], budget: Budget, period: Period, spent: int, now_ns: int) -> Iterator[Shown]:
    unit = UNIT_NAMES[budget.unit == NANO_USD]
    projected = project(limit=budget.limit, spent=spent, period=period, now_ns=now_ns).projected
    yield f"budget_limit_{unit}", key, budget.limit
    yield f"budget_spent_{unit}", key, spent
    yield f"budget_reserved_{unit}", key, 0
    yield f"budget_projected_{unit}", key, spent if projected is None else projected
    yield "budget_utilization", key, spent / budget.limit
    yield "budget_period_start", key, period.start_ns
    yield "budget_period_end", key, period.end_ns
    yield "budget_info", info_labels(budget), 1
    yield from _thresholds(key, budget, spent)


def _thresholds(key: tuple[str, str], budget: Budget, spent: int) -> Iterator[Shown]:
    for threshold in budget.thresholds:
        labels = (*key, str(threshold.percent), threshold.severity)
        yield "budget_threshold_reached", labels, int(reached(threshold, spent=spent, limit=budget.limit))


def info_labels(budget: Budget) -> tuple[str, ...]:
    scope = ",".join(f"{name}={value}" for name, value in sorted(budget.scope.items()))
    return (budget.id, budget.period, UNIT_NAMES[budget.unit == NANO_USD], scope, budget.timezone)


def crossed_thresholds(budget: Budget, spent_of: Iterable[tuple[Period, int]]) -> Iterator[tuple[Period, Threshold]]:
    """The thresholds that whole periods reached."""
    for period, spent in spent_of:
        for threshold in budget.thresholds:
            if reached(threshold, spent=spent, limit=budget.limit):
                yield period, threshold
