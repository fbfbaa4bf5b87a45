"""Copilot, Cline and Goose, and what programs without a dialect of their own say in events and metrics."""

from __future__ import annotations

import json

import pytest

from exporter.dialects.registry import LIFT, metrics_of, read_log, read_span
from exporter.usage import AGENT, LLM, LOGS, METRICS, MISSING, SPANS, TOOL, Tokens
from support.spans import make_points, make_record, make_span

DETAILS = "gen_ai.client.inference.operation.details"
COUNTER, HISTOGRAM = "gen_ai.client.inference.usage.", "gen_ai.client.token.usage"
CALL = {
    "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 10,
}  # fmt: skip
PROCESS = {"service.name": "github-copilot", "service.instance.id": "copilot-1"}
TURN = {
    "ulid": "01J", "source": "assistant", "provider": "anthropic", "model": "claude-sonnet-4-5", "tokensIn": 4,
    "tokensOut": 120, "cacheReadTokens": 9000, "cacheWriteTokens": 300, "totalCost": 0.0123,
}  # fmt: skip


def event(name, attributes, **options):
    return read_log(make_record(name, attributes, **options)).usage


def counted(values, attributes=CALL, **options):
    (metric, _), *_ = values
    points = make_points({name: attributes[name] for name in attributes if "usage" not in name}, **options)
    return metrics_of(metric, points.origin.scope).read(points, values).usage


# ------------------------------------------------------------------------------------------------------------ copilot
def test_of_three_signals_of_copilot_the_span_is_believed_first():
    options = {"scope": "github.copilot", "resource": PROCESS}
    span = read_span(make_span(CALL, **options)).usage
    log = event(DETAILS, CALL, **options)
    metric = counted({(f"{COUNTER}input_tokens", "unknown"): 100}, **options)
    assert {span.dialect, log.dialect, metric.dialect} == {"copilot"}
    assert span.source == log.source == metric.source
    assert (span.outranked_by, log.outranked_by) == (frozenset(), {SPANS})
    assert metric.outranked_by == {SPANS, LOGS}


def test_a_copilot_event_stands_for_itself_for_its_ids_may_be_those_of_an_agents_span():
    assert event(DETAILS, CALL, scope="copilot-chat", ids=(b"t" * 16, b"s" * 8)).record_key.startswith("hash:")


def test_copilots_events_do_not_say_that_github_answered():
    usage = event(DETAILS, CALL, scope="copilot-chat")
    assert (usage.provider, usage.gateway) == ("openai", "github")


def test_copilots_turns_repeat_their_calls():
    assert event("copilot_chat.agent.turn", CALL, scope="copilot-chat") is None


# -------------------------------------------------------------------------------------------------------------- cline
def test_a_turn_of_cline_counts_cached_tokens_beside_the_input():
    usage = event("task.conversation_turn", TURN)
    assert (usage.tokens, usage.provider) == (Tokens(4, 9000, 300, 0, 120, 0), "anthropic")
    assert (usage.cost_reported_nano_usd, usage.cost_source, usage.conversation_id) == (12_300_000, "estimate", "01J")


def test_what_the_user_said_is_no_call():
    assert event("task.conversation_turn", {**TURN, "source": "user"}) is None


def test_pieces_of_a_turn_are_shown_and_never_charged():
    usage = event("task.tokens", {name: TURN[name] for name in ("ulid", "model", "tokensIn", "tokensOut")})
    assert usage.never_billable == "partial_usage"


def test_cline_says_undefined_where_it_knows_nothing():
    usage = event("task.conversation_turn", {**TURN, "provider": "undefined", "cacheReadTokens": "undefined"})
    assert (usage.provider, usage.tokens.cache_read, usage.flags) == ("anthropic", 0, ("ttl_unknown",))


def test_a_gateway_of_cline_knows_what_it_charges():
    usage = event("task.conversation_turn", {**TURN, "provider": "openrouter", "model": "anthropic/claude-sonnet-4.5"})
    assert (usage.provider, usage.gateway, usage.cost_source) == ("anthropic", "openrouter", "gateway")


def test_a_failure_of_cline_is_an_error():
    usage = event("task.provider_api_error", {"ulid": "01J", "model": "gpt-5", "errorStatus": 429})
    assert (usage.error_type, usage.usage_status) == ("429", MISSING)


def test_clines_counters():
    values = {("cline.tokens.input.total", ""): 4, ("cline.tokens.output.total", ""): 120}
    usage = counted(values, {"ulid": "01J", "model": "claude-sonnet-4-5"}, scope="cline")
    assert (usage.tokens, usage.source) == (Tokens(4, 0, 0, 0, 120, 0), event("task.conversation_turn", TURN).source)


# -------------------------------------------------------------------------------------------------------------- goose
@pytest.mark.parametrize(("name", "kind"), [("reply", AGENT), ("complete", LLM), ("dispatch_tool_call", TOOL)])
def test_the_name_of_a_span_of_goose_tells_its_kind(name, kind):
    assert read_span(make_span({"input_tokens": 10, "output_tokens": 2}, scope="goose", name=name)).kind == kind


def test_what_goose_used_is_taken_out_of_the_json_in_which_it_stands():
    usage = {"input": 710, "output": 40, "total": 750, "cache_read_input_tokens": 500, "cache_write_input_tokens": 200}
    content = {"usage_details_json": json.dumps(usage), "cost_details_json": '{"total": 0.0123}'}
    lifted = LIFT.take(content)
    assert LIFT.take({"usage_details_json": "no JSON", "cost_details_json": "[1]"}) == {}
    attributes = {"observation_type": "GENERATION", "provider": "anthropic", "model": "claude-opus-4-8", **lifted}
    found = read_span(make_span(attributes, scope="goose", name="provider_generation")).usage
    assert (found.tokens, found.cost_reported_nano_usd) == (Tokens(10, 500, 200, 0, 40, 0), 12_300_000)


def test_gooses_counter_of_sessions_is_left_out():
    assert metrics_of("goose.session_tokens", "goose") is None


# -------------------------------------------------------------------------------------------------------- conventions
def test_an_event_without_the_ids_of_a_span_stands_for_itself():
    usage = event(DETAILS, CALL)
    assert (usage.dialect, usage.signal) == ("genai", LOGS)
    assert usage.record_key.startswith("hash:")
    assert usage.outranked_by == {SPANS}


def test_an_event_that_names_no_operation_is_a_call():
    attributes = {name: value for name, value in CALL.items() if name != "gen_ai.operation.name"}
    assert (event(DETAILS, attributes).kind, event(DETAILS, attributes).operation) == (LLM, "inference")


def test_an_event_of_a_failure_is_an_error():
    assert event(DETAILS, {"gen_ai.request.model": "gpt-5", "error.type": "timeout"}).error_type == "timeout"


def test_the_points_of_the_counters_differ_in_modality_and_add_up():
    values = {
        (f"{COUNTER}input_tokens", "text"): 100, (f"{COUNTER}input_tokens", "image"): 50,
        (f"{COUNTER}output_tokens", "text"): 10, (f"{COUNTER}cache_read.input_tokens", "text"): 40,
        (f"{COUNTER}reasoning.output_tokens", "text"): 4,
    }  # fmt: skip
    usage = counted(values)
    assert (usage.tokens, usage.signal) == (Tokens(110, 40, 0, 0, 6, 4), METRICS)


def test_a_histogram_counts_by_its_sums():
    usage = counted({(HISTOGRAM, "input"): 6801, (HISTOGRAM, "output"): 235.0})
    assert usage.tokens == Tokens(6801, 0, 0, 0, 235, 0)


def test_nothing_that_no_number_is_counts():
    usage = counted({(HISTOGRAM, "input"): 5, (HISTOGRAM, "output"): float("nan"), (HISTOGRAM, "unheard"): 7})
    assert usage.tokens == Tokens(5, 0, 0, 0, 0, 0)


def test_nobody_reads_other_metrics():
    assert metrics_of("gen_ai.client.operation.duration", "any") is None
