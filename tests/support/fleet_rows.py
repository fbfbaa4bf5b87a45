"""A small ledger in which every metric family has something to show, with numbers that a person can check."""

from __future__ import annotations

from dataclasses import replace

from exporter.budgets.definition import Budget, Threshold
from exporter.ledger.aggregate_gap import AGGREGATE_GAP, AGGREGATE_TOLD
from exporter.ledger.completeness import SENDER_CALLS
from exporter.ledger.engine import Database
from exporter.ledger.families import CAPPED
from exporter.ledger.gauges import replace_gauges
from exporter.ledger.jobs import record_run
from exporter.ledger.message_booking import MessageBooking
from exporter.ledger.numbering import MISSING_EVENTS, SESSIONS, SILENT_SESSIONS
from exporter.messages.message import Gate
from support.messages import message
from support.metric_rows import (
    LONG_AGO,
    NOW,
    SECOND,
    add_adjustment,
    add_breach,
    add_budget,
    add_counter,
    add_distribution,
    add_doubts,
    add_exemplar,
    add_series,
    add_task,
    add_total,
    add_window,
    make_database,
)

PAYMENTS = Budget(
    id="payments-month",
    scope={"project": "payments"},
    limit=1_000 * 10**9,
    unit="nano_usd",
    period="month",
    timezone="Europe/Berlin",
)
REVIEW = Budget(
    id="review-day",
    scope={"project": "payments", "agent": "reviewer"},
    limit=2_000_000,
    unit="tokens",
    period="day",
    thresholds=(Threshold(50, "info"), Threshold(100, "critical")),
)
BUILDER = {
    "project": "payments", "team": "platform", "environment": "prod", "agent": "builder", "provider": "anthropic",
    "model": "claude-opus-4-5", "operation": "chat",
}  # fmt: skip
REVIEWER = {
    "project": "payments", "agent": 'review "er"\\', "provider": "openai", "model": "gpt-5.2", "operation": "chat",
}  # fmt: skip


def make_fleet(url: str) -> Database:
    """The database; every label set is older than the birth delay."""
    database = make_database(url)
    fill_fleet(database)
    return database


def fill_fleet(database: Database) -> None:
    _add_messages(database)
    with database.write() as connection:
        _add_calls(connection)
        _add_overflow(connection)
        _add_histograms(connection)
        _add_doubts(connection)
        _add_budgets(connection)
        _add_facts(connection)


def _add_calls(connection) -> None:
    priced = add_series(connection, BUILDER | {"usage_status": "reported", "cost_status": "priced"})
    cost = {"cost_input_uncached": 12_000_000_000, "cost_cache_read": 300_000_000, "cost_output_visible": 45_678_901}
    tokens = {"input_uncached": 1_200_000, "cache_read": 34, "output_visible": 7}
    add_total(connection, priced, calls=3, cost_nano_usd=12_345_678_901, **tokens, **cost)
    add_total(connection, priced, slot=3, calls=2, reasoning=5, cost_nano_usd=1, cost_other=1)
    add_adjustment(connection, priced, calls=1, input_uncached=1_000, cost_nano_usd=345_678_901)
    add_exemplar(connection, priced, cost_nano_usd=250_000_000, duration_ns=1_500_000_000, at=NOW - SECOND // 4)
    failure = {"usage_status": "missing", "cost_status": "unknown", "error_type": "overloaded_error"}
    failed = add_series(connection, BUILDER | failure | {"unpriced_reason": "usage_missing"})
    add_total(connection, failed, calls=4)
    reported = REVIEWER | {"usage_status": "reported"}
    unpriced = add_series(connection, reported | {"cost_status": "unknown", "unpriced_reason": "model_not_found"})
    add_total(connection, unpriced, calls=1, input_uncached=900, unpriced_calls=1, unpriced_tokens=900)
    stated = add_series(connection, reported | {"cost_status": "reported", "cost_source": "gateway"})
    cost = {"cost_nano_usd": 20_000, "cost_other": 20_000, "cost_reported_nano_usd": 20_000}
    add_total(connection, stated, calls=1, output_visible=10, **cost)


def _add_overflow(connection) -> None:
    late = {"team": "other", "agent": "late", "provider": "openai", "operation": "chat", "cost_status": "priced"}
    capped = [family for family in CAPPED if not family.condition]
    overflow = sum(family.overflow_bit for family in capped)
    shown = add_series(connection, late | {"project": "search", "model": "m-1"}, overflow=overflow)
    cost = {"cost_nano_usd": 500_000_000, "cost_input_uncached": 500_000_000}
    add_total(connection, shown, calls=10, input_uncached=100, **cost)
    overflow += sum(family.project_bit for family in capped)
    hidden = add_series(connection, late | {"project": "attic", "model": "m-2"}, overflow=overflow)
    cost = {"cost_nano_usd": 250_000_000, "cost_input_uncached": 250_000_000}
    add_total(connection, hidden, calls=20, input_uncached=200, **cost)


def _add_histograms(connection) -> None:
    model = "claude-opus-4-5"
    chat = {"operation": "chat", "provider": "anthropic", "request_model": model, "response_model": model}
    tokens = {0: (1_200_034, {2: 1, 11: 2}), 1: (12, {1: 3})}
    add_distribution(connection, chat, {**tokens, 2: (4_500_000, {8: 3})})
    add_distribution(connection, chat | {"error_type": "overloaded_error"}, {2: (200_000_000, {14: 2})})


def _add_doubts(connection) -> None:
    openai = ("genai", "opentelemetry.instrumentation.openai_v2", "coder")
    add_doubts(connection, (*openai, "missing", "usage_missing"), calls=12, reversed_calls=2)
    add_doubts(connection, (*openai, "missing", "output_missing"), calls=1, tokens=100, cost_nano_usd=5)
    guess = ("genai", "openlit", "reviewer", "estimated", "guessed_stream")
    calls = {(*openai, "missing", "stream_usage"): 2, (*openai, "reported", ""): 9}
    agents = {("coder", "builder"): 700}
    told = {("coder", "builder"): 90_000}
    numbered = {MISSING_EVENTS: 3, SESSIONS: 12, SILENT_SESSIONS: 1}
    replace_gauges(
        connection,
        {
            SENDER_CALLS: calls,
            AGGREGATE_GAP: agents,
            AGGREGATE_TOLD: told,
            **{name: {("claude-code",): value} for name, value in numbered.items()},
        },
    )
    add_doubts(connection, guess, calls=3, tokens=900, cost_nano_usd=45_000_000, reversed_calls=1, reversed_tokens=300)


def _add_budgets(connection) -> None:
    month = add_budget(connection, PAYMENTS)
    add_window(connection, month, PAYMENTS, 700 * 10**9)
    add_window(connection, month, PAYMENTS, 50 * 10**9, slot=1)
    add_counter(connection, PAYMENTS, 760 * 10**9, 10 * 10**9)
    add_breach(connection, PAYMENTS, 70, at=LONG_AGO, period=1)
    add_breach(connection, PAYMENTS, 70, at=LONG_AGO, period=2)
    day = add_budget(connection, REVIEW)
    add_window(connection, day, REVIEW, 999_999)
    add_counter(connection, REVIEW, 5_000_000)


def _add_messages(database) -> None:
    booking = MessageBooking(database, series_limit=10_000)
    failed = message(2, type="escalation", priority="high", error_level=2, error_category="validation")
    gates = (Gate("layer-1-input", "passed"), Gate("layer-4-output", "failed"))
    booking.book([message(1), replace(failed, gates=gates)], {"dtd": 1}, LONG_AGO)


def _add_facts(connection) -> None:
    quarter = NOW // (900 * SECOND)
    add_task(connection, "payments", "PAY-7", {quarter: 3 * 10**9, quarter - 500: 4 * 10**9})
    add_task(connection, "payments", "PAY-old", {quarter - 500: 90 * 10**9})
    record_run(connection, "audit", NOW - 30 * SECOND, success=True)
    record_run(connection, "config_reload", NOW - 60 * SECOND, success=True)
    record_run(connection, "config_reload", NOW - 20 * SECOND, success=False)
