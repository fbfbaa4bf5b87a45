"""Rule R6 through the booking, on both databases: what a source says in several signals is charged once."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

from sqlalchemy import select

from exporter.ledger import late, outranking, tables
from support.entries import NOON, bare, call, sent_as
from support.ledgers import HOUR

CLI = 77


def session(source: int = CLI):
    """Two calls of a session: as records, as spans under a turn, and as points of a metric."""
    return [
        sent_as("log", source, call(f"l1-{source}", f"l1-{source}", cost=100)),
        sent_as("log", source, call(f"l2-{source}", f"l2-{source}", cost=100)),
        bare(f"t{source}", f"turn{source}", "agent"),
        sent_as("span", source, call(f"t{source}", f"s1-{source}", f"turn{source}", cost=101)),
        sent_as("span", source, call(f"t{source}", f"s2-{source}", f"turn{source}", cost=101)),
        sent_as("metric", source, call(f"m-{source}", f"m-{source}", cost=205)),
    ]


def settle(books, *, hours: int = 2):
    outranking.settle_sources(books.booking, NOON + hours * HOUR)
    late.charge_due(books.booking, NOON + hours * HOUR)


def test_the_best_signal_is_charged_and_the_others_say_why_not(books):
    books.book(*session())
    settle(books)
    rows = {name: billing[:2] for name, billing in books.rows().items()}
    superseded = ("superseded", "signal")
    assert rows == {
        "l1-77": ("charged", None), "l2-77": ("charged", None),
        "s1-77": superseded, "s2-77": superseded, "m-77": superseded,
    }  # fmt: skip


def test_every_order_of_the_signals_ends_alike(books):
    for number, order in enumerate(permutations(range(6), 6)):
        if number % 20:
            continue
        entries = session(number)
        for position in order:
            books.book(entries[position])
            if number % 3 == 0:
                settle(books)
        settle(books)
        assert {f"l1-{number}", f"l2-{number}"} == {name for name in books.charged() if name.endswith(f"-{number}")}


def test_why_a_turn_is_not_charged_does_not_depend_on_what_came_first(books):
    for number, order in enumerate(permutations(range(3))):
        trace = f"t{number}"
        entries = [
            sent_as("log", number, call(f"l{number}", f"log{number}", cost=100)),
            sent_as("span", number, call(trace, f"turn{number}", kind="agent", cost=101)),
            sent_as("span", number, call(trace, f"call{number}", f"turn{number}", cost=101)),
        ]
        for position in order:
            books.book(entries[position])
            settle(books)
    reasons = {(name[:4], *billing[:2]) for name, billing in books.rows().items() if not name.startswith("log")}
    assert reasons == {("turn", "superseded", "aggregate"), ("call", "superseded", "signal")}


def test_a_signal_that_may_be_outranked_waits(books):
    books.book(*session()[3:5])
    assert {billing for billing, _, _ in books.rows().values()} == {"pending"}
    settle(books)
    assert books.charged() == {"s1-77", "s2-77"}


def test_what_was_charged_before_a_better_signal_came_is_reversed_exactly(books):
    books.book(*session()[2:])
    settle(books)
    assert books.net()["cost_nano_usd"] == 202
    books.book(*session()[:2])
    settle(books, hours=3)
    assert books.net()["cost_nano_usd"] == 200
    assert books.sums(tables.adjustment)["cost_nano_usd"] == 202
    with books.database.read() as connection:
        assert connection.scalar(select(tables.source.c.unsettled)) == 0


def test_a_signal_speaks_for_the_wider_sources_that_it_names(books):
    metrics = [sent_as("metric", number, call(f"m-{number}", f"m-{number}", cost=205)) for number in (1, 2, 3)]
    books.book(metrics[0])
    settle(books)
    log, *_ = session(10)
    books.book(log._replace(usage=replace(log.usage, speaks_for=(1, 2))))
    books.book(metrics[1], metrics[2])
    settle(books, hours=3)
    assert books.charged() == {"l1-10", "m-3"}


def test_sources_do_not_speak_for_one_another(books):
    books.book(*session(1)[:2], *session(2)[3:5], *session(3)[5:])
    settle(books)
    assert books.charged() == {"l1-1", "l2-1", "s1-2", "s2-2", "m-3"}


def test_a_record_without_usage_outranks_nothing(books):
    books.book(sent_as("log", CLI, call("l", "l", tokens=(0,) * 6, cost=None)), *session()[3:5])
    settle(books)
    assert books.charged() == {"s1-77", "s2-77"}


def test_a_signal_and_its_call_in_another_trace_are_one_call(books):
    for number, (first, second) in enumerate([(0, 1), (1, 0)]):
        key = f"req_{number}{'a1' * 10}"
        pair = [
            sent_as("log", number, call(f"l{number}", f"log{number}", key=key, cost=100)),
            sent_as("span", number, call(f"s{number}", f"span{number}", key=key, cost=100)),
        ]
        books.book(pair[first])
        books.book(pair[second])
        settle(books)
    assert books.charged() == {"log0", "log1"}


def test_writers_that_bring_different_signals_at_once_leave_one_charge(books):
    orders = random.Random(3)
    for number in range(30):
        entries = session(number)
        orders.shuffle(entries)
        for entry in entries:
            books.book(entry)
    settle(books)
    settle(books)
    assert books.net()["cost_nano_usd"] == 30 * 200
