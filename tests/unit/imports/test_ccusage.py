"""Reports of ccusage in every form that it has had become rows, one for each model and period."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from exporter.imports.ccusage import Row, is_report, read_report, sum_of
from exporter.imports.fields import Unreadable
from exporter.usage import REPORTS, Tokens
from support.ccusage import HAIKU, MODEL, daily, part, row

BERLIN = ZoneInfo("Europe/Berlin")


def midnight(day):
    return round(datetime(day.year, day.month, day.day, tzinfo=BERLIN).timestamp()) * 10**9


def ns(text):
    return round(datetime.fromisoformat(text).timestamp()) * 10**9


def read(document):
    found = list(read_report(document, midnight))
    assert all(isinstance(one, Row) for one in found), found
    return found


def trouble(document):
    (found,) = read_report(document, midnight)
    assert isinstance(found, Unreadable)
    return str(found)


def test_a_day_is_a_row_for_each_model_in_the_zone_of_the_report():
    found = read(daily(row(part(), part(HAIKU, scale=2, cost=0.1), date="2026-11-01")))
    assert [one.model for one in found] == [MODEL, HAIKU]
    first = found[0]
    assert first.tokens == Tokens(1000, 4000, 300, 0, 200, 0)
    assert (first.start_ns, first.end_ns) == (ns("2026-10-31T23:00Z"), ns("2026-11-01T23:00Z"))
    assert first.cost_nano_usd == 5 * 10**8


def test_a_day_of_a_clock_change_is_as_long_as_it_was():
    (found,) = read(daily(row(date="2026-10-25")))
    assert found.end_ns - found.start_ns == 25 * 3600 * 10**9


@pytest.mark.parametrize(
    ("document", "kind", "start", "end"),
    [
        ({"weekly": [row(week="2026-11-02")]}, "weekly", "2026-11-01T23:00Z", "2026-11-08T23:00Z"),
        ({"monthly": [row(month="2026-12")]}, "monthly", "2026-11-30T23:00Z", "2026-12-31T23:00Z"),
        ({"daily": [row(period="2026-11-02", agent="claude")]}, "daily", "2026-11-01T23:00Z", "2026-11-02T23:00Z"),
        (
            {"sessions": [row(sessionId="s", firstActivity="2026-11-02T10:00:00Z", lastActivity="2026-11-02T11:00:00Z")]},
            "session", "2026-11-02T10:00Z", "2026-11-02T11:00Z",
        ),
        ({"sessions": [row(sessionId="s", lastActivity="2026-11-02")]}, "session", "2026-11-01T23:00Z", "2026-11-02T23:00Z"),
        (
            {"session": [row(period="s", agent="codex", metadata={"lastActivity": "2026-11-02T11:00:00Z"})]},
            "session", "2026-11-02T11:00Z", "2026-11-02T11:00Z",
        ),
        (
            {"type": "daily", "data": [{"date": "2026-11-02", "models": [MODEL], "inputTokens": 5, "costUSD": 1.5}]},
            "daily", "2026-11-01T23:00Z", "2026-11-02T23:00Z",
        ),
    ],
)  # fmt: skip
def test_every_kind_of_report_has_its_time(document, kind, start, end):
    (found,) = read(document)
    assert (found.kind, found.start_ns, found.end_ns) == (kind, ns(start), ns(end))


def test_blocks_count_without_gaps_and_an_active_one_is_open():
    counts = {"inputTokens": 5, "outputTokens": 6, "cacheCreationInputTokens": 7, "cacheReadInputTokens": 8}
    block = {
        "startTime": "2026-11-02T10:00:00.000Z", "endTime": "2026-11-02T15:00:00.000Z",
        "actualEndTime": "2026-11-02T14:10:00.000Z", "isActive": False, "isGap": False, "tokenCounts": counts,
        "costUSD": 1.0, "models": [MODEL],
    }  # fmt: skip
    gap = {**block, "isGap": True}
    found = read({"blocks": [block, gap, {**block, "isActive": True}]})
    assert [one.is_open for one in found] == [False, True]
    assert found[0].tokens == Tokens(5, 8, 7, 0, 6, 0)
    assert found[0].end_ns == ns("2026-11-02T14:10:00Z")


def test_projects_keep_their_names_unless_they_are_paths():
    found = read({"projects": {"payments": [row(date="2026-11-02")], "-home-ada-src": [row(date="2026-11-02")]}})
    assert [one.project for one in found] == ["payments", ""]
    assert len({sum_of(one, lambda _: "").item.usage.record_key for one in found}) == 2


def test_a_breakdown_of_the_older_form_is_read():
    told = {"date": "2026-11-02", "breakdown": {MODEL: {"inputTokens": 5, "costUSD": 1}, HAIKU: {"outputTokens": 2}}}
    assert [one.model for one in read({"type": "daily", "data": [told]})] == [MODEL, HAIKU]


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (daily({"date": "2026-11-02", "modelsUsed": [MODEL, HAIKU], "inputTokens": 1}), "several models"),
        (daily(row(date="yesterday")), "no day"),
        (daily(row(date="2026-11-02", modelBreakdowns=[{**part(), "inputTokens": -1}])), "no count"),
        (daily(row(date="2026-11-02", modelBreakdowns=[{**part(), "cost": float("inf")}])), "no amount"),
        ({"sessions": [row(sessionId="s")]}, "no time"),
        (daily(row(date="9999-12-31")), "out of range"),
        ({"monthly": [row(month="9999-12")]}, "out of range"),
        ({"sessions": [row(sessionId="s", lastActivity="9999-12-31")]}, "out of range"),
        ({"sessions": [row(sessionId="s", lastActivity="9999-12-31T00:00:00Z")]}, "out of range"),
        ({"sessions": [row(sessionId="s", lastActivity="1900-01-01T00:00:00Z")]}, "out of range"),
        ({"data": [row(date="2026-11-02")]}, "not known"),
    ],
)
def test_what_cannot_be_imported_says_why(document, why):
    assert why in trouble(document)


@pytest.mark.parametrize("document", [None, [], {}, {"daily": 5}, {"totals": {}}])
def test_what_is_no_report_is_told_apart(document):
    assert not is_report(document)
    assert list(read_report(document, midnight)) == []


@pytest.mark.parametrize("models", [5, {"a": 1}, "text", [5]])
def test_names_of_models_that_are_no_list_of_texts_are_no_names(models):
    (found,) = read(daily({"date": "2026-11-02", "modelsUsed": models, "inputTokens": 1}))
    assert (found.model, found.tokens) == ("", Tokens(1, 0, 0, 0, 0, 0))


def test_names_of_models_are_as_a_column_may_hold_them():
    (listed,) = read(daily({"date": "2026-11-02", "modelsUsed": [f"{MODEL}\x00"], "inputTokens": 1}))
    (keyed,) = read(daily({"date": "2026-11-02", "breakdown": {f"{MODEL}\x00": {"inputTokens": 1}}}))
    assert (listed.model, keyed.model) == (MODEL, MODEL)


def test_a_record_says_that_it_is_a_sum():
    (found,) = read(daily(row(part("claude-opus-4-6-fast"), date="2026-11-02")))
    usage = sum_of(found, lambda _: "anthropic").item.usage
    assert (usage.signal, usage.dialect, usage.scope) == (REPORTS, "ccusage", "claude daily")
    assert (usage.response_model, usage.context.speed) == ("claude-opus-4-6", "fast")
    assert "aggregate" in usage.flags
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (5 * 10**8, "estimate")
