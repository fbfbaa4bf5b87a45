"""Cumulative series in the ledger: how far their runs are booked, and two writers of one, on both databases."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from exporter.errors import Unavailable
from exporter.ledger.booking import Booking
from exporter.ledger.cumulative_runs import read_runs
from exporter.ledger.entry import Advance, Entry, Series
from exporter.ledger.progress import Ahead, progress_of
from exporter.usage import LLM, METRICS, REPORTED, Tokens, UsageRecord
from support.entries import NOON, SECOND, call
from support.ledgers import HOUR, Books

EARLY, LATE, OTHER = NOON - 60 * SECOND, NOON - 50 * SECOND, NOON - 30 * SECOND
MANY = 1_000


def point(name: str, *starts: int, after: int, seconds: int = 1, series: int = 7, **fields) -> Entry:
    entry = call(f"run{min(starts) % 97}", name, start=NOON, end=NOON + seconds * SECOND, **fields)
    return entry._replace(advance=Advance(Series(series, starts), after))


def booked(books, *starts: int, series: int = 7):
    with books.database.read() as connection:
        return progress_of(read_runs(connection, Series(series, starts)), starts)


def test_a_run_is_as_far_as_its_records_add_up_to(books):
    books.book(point("p1", EARLY, after=0, tokens=Tokens(100, 0, 0, 0, 20, 0), reported=7))
    books.book(point("p2", EARLY, after=1, tokens=Tokens(50, 5, 0, 0, 0, 0), reported=7, seconds=2))
    assert booked(books, EARLY) == (2, Tokens(150, 5, 0, 0, 20, 0), 14, NOON + 2 * SECOND)
    assert booked(books, LATE).points == booked(books, EARLY, series=8).points == 0


def test_starts_that_came_together_are_one_run_and_others_are_not(books):
    books.book(point("p1", EARLY, after=0, tokens=Tokens(10)))
    books.book(point("p2", LATE, after=0, tokens=Tokens(0, 20)))
    books.book(point("p3", OTHER, after=0, tokens=Tokens(40)))
    assert booked(books, LATE).tokens == Tokens(0, 20)
    books.book(point("p4", EARLY, LATE, after=2, tokens=Tokens(1, 2)))
    assert booked(books, EARLY) == booked(books, LATE) == booked(books, EARLY, LATE)
    assert booked(books, LATE).tokens == Tokens(11, 22)
    assert booked(books, OTHER).tokens == Tokens(40)


def test_two_writers_that_advance_a_run_from_the_same_point_do_not_both_count(books):
    books.book(point("p1", EARLY, after=0))
    with pytest.raises(Unavailable, match="same series"):
        books.book(point("p2", EARLY, after=0))
    assert books.charged() == {"p1"}
    books.book(point("p2", EARLY, after=1))
    assert books.charged() == {"p1", "p2"}


def test_a_writer_that_joins_runs_sees_what_another_booked_of_either(books):
    books.book(point("p1", EARLY, after=0))
    books.book(point("p2", LATE, after=0))
    with pytest.raises(Unavailable, match="same series"):
        books.book(point("p3", EARLY, LATE, after=1))
    assert books.charged() == {"p1", "p2"}


def test_a_sender_whose_starts_are_many_is_booked_all_the_same(books):
    starts = tuple(range(EARLY, EARLY + MANY))
    books.book(point("p1", *starts, after=0, tokens=Tokens(5)))
    books.book(point("p2", *starts, after=1, tokens=Tokens(6)))
    assert booked(books, starts[-1]).tokens == Tokens(11)


def test_three_writers_that_bring_the_pieces_of_a_run_at_once_count_each_kind_once(database_url):
    books, series = Books(database_url), 40
    meeting = threading.Barrier(3)
    failures: list[Exception] = []

    def send(slot: int) -> None:
        kinds = ((0,), (1,), (0, 1))[slot]
        tokens = Tokens(*(10 if kind in kinds else 0 for kind in range(2)))
        writer = books.writer(slot=slot)
        try:
            for number in range(series):
                meeting.wait(timeout=60)
                bring(writer, Series(number, tuple((EARLY, LATE)[kind] for kind in kinds)), tokens, f"{slot}{number}")
        except Exception as error:
            meeting.abort()
            failures.append(error)

    threads = [threading.Thread(target=send, args=(slot,)) for slot in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {booked(books, EARLY, LATE, series=number).tokens for number in range(series)} == {Tokens(10, 10)}
    assert [books.ledger()[name] for name in ("input_uncached", "cache_read")] == [10 * series, 10 * series]
    books.assert_proven()
    books.database.close()


def bring(writer: Booking, series: Series, tokens: Tokens, name: str) -> None:
    """As a worker does, and again as its sender does when another worker was faster."""
    while (advance := Ahead(writer.runs).add(series, record(tokens))) is not None:
        added, home, points = advance
        entry = call(f"{series.number}at{home % 97}", name, tokens=added.tokens)
        with suppress(Unavailable):
            writer.book([[entry._replace(advance=Advance(series, points))]], NOON + HOUR)
            return


def record(tokens: Tokens) -> UsageRecord:
    return UsageRecord(
        METRICS, "claude_code", "", LLM, "chat", b"", b"", NOON, NOON + SECOND, "anthropic", "", "claude", "",
        "claude", "cli", "", "", "", tokens, REPORTED,
    )  # fmt: skip
