"""Missing usage is not zero: calls that do not report well are counted by who sent them and why."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import update

from exporter.ledger import late
from exporter.ledger.audit import audit
from exporter.ledger.doubts import Doubt, doubt_of
from exporter.ledger.entry import Entry
from exporter.ledger.families import OTHER_LABEL, QUALITY_FAMILY
from exporter.ledger.quality_tables import quality, quality_series
from exporter.pricing.charge import Charge
from exporter.usage import Tokens
from exporter.views.metrics import MetricReader
from support.entries import NOON, SECOND, call
from support.ledgers import HOUR, Books

LATER = NOON + 2 * HOUR
SOME = Tokens(100, 0, 0, 0, 20, 0)
SILENT = {"tokens": Tokens(), "cost": None}
OPENAI = ("genai", "opentelemetry.instrumentation.openai_v2", "coder")
SENDER = {"dialect": OPENAI[0], "scope": OPENAI[1], "service": OPENAI[2]}


def flagged(entry: Entry, *flags: str) -> Entry:
    assert entry.usage is not None
    return entry._replace(usage=replace(entry.usage, flags=json.dumps(flags)))


def shown(books, feed, at=LATER):
    """What a family shows, by its labels."""
    with books.database.read() as connection:
        points = MetricReader().read(connection, at)[feed]
    return dict(zip(points.labels, points.values, strict=True))


# ------------------------------------------------------------------------------------------- what is a doubt
@pytest.mark.parametrize(
    ("status", "error", "flags", "doubt"),
    [
        ("reported", "", [], None),
        ("reported", "timeout", [], None),
        ("reported", "", ["ttl_unknown", "basis_guess"], None),
        ("missing", "", ["usage_missing"], Doubt("missing", "usage_missing")),
        ("missing", "", ["zero_usage", "time_replaced"], Doubt("missing", "zero_usage")),
        ("missing", "", [], Doubt("missing", "usage_missing")),
        ("missing", "timeout", ["usage_missing"], Doubt("missing", "call_failed")),
        ("reported", "", ["clamped", "output_missing"], Doubt("missing", "output_missing")),
        ("reported", "", ["input_missing"], Doubt("missing", "input_missing")),
        ("estimated", "", ["ttl_unknown", "guessed_stream"], Doubt("estimated", "guessed_stream")),
        ("estimated", "", ["output_missing"], Doubt("estimated", "estimated")),
    ],
)
def test_a_call_has_at_most_one_doubt_and_that_is_the_worst(status, error, flags, doubt):
    assert doubt_of(status, error, json.dumps(flags) if flags else None) == doubt


# ------------------------------------------------------------------------------------------ what is counted
def test_calls_that_report_well_leave_no_trace(books):
    books.book(call("t1", "c"), call("t2", "c", error_type="timeout"))
    assert books.count(quality) == books.count(quality_series) == 0


def test_a_call_without_usage_is_counted_and_not_as_zero_tokens(books):
    books.book(flagged(call("t1", "c", **SILENT, **SENDER), "usage_missing"), call("t2", "c", **SENDER))
    books.book(flagged(call("t3", "c", **SILENT, **SENDER), "zero_usage"))
    books.book(flagged(call("t4", "c", **SILENT, **SENDER, error_type="timeout"), "usage_missing"))
    assert shown(books, "missing_calls") == {
        (*OPENAI, "usage_missing"): 1,
        (*OPENAI, "zero_usage"): 1,
        (*OPENAI, "call_failed"): 1,
    }
    assert set(shown(books, "missing_calls_adjustments").values()) == {0}


def test_half_a_usage_is_charged_and_counted_as_partly_missing(books):
    books.book(flagged(call("t1", "c", tokens=Tokens(100), **SENDER), "output_missing"))
    assert shown(books, "missing_calls") == {(*OPENAI, "output_missing"): 1}
    assert books.ledger()["input_uncached"] == 100


def test_estimates_are_counted_apart_with_their_tokens_and_cost(books):
    guess = flagged(call("t1", "c", cost=700, usage_status="estimated", **SENDER), "guessed_stream")
    books.book(guess, call("t2", "c", cost=50, **SENDER))
    key = (*OPENAI, "guessed_stream")
    assert shown(books, "estimated_calls") == {key: 1}
    assert shown(books, "estimated_tokens") == {key: 120}
    assert shown(books, "estimated_cost") == {key: 700}
    assert shown(books, "missing_calls") == {}


def test_what_never_is_charged_is_in_no_doubt(books):
    books.book(flagged(call("t1", "c", **SILENT, never="cache_hit"), "usage_missing"))
    assert books.count(quality) == 0


# --------------------------------------------------------------------------------------------- corrections
def test_a_better_copy_takes_the_doubt_back_and_no_counter_falls(books):
    books.book(flagged(call("t1", "c", **SILENT, **SENDER), "usage_missing"))
    books.book(call("t1", "c", **SENDER))
    key = (*OPENAI, "usage_missing")
    assert shown(books, "missing_calls") == shown(books, "missing_calls_adjustments") == {key: 1}


def test_an_estimate_that_was_superseded_later_is_reversed_with_tokens_and_cost(books):
    estimate = {"cost": 700, "usage_status": "estimated", **SENDER}
    books.book(flagged(call("t1", "agent", kind="agent", **estimate), "guessed_stream"))
    late.charge_due(books.booking, NOON + 3 * HOUR)
    books.book(call("t1", "child", "agent", cost=300))
    key = (*OPENAI, "guessed_stream")
    for measure, value in (("calls", 1), ("tokens", 120), ("cost", 700)):
        assert shown(books, f"estimated_{measure}", LATER + 2 * HOUR) == {key: value}
        assert shown(books, f"estimated_{measure}_adjustments", LATER + 2 * HOUR) == {key: value}


class Prices:
    def price_first(self, provider, models, *call, context):
        return models[0], Charge(900, "priced", (), (), "test:1")


def test_an_estimate_that_gets_its_price_late_adds_its_cost_and_no_call(books):
    books.book(flagged(call("t1", "c", cost=None, usage_status="estimated", **SENDER), "guessed_stream"))
    late.price_late(books.booking, Prices(), LATER)
    key = (*OPENAI, "guessed_stream")
    assert shown(books, "estimated_cost") == {key: 900}
    assert shown(books, "estimated_calls") == {key: 1}
    assert shown(books, "estimated_calls_adjustments") == {key: 0}


# ------------------------------------------------------------------------------------------------- the cap
def test_senders_beyond_the_limit_are_added_up_and_what_was_shown_stays(database_url):
    books = Books(database_url, series_limit=3)
    for turn in range(2):
        for number in range(6):
            entry = call(f"t{turn}{number}", "c", **SILENT, **{**SENDER, "service": f"s{number}"})
            books.book(flagged(entry, "usage_missing"))
    own = {(*OPENAI[:2], f"s{number}", "usage_missing"): 2 for number in range(3)}
    assert shown(books, "missing_calls") == own | {(*(OTHER_LABEL,) * 3, "usage_missing"): 6}
    with books.database.read() as connection:
        reader = MetricReader()
        reader.read(connection, LATER)
        assert reader.rejected(connection)[QUALITY_FAMILY] == 3
    books.assert_proven()
    books.database.close()


def test_a_new_label_set_shows_zero_until_it_is_a_minute_old(books):
    books.book(flagged(call("t1", "c", **SILENT, **SENDER), "usage_missing"), at=NOON)
    key = (*OPENAI, "usage_missing")
    assert shown(books, "missing_calls", NOON + 59 * SECOND) == {key: 0}
    assert shown(books, "missing_calls", NOON + 60 * SECOND) == {key: 1}


def test_two_writers_count_under_one_series(books):
    others = books.writer(slot=1)
    for number, writer in enumerate((books.booking, others, books.booking, others)):
        writer.book([[flagged(call(f"t{number}", "c", **SILENT, **SENDER), "usage_missing")]], NOON)
    assert shown(books, "missing_calls") == {(*OPENAI, "usage_missing"): 4}
    assert (books.count(quality), books.count(quality_series)) == (2, 1)


# ------------------------------------------------------------------------------------------------ the proof
def test_the_audit_finds_a_count_that_is_off(database_url):
    books = Books(database_url)
    books.book(flagged(call("t1", "c", **SILENT, **SENDER), "usage_missing"))
    with books.database.write() as connection:
        connection.execute(update(quality).values(calls=3))
    with books.database.read() as connection:
        (finding,) = audit(connection).findings
    assert (finding.check, finding.measure, finding.ledger, finding.shown) == ("quality", "calls", 1, 3)
    assert finding.subject == {**SENDER, "status": "missing", "reason": "usage_missing"}
    books.database.close()
