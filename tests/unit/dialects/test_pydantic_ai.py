"""pydantic-ai: splits that stand in its details alone, and sums that are no usage."""

from __future__ import annotations

import pytest

from exporter.dialects.registry import read_span
from exporter.usage import AGENT, LLM, TTL_UNKNOWN, Tokens
from support.spans import make_span

SCOPE = "pydantic-ai"
U, D = "gen_ai.usage.", "gen_ai.usage.details."
CALL = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5",
    U + "input_tokens": 3995, U + "output_tokens": 121, U + "cache_read.input_tokens": 2432,
    U + "cache_creation.input_tokens": 524, "operation.cost": 0.008,
}  # fmt: skip


def usage_of(attributes, scope=SCOPE):
    return read_span(make_span(attributes, scope=scope)).usage


def test_long_lived_writes_stand_in_the_details():
    usage = usage_of({**CALL, D + "ephemeral_1h_input_tokens": 215})
    assert usage.tokens == Tokens(1039, 2432, 309, 215, 121, 0)
    assert TTL_UNKNOWN not in usage.flags
    assert usage.cost_reported_nano_usd == 8_000_000


@pytest.mark.parametrize("name", ["reasoning_tokens", "thoughts_tokens"])
def test_reasoning_stands_in_the_details(name):
    call = {**CALL, "gen_ai.provider.name": "gcp.gemini", U + "output_tokens": 210, D + name: 61}
    assert usage_of(call).tokens[4:] == (149, 61)


def test_details_that_repeat_a_count_are_not_added_to_it():
    details = {
        D + "input_tokens": 1039, D + "cache_read_tokens": 2432, D + "cache_write_tokens": 524,
        D + "cache_creation_input_tokens": 524, D + "cache_read_input_tokens": 2432, D + "output_tokens": 121,
    }  # fmt: skip
    assert usage_of({**CALL, **details}).tokens == Tokens(1039, 2432, 524, 0, 121, 0)


def test_its_details_are_read_whoever_sends_them():
    usage = usage_of({**CALL, D + "ephemeral_1h_input_tokens": 215}, scope="my.tracer")
    assert (usage.dialect, usage.tokens.cache_write_1h) == ("pydantic_ai", 215)


def test_an_aggregate_under_its_own_names_is_no_usage():
    run = {
        "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner",
        "gen_ai.aggregated_usage.input_tokens": 8775, "gen_ai.aggregated_usage.output_tokens": 333,
    }  # fmt: skip
    assert read_span(make_span(run, scope=SCOPE))[:2] == (AGENT, None)


def test_an_aggregate_under_the_names_of_a_call_is_an_agents():
    run = {"gen_ai.operation.name": "invoke_agent", U + "input_tokens": 100, U + "output_tokens": 20}
    assert read_span(make_span(run, scope=SCOPE, name="agent run")).usage.kind == AGENT


def test_a_call_is_a_call():
    assert read_span(make_span(CALL, scope=SCOPE)).kind == LLM
