"""`agent-exporter budgets`: every budget in its present period, and all about one."""

from __future__ import annotations

import json

import pytest

from exporter.budgets.definition import Budget, Threshold
from exporter.ledger.budget_booking import BudgetBooks
from exporter.ledger.budget_store import API, Change, budgets_in_force, create_budget, sync_file_budgets
from exporter.usage import Tokens
from exporter.views.budgets import budget_answer, budget_list
from support.entries import NOON, call
from support.ledgers import HOUR, Books
from support.terminal import WIDTH, run, run_at_terminal

USD = 10**9
PAYMENTS = Budget(
    id="payments-day", scope={"project": "payments"}, limit=1_000 * USD, unit="nano_usd", period="day", timezone="Asia/Kolkata",
)  # fmt: skip
RUNAWAY = Budget(
    id="runaway-hour", scope={"agent": "night-crawler"}, limit=5 * USD, unit="nano_usd", period="hour",
    thresholds=(Threshold(50, "info"), Threshold(100, "critical")),
)  # fmt: skip
TOKENS = Budget(id="tokens-month", limit=80_000_000, unit="tokens", period="month")
NOW = NOON + HOUR // 2


@pytest.fixture
def books(sqlite_url):
    books = Books(sqlite_url)
    yield books
    books.database.close()


@pytest.fixture
def budgets(books, sqlite_url):
    """One on its way over the limit, one over it, and one of tokens with nearly nothing spent."""
    with books.database.write() as connection:
        sync_file_budgets(connection, [PAYMENTS, RUNAWAY], NOON - HOUR)
        create_budget(connection, TOKENS, Change(API, NOON - HOUR))
        books.budgets = BudgetBooks(budgets_in_force(connection))
    books.book(call("t", "a", cost=750 * USD), at=NOW)
    books.book(call("u", "b", project="search", agent="night-crawler", cost=6 * USD, tokens=Tokens(9)), at=NOW)
    return sqlite_url


def test_json_is_the_list_of_the_view(books, budgets):
    with books.database.read() as connection:
        expected = {"data": budget_list(connection, NOW), "next_cursor": None}
    assert [one["id"] for one in expected["data"]] == ["payments-day", "runaway-hour", "tokens-month"]
    assert json.loads(run(budgets, "budgets", "--json", now=NOW).output) == expected


def test_json_of_one_is_the_answer_of_the_view(books, budgets):
    with books.database.read() as connection:
        expected = budget_answer(connection, "runaway-hour", NOW)
    assert expected["spent"] == 6 * USD
    assert json.loads(run(budgets, "budgets", "runaway-hour", "--json", now=NOW).output) == expected


def test_a_pipe_gets_one_line_for_each_budget_with_its_state(budgets):
    lines = run(budgets, "budgets", now=NOW).output.splitlines()
    assert [line.split() for line in lines] == [
        ["budget", "period", "spent", "limit", "used", "projected", "exhausted", "reached"],
        # 750 USD in the 18 hours since midnight in India: 1000 by the end, and not before it.
        ["payments-day", "day", "$750.00", "$1,000.00", "75.0%", "$1,000.00", "-", "70%", "info"],
        ["runaway-hour", "hour", "$6.00", "$5.00", "120%", "$12.00", "now", "100%", "critical"],
        # 129 tokens in 492.5 of 720 hours.
        ["tokens-month", "month", "129", "80M", "tokens", "0.0%", "189", "-", "-"],
    ]


def test_the_hour_at_which_a_limit_is_met_is_on_the_clock_of_the_budget(books, budgets):
    books.book(call("v", "c", cost=150 * USD), at=NOW)
    (line,) = [row for row in run(budgets, "budgets", now=NOW).output.splitlines() if row.startswith("payments-day")]
    # 900 USD in 18 hours: the limit is met after 20, at 20:00 in India.
    assert line.split()[4:] == ["90.0%", "$1,200.00", "20:00", "85%", "warning"]


def test_a_limit_that_is_met_on_another_day_has_a_date(books, sqlite_url):
    month = Budget(id="all-month", limit=1_000 * USD, unit="nano_usd", period="month")
    with books.database.write() as connection:
        sync_file_budgets(connection, [month], NOON)
    books.book(call("t", "a", cost=750 * USD), at=NOW)
    assert run(sqlite_url, "budgets", now=NOW).output.splitlines()[1].split()[-4:] == ["Nov", "28", "70%", "info"]
    # 750 USD in 492.5 hours: the limit is met after 656 hours and 40 minutes.
    assert "  exhausted  Nov 28 08:40\n" in run(sqlite_url, "budgets", "all-month", now=NOW).output


def test_a_limit_is_not_said_to_be_reached_before_it_is(books, budgets):
    books.book(call("v", "c", cost=250 * USD - 1), at=NOW)
    assert "  99.9%  " in run(budgets, "budgets", now=NOW).output


def test_a_terminal_shows_bars_within_a_hundred_columns(budgets):
    lines = run_at_terminal(budgets, "budgets", now=NOW)
    assert set(lines[1]) == {"─"}
    assert "████░░ 75.0%" in lines[2]
    assert "██████  120%" in lines[3]
    assert "█░░░░░  0.0%" in lines[4]
    assert max(map(len, lines)) <= WIDTH


def test_one_budget_is_shown_with_its_thresholds_and_crossings(budgets):
    text = run(budgets, "budgets", "runaway-hour", now=NOW).output
    facts = dict(line.strip().split("  ", 1) for line in text.splitlines()[1:10])
    assert {name: value.strip() for name, value in facts.items()} == {
        "scope": "agent=night-crawler",
        "period": "hour, Nov 21 12:00 to Nov 21 13:00 (UTC)",
        "limit": "$5.00",
        "spent": "$6.00",
        "overrun": "$1.00",
        "used": "120%",
        "projected": "$12.00 (over the limit)",
        "exhausted": "now",
        "owned by": "the configuration file",
    }
    rows = [line.split() for line in text.splitlines()[11:14]]
    assert rows == [
        ["threshold", "severity", "reached"],
        ["50%", "info", "Nov", "21", "12:30"],
        ["100%", "critical", "Nov", "21", "12:30"],
    ]
    crossing = text.splitlines()[-2].split()
    assert "2 crossings in the last 30 days:" in text
    assert crossing[6:10] == ["100%", "critical", "$6.00", "$5.00"]


def test_a_budget_without_crossings_says_so(budgets):
    lines = run_at_terminal(budgets, "budgets", "tokens-month", now=NOW)
    assert "No threshold was crossed in the last 30 days." in lines
    assert "  scope      everything" in lines
    assert "  owned by   the API" in lines


def test_without_budgets_there_is_a_budget_to_copy(books, sqlite_url):
    result = run(sqlite_url, "budgets", now=NOW)
    assert result.exit_code == 0
    assert "      limit: 1000 USD\n      period: month\n" in result.output
    assert json.loads(run(sqlite_url, "budgets", "--json", now=NOW).output) == {"data": [], "next_cursor": None}


def test_an_unknown_budget_is_one_line_that_names_those_there_are(budgets):
    result = run(budgets, "budgets", "payment-day", now=NOW)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == ("there is no budget 'payment-day'; there are payments-day, runaway-hour, tokens-month\n")
