"""Metrics of calls that were really booked: they add up to the ledger, and no counter ever falls."""

from __future__ import annotations

import random

import pytest

from exporter.telemetry.catalog import CATALOG
from exporter.telemetry.family import COUNTER, HISTOGRAM
from exporter.usage import TOKEN_CLASSES, Tokens
from exporter.views.metrics import MetricReader
from support.entries import NOON, SECOND, call
from support.ledgers import HOUR, Books

LATER = NOON + 2 * HOUR
COUNTERS = [family for family in CATALOG if family.kind in {COUNTER, HISTOGRAM} and family.feed]


def read(books, at=LATER):
    with books.database.read() as connection:
        return MetricReader().read(connection, at)


def total(points):
    return sum(points.values)


def random_call(dice, number):
    tokens = Tokens(*(dice.randrange(1000) for _ in TOKEN_CLASSES)) if dice.random() < 0.9 else Tokens()
    is_priced = any(tokens) and dice.random() < 0.8
    return call(
        f"t{number}",
        "c",
        project=f"p{dice.randrange(6)}",
        agent=f"a{dice.randrange(9)}",
        model=f"m{dice.randrange(40)}",
        tokens=tokens,
        cost=dice.randrange(1, 10**10) if is_priced else None,
        error_type=dice.choice(["", "", "", "timeout", f"e{dice.randrange(30)}"]),
        end=NOON + dice.randrange(100 * SECOND),
    )


def assert_equal_to_the_ledger(points, books):
    ledger = books.ledger()
    assert total(points["cost"]) - total(points["cost_adjustments"]) == ledger["cost_nano_usd"]
    assert total(points["calls"]) - total(points["calls_adjustments"]) == ledger["calls"]
    assert total(points["component"]) == total(points["cost"])
    for token_class in TOKEN_CLASSES:
        net = sum(
            sign * value
            for feed, sign in (("tokens", 1), ("tokens_adjustments", -1))
            for labels, value in zip(points[feed].labels, points[feed].values, strict=True)
            if labels[-1] == token_class
        )
        assert net == ledger[token_class], token_class


@pytest.mark.parametrize("series_limit", [10_000, 60])
def test_what_is_shown_adds_up_to_the_ledger_whatever_the_cap(database_url, series_limit):
    books = Books(database_url, series_limit=series_limit)
    dice = random.Random(7)
    entries = [random_call(dice, number) for number in range(400)]
    for start in range(0, 400, 50):
        books.book(*entries[start : start + 50])
    points = read(books)
    assert_equal_to_the_ledger(points, books)
    failed = sum(1 for entry in entries if entry.usage.dimension[-2])
    assert total(points["errors"]) == failed
    unpriced = [entry.usage for entry in entries if any(entry.usage.tokens) and entry.usage.cost_nano_usd is None]
    assert total(points["unpriced_calls"]) == len(unpriced)
    assert total(points["unpriced_tokens"]) == sum(sum(usage.tokens) for usage in unpriced)
    observed = sum(sum(value.buckets) for value in points["operation_duration"].values)
    assert observed == 400
    books.database.close()


def test_a_model_without_a_price_has_tokens_and_no_cost(database_url):
    books = Books(database_url)
    tokens = Tokens(input_uncached=7)
    books.book(
        call("t1", "c", model="priced", tokens=tokens, cost=1),
        call("t2", "c", model="free", tokens=tokens, cost=0),
        call("t3", "c", model="unheard-of", tokens=tokens, cost=None),
    )
    points = read(books)
    assert models(points["tokens"]) == {"priced", "free", "unheard-of"}
    assert models(points["cost"]) == {"priced", "free"}
    assert models(points["component"]) == {"priced", "free"}
    assert total(points["unpriced_tokens"]) == 7
    books.database.close()


def models(points):
    """Every label that is one of the models' names."""
    return {label for labels in points.labels for label in labels} & {"priced", "free", "unheard-of"}


@pytest.mark.parametrize("series_limit", [10_000, 60])
def test_no_counter_ever_falls(sqlite_url, series_limit):
    books = Books(sqlite_url, series_limit=series_limit)
    dice = random.Random(11)
    reader = MetricReader(birth_seconds=3)
    before: dict = {}
    for step in range(40):
        at = NOON + HOUR + step * SECOND
        books.book(*(random_call(dice, 1000 * step + number) for number in range(8)), at=at)
        with books.database.read() as connection:
            points = reader.read(connection, at)
        now = {
            (family.name, labels): sum(value.buckets) if family.kind == HISTOGRAM else value
            for family in COUNTERS
            if family.feed in points
            for labels, value in zip(points[family.feed].labels, points[family.feed].values, strict=True)
        }
        assert before.keys() <= now.keys()
        assert not {key: (value, now[key]) for key, value in before.items() if now[key] < value}
        assert all(now[key] == 0 for key in now.keys() - before.keys()), "a series is born at 0"
        before = now
    books.database.close()


def test_a_reversed_call_leaves_its_counter_and_enters_the_adjustments(sqlite_url):
    books = Books(sqlite_url)
    books.book(call("t", "outer", tokens=Tokens(100, 0, 0, 0, 20, 0), cost=700))
    books.book(call("t", "inner", "outer", tokens=Tokens(100, 0, 0, 0, 20, 0), cost=700))
    points = read(books)
    assert_equal_to_the_ledger(points, books)
    books.database.close()


def test_a_call_leads_from_its_cost_and_its_duration_to_its_trace(sqlite_url):
    books = Books(sqlite_url)
    books.book(call("t", "c", cost=700, end=NOON + 3 * SECOND))
    with books.database.read() as connection:
        points = MetricReader().read(connection, LATER, exemplars=True)
    (cost,) = points["cost"].exemplars.values()
    assert (cost.value, cost.trace_id, cost.span_id) == (700, b"t".rjust(16, b"\1").hex(), b"c".rjust(8, b"\1").hex())
    ((bucket, duration),) = points["operation_duration"].exemplars[0].items()
    assert duration == cost._replace(value=3 * SECOND)
    assert points["operation_duration"].values[0].buckets[bucket] == 1
    books.database.close()


def test_no_exemplar_ever_goes_back_to_an_older_call(database_url):
    books = Books(database_url)
    dice = random.Random(3)
    newest: dict = {}
    for step in range(30):
        start = NOON + dice.randrange(100) * SECOND
        model = dice.choice(["m1", "m2"])
        duration = dice.choice([1, 20, 400])
        entry = call(
            f"t{step}", "c", model=model, project=f"p{step % 3}", start=start, end=start + duration * SECOND // 10
        )
        books.book(entry, at=NOON + HOUR + step * 20 * SECOND)
        with books.database.read() as connection:
            points = MetricReader().read(connection, LATER, exemplars=True)
        shown = {("cost", key): one for key, one in points["cost"].exemplars.items()}
        for key, buckets in points["operation_duration"].exemplars.items():
            shown |= {("duration", key, bucket): one for bucket, one in buckets.items()}
        for key, one in shown.items():
            assert one.at_ns >= newest.get(key, 0), key
            newest[key] = one.at_ns
    assert len(newest) > 6
    books.database.close()
