"""`agent-exporter audit`: exit status 1 as soon as one sum differs from the ledger by one."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from exporter.budgets.definition import Budget
from exporter.ledger import tables
from exporter.ledger.audit import audit
from exporter.ledger.budget_booking import BudgetBooks
from exporter.ledger.budget_store import budgets_in_force, sync_file_budgets
from support.entries import NOON, call
from support.ledgers import Books
from support.terminal import WIDTH, run, run_at_terminal

PAYMENTS = Budget(id="payments-day", scope={"project": "payments"}, limit=10**12, unit="nano_usd", period="day")


@pytest.fixture
def books(sqlite_url):
    books = Books(sqlite_url)
    with books.database.write() as connection:
        sync_file_budgets(connection, [PAYMENTS], NOON)
        books.budgets = BudgetBooks(budgets_in_force(connection))
    books.book(call("t", "a", cost=1_000), call("t", "b", project="search", cost=None), call("u", "c", cost=30))
    yield books
    books.database.close()


def falsify(books, table, **values):
    with books.database.write() as connection:
        changed = connection.execute(update(table).where(table.c[next(iter(values))] > 0).values(values))
        assert changed.rowcount > 0


def test_equal_sums_are_status_0_with_what_was_compared(books, sqlite_url):
    with books.database.read() as connection:
        result = audit(connection)
    answer = run(sqlite_url, "audit", "--json")
    assert answer.exit_code == 0
    assert json.loads(answer.output) == {
        "ok": True,
        "rows": 3,
        "compared": dict(result.compared),
        "findings": [],
        "max_findings": 100,
    }
    assert all(result.compared[check] > 0 for check in ("totals", "calls", "components", "rollups", "budgets"))


def test_a_pipe_gets_a_line_for_each_check_and_the_verdict(books, sqlite_url):
    lines = run(sqlite_url, "audit").output.splitlines()
    assert [line.split()[0] for line in lines[:6]] == ["check", "totals", "calls", "components", "rollups", "budgets"]
    assert [line.split()[2] for line in lines[1:6]] == ["0"] * 5
    assert lines[-1].startswith("The totals equal the ledger: 3 rows, ")


def test_an_empty_ledger_is_equal_to_its_totals(sqlite_url):
    Books(sqlite_url).database.close()
    assert run(sqlite_url, "audit").output.splitlines()[-1] == "The ledger is empty, and so are the totals."


def test_a_total_that_somebody_changed_is_found_and_status_1(books, sqlite_url):
    falsify(books, tables.total, cost_nano_usd=tables.total.c.cost_nano_usd + 1)
    result = run(sqlite_url, "audit", "--json")
    assert result.exit_code == 1
    answer = json.loads(result.output)
    assert answer["ok"] is False
    found = next(finding for finding in answer["findings"] if finding["check"] == "totals")
    assert found["subject"]["project"] == "payments"
    assert (found["measure"], found["ledger"], found["shown"]) == ("cost_nano_usd", 1_030, 1_031)


@pytest.mark.parametrize(
    ("table", "values", "said"),
    [
        (tables.total, {"calls": 5}, "calls"),
        (tables.total, {"input_uncached": 7}, "totals"),
        (tables.rollup, {"cost_nano_usd": 1}, "day=2026-11-21"),
        (tables.budget_window, {"spent": 1}, "budget=payments-day, period_start=2026-11-21T00:00:00Z"),
    ],
)
def test_people_read_what_differs_by_how_much(books, sqlite_url, table, values, said):
    falsify(books, table, **values)
    result = run(sqlite_url, "audit")
    assert result.exit_code == 1
    assert said in result.output
    assert "The totals do not equal the ledger of 3 rows: " in result.output.splitlines()[-1]


def test_a_terminal_shows_the_difference_with_its_sign(books, sqlite_url):
    falsify(books, tables.budget_window, spent=1_020)
    lines = run_at_terminal(sqlite_url, "audit")
    (found,) = [line.split() for line in lines if "budget=payments-day" in line]
    assert (found[0], found[-4:]) == ("budgets", ["nano_usd", "1,030", "1,020", "-10"])
    assert lines[-1] == "The totals do not equal the ledger of 3 rows: 1 difference."
    assert max(map(len, lines)) <= WIDTH
