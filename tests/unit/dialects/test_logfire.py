"""Logfire: cached tokens in the provider's usage object, streams on two spans, agents of the Claude Agent SDK."""

from __future__ import annotations

import json

import pytest

from exporter.dialects.registry import LIFT, read_span
from exporter.usage import AGENT, LLM, LOGS, MISSING, REPORTED, SPANS, Tokens
from support.spans import make_span

U = "gen_ai.usage."
RAW = U + "raw"
CALL = {
    "logfire.span_type": "span", "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.response.model": "claude-sonnet-4-5",
}  # fmt: skip
COUNTS = {U + "input_tokens": 4293, U + "output_tokens": 135}
ANTHROPIC = {
    "input_tokens": 1065, "output_tokens": 135, "cache_read_input_tokens": 2688, "cache_creation_input_tokens": 540,
    "cache_creation": {"ephemeral_5m_input_tokens": 315, "ephemeral_1h_input_tokens": 225},
}  # fmt: skip
PROCESS = {"service.name": "shop", "service.instance.id": "i-1"}


def read(attributes, scope="logfire.anthropic", **options):
    return read_span(make_span(attributes, scope=scope, **options))


def lifted(attributes, usage):
    return {**LIFT.take({**attributes, RAW: json.dumps(usage)}), **attributes}


def test_what_is_cached_stands_in_the_providers_usage_object():
    usage = read(lifted({**CALL, **COUNTS}, ANTHROPIC)).usage
    assert (usage.dialect, usage.tokens) == ("logfire", Tokens(1065, 2688, 315, 225, 135, 0))


def test_reasoning_stands_there_too():
    of_openai = {"input_tokens": 3330, "output_tokens": 160, "input_tokens_details": {"cached_tokens": 2304},
                 "output_tokens_details": {"reasoning_tokens": 46}}  # fmt: skip
    call = {**CALL, "gen_ai.provider.name": "openai", U + "input_tokens": 3330, U + "output_tokens": 160}
    assert read(lifted(call, of_openai), scope="logfire.openai").usage.tokens == Tokens(1026, 2304, 0, 0, 114, 46)


def test_an_unreadable_usage_object_leaves_what_the_span_says():
    attributes = {**LIFT.take({RAW: "{'input_tokens': 5}"}), **CALL, **COUNTS}
    assert read(attributes).usage.tokens == Tokens(4293, 0, 0, 0, 135, 0)


# ------------------------------------------------------------------------------------------------------- streams
END = {**CALL, **COUNTS, "logfire.span_type": "log", "duration": 0.5e-6}


def test_the_beginning_of_a_stream_is_no_call_of_its_own():
    assert read(CALL)[:2] == (LLM, None)


@pytest.mark.parametrize("said", [{"error.type": "RateLimitError"}, {"gen_ai.response.id": "msg_1"}])
def test_a_call_that_failed_or_was_answered_at_once_is_one(said):
    assert read({**CALL, **said}).usage.usage_status == MISSING


@pytest.mark.parametrize("scope", ["logfire", "logfire.openai_agents"])
def test_a_span_that_knows_of_no_streams_is_no_beginning_of_one(scope):
    assert read(CALL, scope).usage.usage_status == MISSING


def test_the_end_of_a_stream_has_its_usage_and_knows_when_it_began():
    usage = read({**END, "gen_ai.provider.name": "openai"}, scope="logfire.openai").usage
    assert (usage.usage_status, usage.start_ns, usage.end_ns, usage.signal) == (REPORTED, 1_500, 2_000, SPANS)


@pytest.mark.parametrize("duration", [-1.0, 1e9, "1", 1e308])
def test_an_impossible_duration_leaves_the_time_of_the_span(duration):
    assert read({**END, "duration": duration}).usage.start_ns == 1_000


def test_a_stream_of_anthropic_gives_way_to_the_span_of_the_sdk_in_the_same_process():
    native_attributes = {"gen_ai.operation.name": "chat", **COUNTS}
    native = read(native_attributes, scope="com.anthropic.sdk.python", resource=PROCESS).usage
    end = read(END, resource=PROCESS).usage
    assert (end.signal, end.outranked_by) == (LOGS, {SPANS})
    assert (native.signal, native.outranked_by) == (SPANS, frozenset())
    assert end.source == native.source != ""
    assert read(END, resource={**PROCESS, "service.instance.id": "i-2"}).usage.source != native.source


# --------------------------------------------------------------------------------------------- Claude Agent SDK
def test_19_the_agent_has_the_usage_and_its_calls_only_parts_of_it():
    scope = "logfire.claude_agent_sdk"
    root = read(
        {"gen_ai.operation.name": "invoke_agent", "gen_ai.provider.name": "anthropic", "operation.cost": 0.05,
         "gen_ai.request.model": "claude-sonnet-4-5", U + "input_tokens": 3000, U + "output_tokens": 500},
        scope,
    )  # fmt: skip
    parts = {U + "partial.input_tokens": 900, U + "partial.output_tokens": 1}
    call = read({**CALL, **parts}, scope)
    assert (root.kind, root.usage.tokens, root.usage.cost_reported_nano_usd) == (
        AGENT,
        Tokens(3000, 0, 0, 0, 500, 0),
        50_000_000,
    )
    assert (call.kind, call.usage.usage_status, call.usage.flags) == (LLM, MISSING, ("partial_usage",))


def test_partial_usage_is_none_whoever_sends_it():
    usage = read({**CALL, U + "partial.output_tokens": 1}, scope="my.tracer").usage
    assert (usage.usage_status, usage.flags) == (MISSING, ("partial_usage",))
