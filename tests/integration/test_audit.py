"""The audit: silent while every sum equals the ledger, and exact about each one that does not."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import delete, select, update

from exporter.budgets.definition import Budget
from exporter.ledger import late, tables
from exporter.ledger.audit import MAX_FINDINGS, audit
from exporter.ledger.budget_booking import BudgetBooks
from exporter.ledger.budget_store import budgets_in_force, sync_file_budgets
from exporter.ledger.message_booking import MessageBooking
from exporter.usage import Tokens
from support.entries import NOON, SECOND, bare, call
from support.ledgers import HOUR, Books
from support.messages import message

BUDGETS = (
    Budget(id="payments-day", scope={"project": "payments"}, limit=10**6, unit="nano_usd", period="day"),
    Budget(id="all-hour", limit=10**6, unit="tokens", period="hour"),
    Budget(id="task", scope={"task": "T-1"}, limit=10**6, unit="nano_usd", period="month"),
    Budget(id="task-agent", scope={"task": "T-1", "agent": "coder"}, limit=10**6, unit="nano_usd", period="week"),
)


@pytest.fixture
def books(database_url):
    books = Books(database_url)
    with books.database.write() as connection:
        sync_file_budgets(connection, BUDGETS, NOON)
        books.budgets = BudgetBooks(budgets_in_force(connection))
    yield books
    books.database.close()


def judge(books):
    with books.database.read() as connection:
        return audit(connection)


def book_a_life(books):
    """Fresh calls, resends, better copies, late children, silent calls, unpriced ones, over four days."""
    generator = random.Random(3)
    for number in range(30):
        at = NOON - generator.randrange(96) * HOUR
        agent, task = generator.choice(("planner", "coder")), generator.choice(("", "T-1", "T-2"))
        cost = generator.choice((None, 5, 70))
        known = {"start": at, "end": at + SECOND, "agent": agent, "task": task}
        trace = f"t{number}"
        books.book(bare(trace, "root", "agent"), call(trace, "c", "root", cost=cost, **known))
        if number % 3 == 0:
            books.book(call(trace, "c", "root", cost=9, **{**known, "tokens": Tokens(60, 40, 0, 0, 20, 0)}))
        if number % 4 == 0:
            books.book(call(trace, "parent", kind="agent", **known))
            books.book(call(trace, "late", "parent", **known))
        if number % 5 == 0:
            books.book(call(trace, "silent", "root", tokens=Tokens(), cost=None, start=at, end=at))
    late.charge_due(books.booking, NOON + 3 * HOUR)


def test_an_empty_ledger_is_in_order(books):
    result = judge(books)
    assert (result.ok, result.rows) == (True, 0)


def test_every_sum_of_a_lively_ledger_equals_its_rows(books):
    book_a_life(books)
    MessageBooking(books.database, series_limit=10_000).book([message(1), message(2)], {}, NOON)
    result = judge(books)
    assert result.findings == ()
    assert result.rows == books.ledger()["calls"]
    assert list(result.compared) == ["totals", "calls", "components", "rollups", "budgets", "messages", "quality"]
    assert all(result.compared.values())


@pytest.mark.parametrize(
    ("table", "column", "check", "measure"),
    [
        (tables.total, "cost_nano_usd", "totals", "cost_nano_usd"),
        (tables.total, "reasoning", "totals", "reasoning"),
        (tables.total, "calls", "calls", "calls"),
        (tables.total, "cost_other", "components", "cost_nano_usd"),
        (tables.adjustment, "cache_read", "totals", "cache_read"),
        (tables.rollup, "output_visible", "rollups", "output_visible"),
        (tables.rollup, "calls", "rollups", "calls"),
        (tables.budget_window, "spent", "budgets", "nano_usd"),
    ],
)
def test_a_sum_that_is_off_by_one_is_found_and_named(books, table, column, check, measure):
    book_a_life(books)
    with books.database.write() as connection:
        key = connection.execute(select(*table.primary_key.columns).order_by(*table.primary_key.columns)).first()
        where = [part == value for part, value in zip(table.primary_key.columns, key, strict=True)]
        connection.execute(update(table).where(*where).values({column: table.c[column] + 1}))
    result = judge(books)
    assert not result.ok
    assert (check, measure) in {(finding.check, finding.measure) for finding in result.findings}
    (finding,) = [f for f in result.findings if f.check == check]
    assert abs(finding.shown - finding.ledger) == 1
    assert measure in str(finding)


def test_a_lost_row_is_missed_by_every_sum_that_counted_it(books):
    books.book(call("a", "1", cost=5, task="T-1", agent="coder"))
    with books.database.write() as connection:
        connection.execute(delete(tables.usage))
    checks = {finding.check for finding in judge(books).findings}
    assert checks == {"totals", "calls", "rollups", "budgets"}


def test_many_differences_are_cut_short(books):
    books.book(*(call(f"t{number}", "c", agent=f"a{number}") for number in range(MAX_FINDINGS)))
    with books.database.write() as connection:
        connection.execute(delete(tables.total))
    result = judge(books)
    assert not result.ok
    assert len(result.findings) == MAX_FINDINGS
