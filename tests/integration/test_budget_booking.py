"""Budgets inside the booking: windows, counters that never reset, and one breach event for each crossing."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from exporter.budgets.definition import Budget
from exporter.ledger import late, tables
from exporter.ledger.budget_booking import BudgetBooks, Ref
from exporter.ledger.evaluation import evaluate_budgets
from exporter.usage import Tokens
from support.entries import NOON, SECOND, call
from support.ledgers import HOUR, Books

DAY = 24 * HOUR
PAYMENTS = Ref(1, Budget(id="payments-day", scope={"project": "payments"}, limit=1_000, unit="nano_usd", period="day"))
EVERYTHING = Ref(2, Budget(id="all-hour", limit=500, unit="tokens", period="hour"))
ONE_TASK = Ref(3, Budget(id="one-task", scope={"task": "T-1"}, limit=10_000, unit="nano_usd", period="month"))


@pytest.fixture
def books(database_url):
    books = Books(database_url, budgets=[PAYMENTS, EVERYTHING, ONE_TASK])
    yield books
    books.database.close()


def spent(books, ref, start=None):
    table = tables.budget_window
    query = select(table.c.period_start, table.c.spent).where(table.c.ref == ref.ref)
    with books.database.read() as connection:
        found: dict[int, int] = {}
        for period_start, amount in connection.execute(query):
            found[period_start] = found.get(period_start, 0) + amount
    return found if start is None else found.get(start)


def breaches(books):
    table = tables.breach
    with books.database.read() as connection:
        return sorted(tuple(row) for row in connection.execute(select(table.c.budget, table.c.percent)))


def ours(events):
    return [event for event in events if event[0] == "payments-day"]


def counters(books, ref):
    table = tables.budget_counter
    with books.database.read() as connection:
        rows = connection.execute(select(table.c.amount, table.c.adjustments).where(table.c.id == ref.budget.id))
        amounts = [tuple(row) for row in rows]
    return tuple(map(sum, zip(*amounts, strict=True))) if amounts else (0, 0)


def test_a_call_moves_the_budgets_whose_scope_it_is_in(books):
    books.book(call("t", "a", cost=100), call("t", "b", project="search", cost=900))
    assert spent(books, PAYMENTS) == {NOON - 12 * HOUR: 100}
    assert spent(books, EVERYTHING) == {NOON: 240}
    assert spent(books, ONE_TASK) == {}


def test_a_task_budget_counts_its_task_only(books):
    books.book(call("t", "a", task="T-1", cost=7), call("t", "b", task="T-2", cost=9), call("t", "c", cost=11))
    assert set(spent(books, ONE_TASK).values()) == {7}


def test_each_threshold_is_one_event_for_each_period(books):
    books.book(call("t", "a", cost=700))
    assert ours(breaches(books)) == [("payments-day", 70)]
    books.book(call("t", "b", cost=400))
    books.book(call("t", "c", cost=400))
    assert ours(breaches(books)) == [("payments-day", 70), ("payments-day", 85), ("payments-day", 100)]
    tomorrow = NOON + DAY
    books.book(call("u", "d", cost=700, start=tomorrow, end=tomorrow + SECOND), at=tomorrow + HOUR)
    assert breaches(books).count(("payments-day", 70)) == 2


def test_an_event_names_the_call_that_crossed(books):
    books.book(call("t", "a", cost=700))
    with books.database.read() as connection:
        row = connection.execute(select(tables.breach)).one()
    assert bytes(row.trace_id).endswith(b"t")
    assert bytes(row.span_id).endswith(b"a")
    assert (row.spent, row.limit, row.unit, row.severity) == (700, 1_000, "nano_usd", "info")
    assert (row.period_start, row.period_end) == (NOON - 12 * HOUR, NOON + 12 * HOUR)


def test_a_late_call_counts_in_the_period_it_started_in(books):
    yesterday = NOON - DAY
    books.book(call("t", "a", cost=50, start=yesterday, end=yesterday + SECOND))
    books.book(call("t", "b", cost=60))
    assert spent(books, PAYMENTS) == {yesterday - 12 * HOUR: 50, NOON - 12 * HOUR: 60}


def test_a_reversal_lowers_the_window_and_raises_the_adjustments(books):
    books.book(call("t", "agent", kind="agent", cost=600), at=NOON)
    late.charge_due(books.booking, NOON + HOUR)
    books.book(call("t", "c", "agent", cost=500))
    assert set(spent(books, PAYMENTS).values()) == {500}
    assert counters(books, PAYMENTS) == (1_100, 600)


def test_an_unpriced_call_spends_tokens_and_no_money(books):
    books.book(call("t", "a", cost=None, tokens=Tokens(400, 0, 0, 0, 25, 0)))
    assert spent(books, PAYMENTS) == {}
    assert set(spent(books, EVERYTHING).values()) == {425}
    assert breaches(books) == [("all-hour", 70), ("all-hour", 85)]


def test_a_budget_made_today_knows_its_whole_period_and_its_counter_starts_at_zero(database_url):
    books = Books(database_url)
    books.book(call("t", "a", cost=300), call("t", "b", task="T-1", cost=40))
    books.budgets = BudgetBooks([PAYMENTS, ONE_TASK])
    books.book(call("t", "c", cost=5))
    assert set(spent(books, PAYMENTS).values()) == {345}
    assert counters(books, PAYMENTS) == (5, 0)
    books.book(call("t", "d", task="T-1", cost=2))
    assert set(spent(books, ONE_TASK).values()) == {42}
    books.database.close()


def test_a_crossing_shared_by_two_writers_is_one_event(books):
    writers = [books.writer(slot=slot) for slot in range(2)]

    def send(writer, name):
        for n in range(10):
            writer.book([[call(f"{name}{n}", "c", cost=60)]], NOON + HOUR)

    threads = [threading.Thread(target=send, args=(writer, f"w{n}")) for n, writer in enumerate(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    evaluate_budgets(books.database, books.budgets, NOON + HOUR)
    assert set(spent(books, PAYMENTS).values()) == {1_200}
    assert ours(breaches(books)) == [
        ("payments-day", 70),
        ("payments-day", 85),
        ("payments-day", 100),
    ]
    books.assert_balanced()


def test_a_budget_that_not_every_worker_knows_yet_is_filled_when_all_do(books):
    """What is booked without the budget in its first seconds is in the rollups, and the window must have it."""
    young = PAYMENTS._replace(born_at=NOON + HOUR)
    ignorant, books.budgets = BudgetBooks([]), BudgetBooks([young])
    books.book(call("t", "a", cost=300), at=NOON + HOUR)
    assert spent(books, PAYMENTS) == {}
    books.budgets, knowing = ignorant, books.budgets
    books.book(call("t", "b", cost=500), at=NOON + HOUR + SECOND)
    books.budgets = knowing
    evaluate_budgets(books.database, knowing, NOON + HOUR + 6 * SECOND)
    assert set(spent(books, PAYMENTS).values()) == {800}
    assert ours(breaches(books)) == [("payments-day", 70)]
