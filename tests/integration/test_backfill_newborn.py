"""What is too young for a scrape to show has no past: it would fall where the past and the scrapes meet."""

from __future__ import annotations

from exporter.budgets.definition import Budget
from exporter.ledger.budget_booking import GRACE_NS, BudgetBooks
from exporter.ledger.budget_store import Change, budgets_in_force, create_budget
from exporter.views.history_rows import Grid
from exporter.views.metrics import MetricReader
from support.entries import NOON, SECOND, call
from support.history import tell_past, told_at
from support.ledgers import HOUR, Books

GRID = Grid(NOON - 24 * HOUR, NOON, 180 * SECOND)
BUDGET = Budget(id="day", limit=1_000, unit="nano_usd", period="day")


def test_a_series_a_counter_and_an_event_of_the_last_minute_show_0_in_both(sqlite_url):
    books = Books(sqlite_url)
    made_at = NOON - 50 * SECOND
    books.book(call("t", "c", agent="old", cost=900, start=NOON - HOUR, end=NOON - HOUR), at=NOON - HOUR)
    with books.database.write() as connection:
        create_budget(connection, BUDGET, Change("test", made_at))
        books.budgets = BudgetBooks(budgets_in_force(connection))
    late = made_at + GRACE_NS
    books.book(call("u", "c", agent="young", cost=700, start=NOON - 2 * HOUR, end=NOON - HOUR), at=late)
    books.book(call("v", "c", agent="old", cost=70, start=NOON - 2 * HOUR, end=NOON - HOUR), at=late)
    told = told_at(tell_past(books, GRID), GRID.last)
    with books.database.read() as connection:
        points = MetricReader().read(connection, NOON)
    shown = {
        (feed, labels): value
        for feed, found in points.items()
        for labels, value in zip(found.labels, found.values, strict=True)
    }
    assert told == {key: value for key, value in shown.items() if key[0] in {feed for feed, _ in told}}
    assert sorted(value for (feed, _), value in told.items() if feed == "cost") == [0, 970]
    assert told[("budget_cost", ("day", "day"))] == 0
    assert told[("budget_breaches", ("day", "day", "100"))] == 0
    assert told[("budget_spent_usd", ("day", "day"))] == 1_670
    books.database.close()
