"""A call belongs to the instant at which it started; a start that cannot be right becomes the first receipt."""

from __future__ import annotations

import pytest

from exporter.pricing.row_json import instant_from_text
from support.otlp import request, span
from support.price_vectors import SCOPE
from support.workers import BIRTH, SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
MINUTE, DAY = 60 * SECOND, 86_400 * SECOND
RECEIVED = "2026-11-21T12:00:00Z"


def call(start: int, *, number: int = 1, end: int | None = None, **counts: int) -> bytes:
    """A request with one model call."""
    said = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-6-sol", "gen_ai.provider.name": "openai"}
    tokens = {"input_tokens": 1000, "output_tokens": 100, **counts}
    said |= {f"gen_ai.usage.{name.replace('__', '.')}": count for name, count in tokens.items()}
    ids = {"trace_id": number.to_bytes(16), "span_id": number.to_bytes(8)}
    finish = start + SECOND if end is None else end
    return request(span(said, start_time_unix_nano=start, end_time_unix_nano=finish, **ids), scope=SCOPE)


@pytest.fixture
def whole(sqlite_url, tmp_path):
    whole = WholeWorker(sqlite_url, tmp_path, {}, NOW)
    yield whole
    whole.close()


def only_row(whole):
    (row,) = whole.rows().values()
    return row


@pytest.mark.parametrize("start", [0, NOW + 5 * MINUTE + 1, NOW + 400 * DAY, 2**64 - 1], ids=str)
def test_a_start_of_zero_or_of_the_future_is_the_first_receipt_and_flagged(whole, start):
    whole.push(call(start, end=min(start + SECOND, 2**64 - 1)))
    row = only_row(whole)
    assert (row["started_at"], "time_replaced" in row["flags"]) == (RECEIVED, True)
    assert row["billing"] == "charged"


@pytest.mark.parametrize("start", [1, NOW - 400 * DAY, NOW, NOW + 5 * MINUTE], ids=str)
def test_any_other_start_is_believed(sqlite_url, tmp_path, start):
    whole = WholeWorker(sqlite_url, tmp_path, {}, NOW, AGENT_EXPORTER_ACCEPT_AGE="unlimited")
    whole.push(call(start))
    row = only_row(whole)
    assert instant_from_text(row["started_at"]) // 1000 == start // 1000
    assert "time_replaced" not in row["flags"]
    whole.close()


def test_a_replaced_start_sticks_when_the_span_is_sent_again(whole):
    whole.push(call(0, end=0))
    before = whole.rows()
    whole.now_ns += DAY
    whole.push(call(0, end=0))
    assert whole.rows() == before


def test_a_replaced_start_sticks_when_a_better_copy_comes(whole):
    whole.push(call(0, end=0))
    whole.now_ns += DAY
    whole.push(call(0, end=0, cache_read__input_tokens=400))
    row = only_row(whole)
    assert (row["tokens"]["cache_read"], row["started_at"]) == (400, RECEIVED)
    assert "time_replaced" in row["flags"]
    whole.assert_audited()


def test_a_better_copy_without_a_start_belongs_to_the_first_receipt_and_not_to_its_own(whole):
    whole.push(call(NOW - MINUTE))
    whole.now_ns += DAY
    whole.push(call(0, end=0, cache_read__input_tokens=400))
    row = only_row(whole)
    assert (row["tokens"]["cache_read"], row["started_at"], row["flags"]) == (400, RECEIVED, ["time_replaced"])
    whole.assert_audited()


def test_the_amount_of_a_better_copy_belongs_to_the_day_of_the_first_receipt(whole):
    whole.push(call(0, end=0))
    whole.now_ns += DAY
    whole.push(call(0, end=0, cache_read__input_tokens=400))
    days = whole.get("/api/v1/costs", group_by="day", start="2026-11-01T00:00:00Z")["data"]
    assert {day["day"]: day["calls"] for day in days if day["calls"]} == {"2026-11-21": 1}


def test_a_duration_survives_a_wrong_clock_and_is_unknown_without_a_start(whole):
    whole.push(call(NOW + DAY, number=1))
    whole.push(call(0, number=2, end=NOW))
    rows = whole.rows()
    assert rows[(1).to_bytes(8).hex()]["ended_at"] == "2026-11-21T12:00:01Z"
    assert rows[(2).to_bytes(8).hex()]["ended_at"] == RECEIVED


def test_what_is_too_old_is_refused_by_name_and_the_rest_is_booked(whole):
    old = call(NOW - 401 * DAY, number=1)
    partial = whole.push(old + call(NOW, number=2))
    assert (partial.rejected_spans, "1 too_old" in partial.error_message) == (1, True)
    assert only_row(whole)["trace_id"] == (2).to_bytes(16).hex()
    assert whole.total("agent_exporter_rejected_total", containing='reason="too_old"') == 1


def test_the_age_that_is_accepted_follows_the_clock(whole):
    whole.push(call(NOW - 399 * DAY, number=1))
    whole.now_ns += 2 * DAY
    assert whole.push(call(NOW - 399 * DAY, number=3)).rejected_spans == 1
    assert len(whole.rows()) == 1


def test_price_and_budget_period_are_those_of_the_start(sqlite_url, tmp_path):
    # The cached rate of this model was cut at the start of 7 October (specs/pricing.md, P05 and P06).
    cut = instant_from_text("2026-10-07T00:00:00Z")
    budget = {"id": "october", "limit": "1 USD", "period": "day"}
    whole = WholeWorker(sqlite_url, tmp_path, {"budgets": [budget]}, cut + 60 * MINUTE)
    said = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "claude-sonnet-5-5"}
    said |= {"gen_ai.usage.input_tokens": 100000, "gen_ai.usage.cache_read.input_tokens": 90000}
    said |= {"gen_ai.usage.output_tokens": 1000, "gen_ai.provider.name": "anthropic"}
    for number, start in enumerate((cut - 1, cut), 1):
        ids = {"trace_id": number.to_bytes(16), "span_id": number.to_bytes(8)}
        # Both end after the cut and arrive after it.
        whole.push(request(span(said, start_time_unix_nano=start, end_time_unix_nano=cut + MINUTE, **ids), scope=SCOPE))
    assert [row["cost_nano_usd"] for row in whole.rows().values()] == [48_000_000, 39_000_000]
    assert whole.get("/api/v1/budgets/october")["spent"] == 39_000_000
    whole.now_ns += BIRTH
    whole.assert_audited()
    whole.close()
