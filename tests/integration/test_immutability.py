"""What was priced stays as it was priced (specs/pricing.md §4.4), and what is unknown is nowhere free."""

from __future__ import annotations

import time

import pytest

from exporter.pricing.row_json import instant_from_text
from support.otlp import request, span
from support.price_vectors import CONTRACT_ROW, SCOPE, VECTORS
from support.workers import BIRTH, SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
UNKNOWN = "claude-opus-9"
MODELS = {"gpt-6-sol": "openai", "haiku": "", UNKNOWN: "anthropic", "claude-opus-5-5": "anthropic"}
DEARER = {"provider": "openai", "model": "gpt-6-sol", "usd_per_million": {"input": "20", "output": "100"}}
LEARNED = {"provider": "anthropic", "model": UNKNOWN, "usd_per_million": {"input": "7", "output": "70"}}
NEW_PRICES = {"prices": [DEARER, LEARNED]}


def calls(first: int, at: int = NOW) -> bytes:
    """A call of each model, 1000 tokens in and 100 out; span ids from `first`."""
    spans = []
    for number, (model, provider) in enumerate(MODELS.items(), first):
        said = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, "agent.project": "payments"}
        said |= {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100}
        said |= {"gen_ai.provider.name": provider} if provider else {}
        ids = {"trace_id": number.to_bytes(16), "span_id": number.to_bytes(8)}
        spans.append(span(said, start_time_unix_nano=at, end_time_unix_nano=at + SECOND, **ids))
    return request(*spans, scope=SCOPE)


@pytest.fixture
def whole(database_url, tmp_path):
    whole = WholeWorker(database_url, tmp_path, {}, NOW)
    yield whole
    whole.close()


def by_model(whole):
    """Rows by requested model; of several the last."""
    return {row["request_model"]: row for row in whole.rows().values()}


def frozen(whole):
    """All that the ledger holds of the calls, column by column."""
    return whole.table("usage"), whole.table("revision")


def set_price(whole, row):
    rates = row["usd_per_million"]
    options = ["--provider", row["provider"], "--input", rates["input"], "--output", rates["output"], "--force"]
    whole.command("prices", "set", row["model"], *options)


def test_a_new_configuration_changes_no_booked_row(whole):
    whole.push(calls(1))
    before = frozen(whole)
    assert whole.reload(NEW_PRICES).status_code == 200
    assert frozen(whole) == before


def test_calls_after_the_change_cost_the_new_price_and_those_before_it_do_not(whole):
    whole.push(calls(1))
    whole.reload(NEW_PRICES)
    whole.push(calls(101))
    costs = [row["cost_nano_usd"] for row in whole.rows().values() if row["request_model"] == "gpt-6-sol"]
    assert costs == [1000 * 2_000 + 100 * 10_000, 1000 * 20_000 + 100 * 100_000]
    whole.assert_audited()


def test_a_resend_under_the_new_book_changes_no_amount(whole):
    whole.push(calls(1))
    before = whole.rows()
    whole.reload(NEW_PRICES)
    whole.push(calls(1))
    assert whole.rows() == before
    whole.assert_audited()


def test_the_command_prices_what_was_unknown_and_nothing_else(whole):
    whole.push(calls(1))
    whole.now_ns += BIRTH
    before, spent = by_model(whole), whole.total("agent_cost_usd_total")
    for row in (DEARER, LEARNED):
        set_price(whole, row)
    after = by_model(whole)
    late = after.pop(UNKNOWN)
    before.pop(UNKNOWN)
    assert after == before
    assert (late["cost_nano_usd"], late["cost_status"]) == (1000 * 7_000 + 100 * 70_000, "priced")
    # The command made the series of the cost, by its own clock.
    whole.now_ns = max(whole.now_ns, time.time_ns()) + BIRTH
    assert round((whole.total("agent_cost_usd_total") - spent) * 10**9) == late["cost_nano_usd"]
    whole.assert_audited()


def test_withdrawn_prices_take_back_nothing_that_they_charged(whole):
    whole.push(calls(1))
    set_price(whole, LEARNED)
    before = frozen(whole)
    whole.command("prices", "rollback")
    assert frozen(whole) == before
    whole.assert_audited()


def test_late_pricing_leaves_a_revision_with_both_amounts(whole):
    whole.push(calls(1))
    set_price(whole, LEARNED)
    (revision,) = whole.table("revision")
    assert revision["reason"] == "priced_late"
    assert (revision["cost_before_nano_usd"], revision["cost_after_nano_usd"]) == (None, 14_000_000)


def test_an_unknown_model_is_nowhere_free(whole):
    whole.push(calls(1))
    whole.now_ns += BIRTH
    row = by_model(whole)[UNKNOWN]
    assert (row["cost_nano_usd"], row["cost_status"], row["cost_reasons"]) == (None, "unknown", ["unknown_model"])
    costs = whole.get("/api/v1/costs", group_by="model", start="2026-11-01T00:00:00Z")
    (group,) = [group for group in costs["data"] if group["model"] == UNKNOWN]
    assert (group["cost_nano_usd"], group["unpriced_tokens"], group["coverage"]) == (None, 1100, 0)
    assert costs["total"]["unpriced_tokens"] == 1100
    assert whole.total("agent_cost_component_usd_total", containing=UNKNOWN) == 0
    assert whole.total("agent_unpriced_tokens_total", containing=UNKNOWN) == 1100
    assert whole.total("agent_unpriced_calls_total", containing='reason="unknown_model"') == 1


def test_the_vectors_are_scraped_to_the_nano_dollar(database_url, tmp_path):
    whole = WholeWorker(database_url, tmp_path, {"prices": [CONTRACT_ROW]}, NOW, AGENT_EXPORTER_ACCEPT_AGE="unlimited")
    whole.push(request(*(vector.span() for vector in VECTORS), scope=SCOPE))
    whole.now_ns += BIRTH
    spent = sum(vector.nano_usd or 0 for vector in VECTORS)
    assert (
        sum(round(v * 10**9) for name, v in whole.samples().items() if name.startswith("agent_cost_usd_total")) == spent
    )
    parts = whole.samples().items()
    assert sum(round(v * 10**9) for name, v in parts if name.startswith("agent_cost_component_usd_total")) == spent
    whole.assert_audited()
    whole.close()
