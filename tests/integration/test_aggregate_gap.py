"""The aggregate gap: what agents say beyond the calls below them, as a diagnostic and never as money."""

from __future__ import annotations

import pytest

from exporter.jobs import Duties, make_jobs
from exporter.ledger.aggregate_gap import AGGREGATE_GAP, AGGREGATE_TOLD
from exporter.ledger.jobs import last_runs, record_run
from exporter.usage import Tokens
from exporter.views.metrics import MetricReader
from support.entries import NOON, SECOND, bare, call
from support.ledgers import HOUR, Books

NOW = NOON + HOUR
LATER = NOW + 180 * SECOND


@pytest.fixture
def books(database_url):
    books = Books(database_url)
    look(books, NOON)
    yield books
    books.assert_proven()
    books.database.close()


def look(books, at):
    """Run the scheduled job as the scheduler does."""
    duties = Duties(
        database=books.database, booking=books.booking, runtime=lambda: None, run_alone=lambda job: job(), push=None
    )
    jobs = make_jobs(duties, settle_horizon_ns=HOUR, audit_interval_ns=None, push_interval_ns=HOUR)
    (job,) = [one for one in jobs if one.name == "aggregate_gap"]
    outcome = job.run(at)
    with books.database.write() as connection:
        record_run(connection, job.name, at, success=outcome.success, value=outcome.value)
        assert last_runs(connection)[job.name] > at - job.every_ns
    return outcome


def shown(books, at=LATER):
    """Gap and what was told, by agent."""
    with books.database.read() as connection:
        points = MetricReader().read(connection, at)
    gaps, told = (
        dict(zip(points[name].labels, points[name].values, strict=True)) for name in (AGGREGATE_GAP, AGGREGATE_TOLD)
    )
    assert gaps.keys() == told.keys()
    return {agent: (gaps[("fleet", agent)], told[("fleet", agent)]) for _, agent in gaps}


def agent(trace, name="root", parent=None, *, says, **usage):
    return call(trace, name, parent, kind="agent", tokens=Tokens(says), agent="planner", **usage)


def test_what_an_agent_says_beyond_its_calls_is_the_gap(books):
    books.book(agent("t", says=500), call("t", "a", "root"), call("t", "b", "root"), at=NOW)
    look(books, LATER)
    assert shown(books) == {"planner": (500 - 240, 500)}
    assert books.ledger()["calls"] == 2


def test_an_agent_that_adds_up_has_no_gap_and_one_that_says_less_neither(books):
    books.book(agent("t", says=120), call("t", "a", "root"), at=NOW)
    books.book(agent("u", says=20), call("u", "a", "root"), at=NOW)
    look(books, LATER)
    assert shown(books) == {"planner": (0, 140)}


def test_calls_are_found_through_whatever_lies_between(books):
    books.book(agent("t", says=300), bare("t", "tool", "tool", "root"), call("t", "a", "tool"), at=NOW)
    look(books, LATER)
    assert shown(books) == {"planner": (180, 300)}


def test_rows_are_looked_at_once_and_when_they_have_settled(books):
    books.book(agent("t", says=500), call("t", "a", "root"), at=NOW)
    look(books, NOW + 10 * SECOND)
    assert shown(books) == {}
    for turn in range(3):
        look(books, LATER + turn * SECOND)
    assert shown(books) == {"planner": (380, 500)}


def test_gaps_of_an_hour_are_added_up_and_then_forgotten(books):
    for minute in (0, 20, 40):
        books.book(agent(f"t{minute}", says=500), call(f"t{minute}", "a", "root"), at=NOW + minute * 60 * SECOND)
        look(books, NOW + minute * 60 * SECOND + 180 * SECOND)
    assert shown(books) == {"planner": (3 * 380, 1500)}
    look(books, NOW + 2 * HOUR)
    assert shown(books) == {}


def test_an_agent_that_is_charged_itself_has_no_gap(books):
    books.book(agent("t", says=500), bare("t", "tool", "tool", "root"), at=NOW)
    look(books, LATER)
    assert shown(books) == {}


def test_what_was_booked_before_anybody_asked_is_history(database_url):
    books = Books(database_url)
    books.book(agent("t", says=500), call("t", "a", "root"), at=NOW)
    assert look(books, LATER).value == 2
    look(books, LATER + SECOND)
    assert shown(books) == {}
    books.database.close()


def test_a_circle_of_parents_ends(books):
    books.book(agent("t", "a", "b", says=500), agent("t", "b", "a", says=500), call("t", "c", "a"), at=NOW)
    look(books, LATER)
    assert shown(books)["planner"][1] == 1000
