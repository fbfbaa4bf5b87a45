"""How far a cumulative series is booked: each of its records adds what it has more than all before.

The counts since a start are a maximum, whatever the order in which they arrive; what a record adds belongs to the time
since the last one.  Kinds of token may begin to be counted apart, and a request may bring only some of them: starts
that came in one record belong to one run of the process, and a run is booked as one from then on.  Processes that do
not tell themselves apart never share a record, so their runs stay apart.
Source: OpenTelemetry metrics data model, "Sums"; settled question "Cumulative metrics".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from operator import add
from typing import NamedTuple

from exporter.ledger.entry import Series
from exporter.usage import MISSING, TTL_UNKNOWN, Tokens, UsageRecord


class Run(NamedTuple):
    """One start of a series; what is booked stands at the start that is the home of its run."""

    home: int
    points: int = 0
    tokens: Tokens = Tokens()
    cost_reported_nano_usd: int = 0
    until_ns: int = 0


Runs = Mapping[int, Run]
"""By start: some starts, and of the runs that they belong to whatever has something booked, which each home has."""


class Progress(NamedTuple):
    """What is booked of the runs that a record belongs to."""

    points: int
    tokens: Tokens
    cost_reported_nano_usd: int
    until_ns: int
    """End of the last record, 0 when there is none."""


class Added(NamedTuple):
    """What a record adds to its run."""

    tokens: Tokens
    cost_reported_nano_usd: int
    until_ns: int


def home_of(runs: Runs, starts: Iterable[int]) -> int:
    """The start by which the run of these starts is known: its home so far, else the earliest of them."""
    return min((runs[start].home for start in starts if start in runs), default=min(starts))


def progress_of(runs: Runs, starts: Iterable[int]) -> Progress:
    """What is booked of the runs of these starts together."""
    homes = {runs[start].home for start in starts if start in runs}
    tokens, points, cost, until = Tokens(), 0, 0, 0
    for run in runs.values():
        if run.home in homes:
            tokens = Tokens(*map(add, tokens, run.tokens))
            points, cost = points + run.points, cost + run.cost_reported_nano_usd
            until = max(until, run.until_ns)
    return Progress(points, tokens, cost, until)


def advanced(runs: Runs, starts: Iterable[int], added: Added) -> dict[int, Run]:
    """The runs after a record, whose starts are of one run from now on."""
    homes = {runs[start].home for start in starts if start in runs}
    home = home_of(runs, starts)
    after = {start: run._replace(home=home) if run.home in homes else run for start, run in runs.items()}
    for start in starts:
        after.setdefault(start, Run(home))
    run = after[home]
    after[home] = Run(
        home,
        run.points + 1,
        Tokens(*map(add, run.tokens, added.tokens)),
        run.cost_reported_nano_usd + added.cost_reported_nano_usd,
        max(run.until_ns, added.until_ns),
    )
    return after


def beyond(absolute: UsageRecord, progress: Progress) -> UsageRecord | None:
    """What a record adds to what is booked of its run; None when that is nothing."""
    booked = progress.tokens
    if TTL_UNKNOWN in absolute.flags:
        # A row may know more of the lifetimes than the series says.
        booked = booked._replace(cache_write_5m=booked.cache_write_5m + booked.cache_write_1h, cache_write_1h=0)
    tokens = Tokens(*(max(now - before, 0) for now, before in zip(absolute.tokens, booked, strict=True)))
    cost = max((absolute.cost_reported_nano_usd or 0) - progress.cost_reported_nano_usd, 0) or None
    if not any(tokens) and cost is None and not (absolute.usage_status == MISSING and not progress.points):
        return None
    start = max(absolute.start_ns, progress.until_ns)
    return replace(absolute, tokens=tokens, cost_reported_nano_usd=cost, start_ns=min(start, absolute.end_ns))


@dataclass(slots=True)
class Ahead:
    """One series while records of it are worked out: as the ledger has it, and as it will be."""

    read: Callable[[Series], Runs]
    _booked: dict[int, Run] = field(default_factory=dict)
    _runs: dict[int, Run] = field(default_factory=dict)

    def add(self, series: Series, absolute: UsageRecord) -> tuple[UsageRecord, int, int] | None:
        """What a record adds, the home of its run, and how many records of it the ledger has; None for nothing."""
        starts = series.starts
        self._load(series)
        added = beyond(absolute, progress_of(self._runs, starts))
        if added is None:
            return None
        gain = Added(added.tokens, added.cost_reported_nano_usd or 0, added.end_ns)
        home, points = home_of(self._runs, starts), progress_of(self._booked, starts).points
        self._runs = advanced(self._runs, starts, gain)
        return added, home, points

    def _load(self, series: Series) -> None:
        absent = tuple(start for start in series.starts if start not in self._runs)
        if not absent:
            return
        known = dict(self._runs)
        for start, run in self.read(series._replace(starts=absent)).items():
            self._booked.setdefault(start, run)
            # Its run may have been joined to another one since the ledger was read.
            self._runs.setdefault(start, run._replace(home=known[run.home].home) if run.home in known else run)
