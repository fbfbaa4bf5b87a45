from __future__ import annotations

import pytest

from exporter.dialects.registry import read_span
from exporter.usage import AGENT, EMBEDDING, ESTIMATED, LLM, MISSING, REPORTED, WORKFLOW, Tokens
from support.spans import make_span

U = "gen_ai.usage."
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5",
    U + "input_tokens": 17,
    U + "output_tokens": 37,
}
OPENAI = "openlit.instrumentation.openai"
CACHED = {U + "cache_read.input_tokens": 0, U + "cache_creation.input_tokens": 0}
STREAM = {"gen_ai.request.stream": True}
NEW = {"openlit.agent.version_hash": "2a49"}


def read(attributes, scope=OPENAI):
    return read_span(make_span(attributes, scope=scope)).usage


@pytest.mark.parametrize(
    ("sent", "scope", "is_guess"),
    [
        (STREAM | NEW, OPENAI, True),
        (STREAM | NEW | CACHED, OPENAI, False),
        (STREAM, OPENAI, True),
        ({"gen_ai.request.is_stream": True}, OPENAI, True),
        (NEW, OPENAI, True),
        ({}, OPENAI, False),
        ({"gen_ai.request.stream": False}, OPENAI, False),
        (NEW, "openlit.instrumentation.groq", True),
        (NEW, "openlit.instrumentation.cohere", False),
        (NEW | STREAM, "openlit.instrumentation.langchain", False),
        (CACHED, "openlit.instrumentation.vllm", True),
    ],
)
def test_counts_that_no_answer_told_are_a_guess(sent, scope, is_guess):
    usage = read(CHAT | sent, scope)
    assert (usage.dialect, usage.kind, usage.tokens) == ("openlit", LLM, Tokens(17, 0, 0, 0, 37, 0))
    assert usage.usage_status == (ESTIMATED if is_guess else REPORTED)
    assert usage.flags == (("guessed_by_emitter",) if is_guess else ())


def test_nothing_and_zeros_are_missing_and_no_guess():
    named = {key: value for key, value in CHAT.items() if not key.startswith(U)}
    assert read(named | STREAM | NEW).usage_status == MISSING
    usage = read(CHAT | {U + "input_tokens": 0, U + "output_tokens": 0} | STREAM | NEW)
    assert (usage.usage_status, usage.flags) == (MISSING, ("zero_usage",))


def test_an_embedding_has_no_cached_tokens_to_speak_of():
    sent = {"gen_ai.operation.name": "embeddings", "gen_ai.request.model": "e", U + "input_tokens": 9} | NEW
    usage = read(sent)
    assert (usage.kind, usage.usage_status) == (EMBEDDING, REPORTED)


@pytest.mark.parametrize(("operation", "kind"), [("invoke_workflow", WORKFLOW), ("invoke_agent", AGENT)])
def test_frameworks_repeat_the_usage_of_their_last_call_on_an_aggregate(operation, kind):
    usage = read(CHAT | CACHED | {"gen_ai.operation.name": operation}, "openlit.instrumentation.langchain")
    assert (usage.kind, usage.usage_status) == (kind, REPORTED)


@pytest.mark.parametrize(
    ("scope", "provider", "tokens"),
    [
        ("openlit.instrumentation.anthropic", "anthropic", Tokens(5000, 500, 200, 0, 40, 0)),
        ("openlit.instrumentation.bedrock", "aws.bedrock", Tokens(5000, 500, 200, 0, 40, 0)),
        ("openlit.instrumentation.openai", "openai", Tokens(4300, 500, 200, 0, 40, 0)),
        ("openlit.instrumentation.litellm", "anthropic", Tokens(4300, 500, 200, 0, 40, 0)),
        ("openlit.instrumentation.claude_agent_sdk", "anthropic", Tokens(4300, 500, 200, 0, 40, 0)),
    ],
)
def test_it_counts_as_the_provider_does(scope, provider, tokens):
    counts = {"input_tokens": 5000, "cache_read.input_tokens": 500, "cache_creation.input_tokens": 200}
    sent = CHAT | {U + name: count for name, count in counts.items()} | {U + "output_tokens": 40}
    usage = read(sent | {"gen_ai.provider.name": provider, "gen_ai.client.token.usage": 5040}, scope)
    assert (usage.tokens, usage.flags) == (tokens, ("ttl_unknown",))


def test_the_thinking_of_gemini_stands_beside_the_output():
    sent = CHAT | CACHED | {U + "output_tokens": 114, U + "reasoning_tokens": 46, "gen_ai.provider.name": "gcp.gemini"}
    assert read(sent, "openlit.instrumentation.google_ai_studio").tokens == Tokens(17, 0, 0, 0, 114, 46)
    assert read(sent, OPENAI).tokens == Tokens(17, 0, 0, 0, 68, 46)


def test_its_cost_is_an_estimate():
    usage = read(CHAT | CACHED | {U + "cost": 0.5})
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (500_000_000, "estimate")


@pytest.mark.parametrize("scope", ["", "openlitter", "my.openlit"])
def test_its_scope_alone_tells_it_from_others(scope):
    assert read(CHAT | STREAM, scope).dialect == "genai"
    assert read(CHAT | STREAM, scope).usage_status == REPORTED
