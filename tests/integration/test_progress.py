"""Cumulative series: what each point adds, whatever the order, on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.errors import Unavailable
from exporter.ledger import progress as progress_of
from exporter.ledger.progress import Progress, advance, beyond
from exporter.usage import LLM, METRICS, REPORTED, TTL_UNKNOWN, Tokens, UsageRecord
from support.entries import NOON, SECOND, call, trace_id

NOTHING = Progress(0, Tokens(), 0, 0)


def point(tokens: Tokens, *, end: int = NOON + SECOND, cost: int | None = None) -> UsageRecord:
    return UsageRecord(
        METRICS, "claude_code", "", LLM, "chat", b"", b"", NOON, end, "anthropic", "", "claude", "", "claude",
        "cli", "", "", "", tokens, REPORTED, cost_reported_nano_usd=cost,
    )  # fmt: skip


def test_the_first_point_counts_whole_and_a_later_one_what_it_has_more():
    first = point(Tokens(3, 0, 0, 0, 120, 0), cost=10)
    assert beyond(first, NOTHING) == first
    after = advance(NOTHING, first)
    later = beyond(point(Tokens(5, 7, 0, 0, 120, 0), end=NOON + 60 * SECOND, cost=25), after)
    assert later.tokens == Tokens(2, 7, 0, 0, 0, 0)
    assert later.cost_reported_nano_usd == 15
    assert (later.start_ns, later.end_ns) == (NOON + SECOND, NOON + 60 * SECOND)


def test_what_is_known_of_the_lifetimes_of_booked_writes_is_not_counted_again():
    point_of_all = replace(point(Tokens(0, 0, 900, 0, 0, 0)), flags=(TTL_UNKNOWN,))
    booked = Progress(1, Tokens(0, 0, 200, 600, 0, 0), 0, NOON)
    assert beyond(point_of_all, booked).tokens == Tokens(0, 0, 100, 0, 0, 0)


def test_a_point_that_is_repeated_or_came_late_adds_nothing():
    after = advance(NOTHING, point(Tokens(9)))
    assert beyond(point(Tokens(9)), after) is None
    assert beyond(point(Tokens(4)), after) is None


def test_progress_is_what_the_rows_of_the_series_add_up_to(books):
    for number, tokens in enumerate((Tokens(100, 0, 0, 0, 20, 0), Tokens(50, 5, 0, 0, 0, 0))):
        end = NOON + (number + 1) * SECOND
        books.book(call("series", f"p{number}", tokens=tokens, reported=7, start=NOON, end=end))
    with books.database.read() as connection:
        found = progress_of.read_progress(connection, trace_id("series"))
        assert found == Progress(2, Tokens(150, 5, 0, 0, 20, 0), 14, NOON + 2 * SECOND)
        assert progress_of.read_progress(connection, trace_id("unknown")) == NOTHING


def test_two_writers_that_advance_a_series_from_the_same_point_do_not_both_count(books):
    first = call("series", "p1", start=NOON)._replace(after_points=0)
    second = call("series", "p2", start=NOON)._replace(after_points=0)
    books.book(first)
    with pytest.raises(Unavailable, match="same series"):
        books.book(second)
    assert books.charged() == {"p1"}
    books.book(second._replace(after_points=1))
    assert books.charged() == {"p1", "p2"}
