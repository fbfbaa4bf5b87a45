"""AG2: which spans are calls, and which repeat them."""

from __future__ import annotations

import pytest

from exporter.dialects.registry import read_span
from exporter.usage import AGENT, LLM, STEP, TOOL, WORKFLOW, Tokens
from support.spans import make_span

SCOPE = "opentelemetry.instrumentation.ag2"
TYPE = "ag2.span.type"
U = "gen_ai.usage."
COUNTS = {U + "input_tokens": 1065, U + "output_tokens": 135}


def read(attributes, **options):
    return read_span(make_span(attributes, scope=SCOPE, **options))


@pytest.mark.parametrize(
    ("span_type", "kind"),
    [("llm", LLM), ("agent", AGENT), ("tool", TOOL), ("conversation", WORKFLOW), ("multi_conversation", WORKFLOW)],
)
def test_its_span_type_tells_the_kind(span_type, kind):
    assert read({TYPE: span_type, "gen_ai.request.model": "gpt-5", **COUNTS}).kind == kind


def test_a_conversation_that_names_a_model_is_still_a_sum():
    operation = {"gen_ai.operation.name": "conversation", "gen_ai.request.model": "gpt-5", **COUNTS}
    assert read({TYPE: "conversation", **operation, U + "cost": 0.001}).usage.kind == WORKFLOW
    assert read_span(make_span(operation)).usage.kind == WORKFLOW


def test_a_type_that_nobody_knows_leaves_the_operation():
    assert read({TYPE: "handoff", "gen_ai.operation.name": "invoke_agent"}).kind == AGENT


@pytest.mark.parametrize("kind", ["model_call", "anything"])
def test_usage_that_is_recorded_again_is_never_billed(kind):
    usage = read({TYPE: "usage", "ag2.usage.kind": kind, "gen_ai.response.model": "gpt-5", **COUNTS}).usage
    assert (usage.kind, usage.tokens, usage.never_billable) == (STEP, Tokens(1065, 0, 0, 0, 135, 0), "repeat")


def test_what_another_agent_used_is_a_sum_beside_its_spans():
    usage = read({TYPE: "usage", "ag2.usage.kind": "subtask", "gen_ai.response.model": "gpt-5", **COUNTS}).usage
    assert (usage.kind, usage.is_rollup, usage.never_billable) == (WORKFLOW, True, "")


@pytest.mark.parametrize("kind", ["compaction", "aggregation"])
def test_calls_that_have_no_span_of_their_own_are_billed(kind):
    usage = read({TYPE: "usage", "ag2.usage.kind": kind, "gen_ai.response.model": "gpt-5", **COUNTS}).usage
    assert (usage.kind, usage.operation, usage.never_billable) == (LLM, f"record_usage {kind}", "")


@pytest.mark.parametrize("provider", ["anthropic", "bedrock"])
def test_providers_that_count_the_cache_apart_are_handed_on_as_they_are(provider):
    cached = {U + "cache_read_input_tokens": 500, U + "cache_creation_input_tokens": 90}
    call = {TYPE: "llm", "gen_ai.provider.name": provider, "gen_ai.request.model": "claude-x", **COUNTS, **cached}
    assert read(call).usage.tokens == Tokens(1065, 500, 90, 0, 135, 0)


def test_gemini_counts_thinking_apart_and_openai_does_not():
    thinking = {TYPE: "llm", **COUNTS, U + "thinking_tokens": 46}
    gemini = read({**thinking, "gen_ai.provider.name": "gemini", "gen_ai.request.model": "gemini-2.5-pro"})
    openai = read({**thinking, "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5"})
    assert gemini.usage.tokens[4:] == (135, 46)
    assert openai.usage.tokens[4:] == (89, 46)
