"""Numbered sessions: events that did not come, and sessions with tools and no model call."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.numbering import (
    MISSING_EVENTS,
    SESSIONS,
    SILENT_SESSIONS,
    Came,
    SessionKey,
    find_numbering_gaps,
    forget_sessions,
    merge,
    missing_between,
    note_events,
)
from exporter.ledger.quality_tables import numbered_session
from support.entries import NOON, SECOND
from support.ledgers import HOUR, Books

SCOPE = "com.anthropic.claude_code.events"
LATER = NOON + 61 * SECOND


@pytest.fixture
def books(database_url):
    books = Books(database_url)
    yield books
    books.database.close()


def note(books, *numbers, session="s1", service="claude-code", tools=False, calls=True, at=NOON):
    note_events(books.database, {SessionKey(SCOPE, service, session): Came(set(numbers), tools, calls)}, at)


def found(books, at=LATER):
    with books.database.read() as connection:
        gaps = find_numbering_gaps(connection, at)
    return {service: tuple(gaps[name].get((service,), 0) for name in (MISSING_EVENTS, SESSIONS, SILENT_SESSIONS))
            for (service,) in gaps[SESSIONS]}  # fmt: skip


# --------------------------------------------------------------------------------------------- what came
@given(st.lists(st.sets(st.integers(0, 40)), max_size=8), st.randoms())
def test_what_came_is_a_set_whatever_the_order_and_the_batches(batches, dice):
    ranges = []
    for batch in dice.sample([*batches, *batches], 2 * len(batches)):
        ranges = merge(ranges, batch)
    every = set().union(*batches)
    assert sorted(n for first, last in ranges for n in range(first, last + 1)) == sorted(every)
    assert missing_between(ranges) == (max(every) - min(every) + 1 - len(every) if every else 0)


def test_holes_are_bounded_and_the_newest_are_kept():
    ranges = merge([], range(0, 1000, 2))
    assert len(ranges) == 100
    assert ranges[-1] == (998, 998)
    assert missing_between(ranges) == 99


# ------------------------------------------------------------------------------------------------ sessions
def test_a_number_that_did_not_come_is_missing_until_it_comes(books):
    note(books, 0, 1, 2, 5)
    assert found(books) == {"claude-code": (2, 1, 0)}
    note(books, 4, at=NOON + SECOND)
    note(books, 3, 3, 5, at=NOON + SECOND)
    assert found(books, LATER + SECOND) == {"claude-code": (0, 1, 0)}


def test_sessions_and_services_are_told_apart(books):
    note(books, 0, 2)
    note(books, 1, session="s2")
    note(books, 0, 9, session="s1", service="reviewer")
    assert found(books) == {"claude-code": (1, 2, 0), "reviewer": (8, 1, 0)}


def test_a_session_is_judged_when_nothing_came_for_a_minute_and_forgotten_after_an_hour(books):
    note(books, 0, 2)
    assert found(books, NOON + 59 * SECOND) == {}
    assert found(books, NOON + HOUR - SECOND) == {"claude-code": (1, 1, 0)}
    assert found(books, NOON + HOUR) == {}


def test_a_session_with_tools_and_no_call_is_silent_until_a_call_comes(books):
    note(books, 0, 1, tools=True, calls=False)
    note(books, 0, session="s2", calls=False)
    assert found(books) == {"claude-code": (0, 2, 1)}
    note(books, 2, calls=True, at=NOON + SECOND)
    assert found(books, LATER + SECOND) == {"claude-code": (0, 2, 0)}


def test_a_session_of_which_nothing_came_for_a_day_is_dropped(books):
    note(books, 0)
    note(books, 0, session="s2", at=NOON + 2 * HOUR)
    with books.database.write() as connection:
        forget_sessions(connection, NOON + 25 * HOUR)
    assert books.count(numbered_session) == 1


def test_writers_of_the_same_sessions_lose_nothing(books):
    numbers = list(range(60))
    random.Random(5).shuffle(numbers)

    def write(part):
        for number in part:
            sessions = {SessionKey(SCOPE, "claude-code", f"s{n}"): Came({number}, False, True) for n in (number % 2, 2)}
            note_events(books.database, sessions, NOON)

    threads = [threading.Thread(target=write, args=(numbers[part::3],)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Two sessions have every other number each, one has all.
    assert found(books) == {"claude-code": (58, 3, 0)}
