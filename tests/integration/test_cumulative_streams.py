"""Cumulative streams in the ledger: how far they are booked, and several writers of one, on both databases."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest

from exporter.dialects.cumulative import Count, Move
from exporter.errors import Unavailable
from exporter.ledger import stores
from exporter.ledger.booking import Booking
from exporter.ledger.entry import Advance, Entry
from exporter.usage import Tokens
from support.entries import NOON, SECOND, call
from support.ledgers import HOUR, Books
from support.threads import at_once

INPUT, OUTPUT = b"input".rjust(16, b"\1"), b"output".rjust(16, b"\1")


def point(trace: str, name: str, *moves: Move, series: int = 7, **fields) -> Entry:
    return call(trace, name, **fields)._replace(advance=Advance(series, moves))


def test_a_stream_is_as_far_as_its_records_brought_it(books):
    books.book(point("t", "p1", Move(INPUT, 0, 3), Move(OUTPUT, 0, 5 * 10**21 + 1)))
    books.book(point("u", "p2", Move(INPUT, 3, 9), end=NOON + 60 * SECOND))
    unknown = b"unknown".rjust(16, b"\1")
    assert books.booking.counts([INPUT, OUTPUT, unknown]) == {
        INPUT: Count(9, NOON + 60 * SECOND), OUTPUT: Count(5 * 10**21 + 1, NOON + SECOND), unknown: Count(),
    }  # fmt: skip


def test_records_of_one_booking_follow_each_other(books):
    books.book(point("t", "p1", Move(INPUT, 0, 3)), point("t", "p2", Move(INPUT, 3, 4)))
    assert books.booking.counts([INPUT])[INPUT].nano == 4


def test_a_writer_that_worked_out_what_another_booked_meanwhile_books_nothing(books):
    books.book(point("t", "p1", Move(INPUT, 0, 3)))
    with pytest.raises(Unavailable, match="same series"):
        books.book(point("u", "p2", Move(INPUT, 0, 4), Move(OUTPUT, 0, 4)))
    assert books.charged() == {"p1"}
    assert books.booking.counts([OUTPUT])[OUTPUT] == Count()
    books.book(point("u", "p2", Move(INPUT, 3, 4)))
    assert books.charged() == {"p1", "p2"}


def test_a_series_with_more_records_than_locks_is_booked_whole_or_not_at_all(database_url, monkeypatch):
    monkeypatch.setattr("exporter.ledger.booking.MOST_LOCKS", 10)
    monkeypatch.setattr(stores, "MOST_LOCKS", 10)
    books = Books(database_url)
    many = [point("t", f"p{n}", Move(INPUT, n, n + 1)) for n in range(50)]
    books.book(*many, *(call(f"o{n}", f"c{n}") for n in range(20)))
    assert books.booking.counts([INPUT])[INPUT].nano == 50
    assert len(books.charged()) == 70
    books.assert_proven()
    books.database.close()


def test_three_writers_that_bring_the_kinds_of_a_series_at_once_count_each_once(database_url):
    books, series = Books(database_url), 40
    meeting = threading.Barrier(3)

    def send(slot: int) -> None:
        writer = books.writer(slot=slot)
        try:
            for number in range(series):
                meeting.wait(timeout=60)
                bring(writer, number, (("in",), ("out",), ("in", "out"))[slot], f"{slot}{number}")
        except Exception:
            meeting.abort()
            raise

    assert at_once(send, 3) == []
    assert [books.ledger()[name] for name in ("input_uncached", "output_visible")] == [10 * series, 10 * series]
    books.assert_proven()
    books.database.close()


def bring(writer: Booking, number: int, kinds: tuple[str, ...], name: str) -> None:
    """As a worker does, and again as its sender does when another worker was faster."""
    streams = {kind: f"{kind}{number}".encode().rjust(16, b"\1") for kind in kinds}
    while True:
        booked = writer.counts(streams.values())
        moves = {kind: Move(stream, 0, 10) for kind, stream in streams.items() if not booked[stream].nano}
        if not moves:
            return
        tokens = Tokens(10 if "in" in moves else 0, 0, 0, 0, 10 if "out" in moves else 0, 0)
        with suppress(Unavailable):
            entry = point(f"{name}t", name, *moves.values(), series=number, tokens=tokens)
            writer.book([[entry]], NOON + HOUR)
            return
