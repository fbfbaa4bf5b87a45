"""Budgets inside the booking transaction: windows, never-reset counters and breach events.

A window holds what a budget spent in one period.  The first booking that touches it fills it from
the rollups, so a budget made today knows its whole period; later ones add to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select, text, tuple_

from exporter.budgets.breaches import crossed
from exporter.budgets.definition import Budget
from exporter.budgets.periods import Period, period_containing
from exporter.ledger import tables
from exporter.ledger.budget_windows import fill_window
from exporter.ledger.dimensions import Dimension, insert_missing
from exporter.ledger.stores import Store
from exporter.ledger.sums import QUARTER_NS, Crossing, Spending

_FILL_LOCK: Final = 0x6167_656E_7401
GRACE_NS: Final = 5 * 10**9
"""After so long every worker books by a new budget.  Its windows are filled only then, for what a worker
books without knowing the budget is in the rollups and in no window."""
_SCOPE_FIELDS: Final = ("project", "team", "agent", "model", "environment")
_BATCH: Final = 400
_REMEMBERED: Final = 50_000
NO_CAUSE: Final = Crossing(b"", b"")


class Ref(NamedTuple):
    """A budget and the number of its present shape in the database."""

    ref: int
    budget: Budget
    born_at: int = 0
    """When this shape came into force."""


class Window(NamedTuple):
    ref: int
    period_start: int


class Touched(NamedTuple):
    """A window that a booking adds to."""

    spent: int
    period: Period
    cause: Crossing


@lru_cache(maxsize=8192)
def _period(budget_calendar: tuple[str, str, str, int], quarter: int) -> Period:
    kind, zone, week_start, month_day = budget_calendar
    return period_containing(kind, quarter * QUARTER_NS, zone, week_start, month_day)


def period_of(budget: Budget, at_ns: int) -> Period:
    """The budget's period that contains an instant; remembered by quarter of an hour."""
    calendar = (budget.period, budget.timezone, budget.week_start, budget.month_day)
    return _period(calendar, at_ns // QUARTER_NS)


class BudgetBooks:
    """The budgets of one configuration version, as a worker books them."""

    def __init__(self, budgets: Sequence[Ref]) -> None:
        self.budgets = tuple(budgets)
        self._by_ref = {budget.ref: budget for budget in budgets}
        self._matching: dict[int, tuple[Ref, ...]] = {}
        self._filled: set[Window] = set()
        self._reached: set[tuple[Window, int]] = set()
        self._task_names: dict[int, str] = {}
        self._touched: dict[Window, Period] = {}
        self._touched_before: dict[Window, Period] = {}

    def book(self, connection: Connection, store: Store, spending: Iterable[Spending], slot: int, now_ns: int) -> None:
        """Add spending to windows and counters, and record the thresholds that it crossed."""
        if not self.budgets:
            return
        windows: dict[Window, Touched] = {}
        counters: dict[tuple[str, str, str], list[int]] = {}
        for group in spending:
            for ref in self._budgets_of(connection, group):
                _touch(windows, counters, ref, group)
        self._add(connection, store, windows, slot, now_ns)
        rows = [(*key, slot, *amounts) for key, amounts in sorted(counters.items())]
        store.add(tables.budget_counter, rows)
        self.find_breaches(connection, {key: (one.period, one.cause) for key, one in windows.items()}, now_ns)
        if connection.dialect.name == "postgresql":
            self._touched |= {key: one.period for key, one in windows.items() if one.period.end_ns <= now_ns}

    def take_touched(self) -> dict[Window, Period]:
        """Windows of periods that are over, touched a round ago: what touched them is committed or gone by now.

        Another writer may have shared a crossing, and the evaluator looks at the present periods only.
        """
        taken, self._touched_before, self._touched = self._touched_before, self._touched, {}
        return taken

    def _budgets_of(self, connection: Connection, group: Spending) -> Iterable[Ref]:
        matching = self._matching.get(group.dimension.id)
        if matching is None:
            if len(self._matching) > _REMEMBERED:
                self._matching.clear()
            matching = tuple(ref for ref in self.budgets if _matches(ref.budget, group.dimension))
            self._matching[group.dimension.id] = matching
        if not any("task" in ref.budget.scope for ref in matching):
            return matching
        name = self._task_name(connection, group.task) if group.task else ""
        return [ref for ref in matching if ref.budget.scope.get("task", name) == name]

    def _task_name(self, connection: Connection, number: int) -> str:
        name = self._task_names.get(number)
        if name is None:
            name = connection.scalar(select(tables.task.c.name).where(tables.task.c.id == number)) or ""
            if len(self._task_names) > _REMEMBERED:
                self._task_names.clear()
            self._task_names[number] = name
        return name

    def _add(
        self, connection: Connection, store: Store, windows: dict[Window, Touched], slot: int, now_ns: int
    ) -> None:
        rows = []
        for window, touched in sorted(windows.items()):
            if window in self._filled or self._is_filled(connection, window):
                rows.append((*window, slot, touched.spent))
            elif self.may_fill(window, now_ns):
                # The rollups of this booking are written, so they are in what fills the window.
                fill_window(connection, window.ref, self._by_ref[window.ref].budget, touched.period, slot)
            else:
                _hold_off_filling(connection)
        store.add(tables.budget_window, rows)

    def may_fill(self, window: Window, now_ns: int) -> bool:
        """Whether every worker knows the window's budget by now."""
        return now_ns >= self._by_ref[window.ref].born_at + GRACE_NS

    def unfilled(self, windows: Iterable[Window], now_ns: int) -> list[Window]:
        """Windows that may be filled and are not known to be."""
        return [window for window in windows if window not in self._filled and self.may_fill(window, now_ns)]

    def fill(self, connection: Connection, window: Window, period: Period) -> None:
        """Fill a window from the rollups unless somebody did."""
        if not self._is_filled(connection, window):
            fill_window(connection, window.ref, self._by_ref[window.ref].budget, period, 0)

    def _is_filled(self, connection: Connection, window: Window) -> bool:
        if _has_rows(connection, window):
            # Only a row of another, committed transaction is there for good; one of ours may be rolled back.
            return True
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _FILL_LOCK})
            return _has_rows(connection, window)
        return False

    def find_breaches(
        self, connection: Connection, windows: dict[Window, tuple[Period, Crossing]], now_ns: int
    ) -> None:
        """Record each threshold that a window reached and that no event names yet."""
        open_windows = [window for window in windows if not self._is_exhausted(window)]
        if not open_windows:
            return
        rows = []
        for window, spent in _sums_of(connection, open_windows):
            rows += self._breach_rows(window, spent, *windows[window], now_ns)
        # In key order: two writers that find the same events in another order would wait for each other.
        insert_missing(connection, tables.breach, sorted(rows, key=_event_key))

    def unrecorded(self, connection: Connection, windows: Iterable[Window]) -> list[Window]:
        """Windows that reached a threshold for which no event is known."""
        candidates = [window for window in windows if not self._is_exhausted(window)]
        if not candidates:
            return []
        return [
            window
            for window, spent in _sums_of(connection, candidates)
            if any(
                (window, threshold.percent) not in self._reached
                for threshold in crossed(self._by_ref[window.ref].budget, spent)
            )
        ]

    def _is_exhausted(self, window: Window) -> bool:
        thresholds = self._by_ref[window.ref].budget.thresholds
        return all((window, threshold.percent) in self._reached for threshold in thresholds)

    def _breach_rows(
        self, window: Window, spent: int, period: Period, cause: Crossing, now_ns: int
    ) -> list[dict[str, Any]]:
        budget = self._by_ref[window.ref].budget
        return [
            {
                "budget": budget.id,
                "period": budget.period,
                "period_start": period.start_ns,
                "period_end": period.end_ns,
                "percent": threshold.percent,
                "severity": threshold.severity,
                "at": now_ns,
                "spent": spent,
                "limit": budget.limit,
                "unit": budget.unit,
                "trace_id": cause.trace_id or None,
                "span_id": cause.span_id or None,
            }
            for threshold in crossed(budget, spent)
            if (window, threshold.percent) not in self._reached
        ]

    def remember(self, windows: Iterable[Window], reached: Iterable[tuple[Window, int]]) -> None:
        """Facts that other transactions committed, so that bookings need not ask again."""
        for facts in (self._filled, self._reached):
            if len(facts) > _REMEMBERED:
                facts.clear()
        self._filled.update(windows)
        self._reached.update(reached)


def _touch(
    windows: dict[Window, Touched], counters: dict[tuple[str, str, str], list[int]], ref: Ref, group: Spending
) -> None:
    budget = ref.budget
    added, taken = (
        (group.cost_nano_usd, group.reversed_cost_nano_usd)
        if budget.unit == "nano_usd"
        else (group.tokens, group.reversed_tokens)
    )
    if not added and not taken:
        return
    period = period_of(budget, group.quarter * QUARTER_NS)
    window = Window(ref.ref, period.start_ns)
    have = windows.get(window)
    cause = group.cause if group.cause.trace_id or have is None else have.cause
    windows[window] = Touched(added - taken + (have.spent if have else 0), period, cause)
    amounts = counters.setdefault((budget.id, budget.period, budget.unit), [0, 0])
    amounts[0] += added
    amounts[1] += taken


def _matches(budget: Budget, dimension: Dimension) -> bool:
    if dimension.is_list_equivalent and not budget.include_list_equivalent:
        return False
    call = dict(zip(_SCOPE_FIELDS, dimension.scope, strict=True))
    return all(field == "task" or call.get(field) == value for field, value in budget.scope.items())


def _hold_off_filling(connection: Connection) -> None:
    """Whoever fills a window waits until this booking, which leaves it out, is committed to the rollups."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _FILL_LOCK})


def _has_rows(connection: Connection, window: Window) -> bool:
    table = tables.budget_window
    where = (table.c.ref == window.ref, table.c.period_start == window.period_start)
    return connection.scalar(select(table.c.slot).where(*where).limit(1)) is not None


def _sums_of(connection: Connection, windows: Sequence[Window]) -> Iterator[tuple[Window, int]]:
    """What was spent in each window that has any rows; a year of calls in one request touches thousands."""
    table = tables.budget_window
    key = tuple_(table.c.ref, table.c.period_start)
    query = select(table.c.ref, table.c.period_start, func.sum(table.c.spent)).group_by(
        table.c.ref, table.c.period_start
    )
    for start in range(0, len(windows), _BATCH):
        batch = [tuple(window) for window in windows[start : start + _BATCH]]
        for ref, period_start, spent in connection.execute(query.where(key.in_(batch))):
            yield Window(ref, period_start), int(spent)


def _event_key(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["budget"], row["period_start"], row["percent"]
