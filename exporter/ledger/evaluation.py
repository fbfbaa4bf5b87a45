"""The evaluator: threshold crossings that no single booking saw, because two writers shared them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, select, tuple_

from exporter.budgets.periods import Period
from exporter.ledger.budget_booking import NO_CAUSE, BudgetBooks, Window, period_of
from exporter.ledger.engine import Database
from exporter.ledger.tables import breach, budget_window


def evaluate_budgets(database: Database, books: BudgetBooks, now_ns: int) -> None:
    """Record the thresholds that the committed windows of the current periods reached."""
    if not books.budgets:
        return
    current = current_windows(books, now_ns)
    with database.read() as connection:
        remember_facts(connection, books, list(current))
    for window in books.unfilled(current, now_ns):
        # One short transaction each: filling reads a whole period of rollups.
        with database.write() as connection:
            books.fill(connection, window, current[window])
    _record_missing(database, books, current, now_ns)


def _record_missing(database: Database, books: BudgetBooks, windows: Mapping[Window, Period], now_ns: int) -> None:
    with database.read() as connection:
        missing = books.unrecorded(connection, windows)
    if missing:
        with database.write() as connection:
            books.find_breaches(connection, {key: (windows[key], NO_CAUSE) for key in missing}, now_ns)


def watch_windows(database: Database, books: BudgetBooks, now_ns: int) -> None:
    """Tell a worker's books what is committed, so that its bookings need not ask; check what they touched late."""
    if not books.budgets:
        return
    with database.read() as connection:
        remember_facts(connection, books, list(current_windows(books, now_ns)))
    touched = books.take_touched()
    if touched:
        _record_missing(database, books, touched, now_ns)


def remember_facts(connection: Connection, books: BudgetBooks, windows: list[Window]) -> None:
    table = budget_window
    key = tuple_(table.c.ref, table.c.period_start)
    found = connection.execute(
        select(table.c.ref, table.c.period_start).where(key.in_([tuple(window) for window in windows])).distinct()
    )
    filled = [Window(ref, start) for ref, start in found]
    starts = {window.period_start for window in windows}
    events = connection.execute(
        select(breach.c.budget, breach.c.period_start, breach.c.percent).where(breach.c.period_start.in_(starts))
    )
    refs = {ref.budget.id: ref.ref for ref in books.budgets}
    reached = [(Window(refs[name], start), percent) for name, start, percent in events if name in refs]
    books.remember(filled, reached)


def current_windows(books: BudgetBooks, now_ns: int) -> dict[Window, Period]:
    """The window of each budget that contains now."""
    periods = {ref.ref: period_of(ref.budget, now_ns) for ref in books.budgets}
    return {Window(ref, period.start_ns): period for ref, period in periods.items()}
