"""The vectors of the dialects' specification that concern the dialects here and the basis of counting.

Numbers are the specification's.  F fresh, R cache read, W and W1 cache writes, V visible output, T reasoning.
"""

from __future__ import annotations

import pytest

from exporter.dialects.registry import read_span
from exporter.settle.tree import find_superseded
from exporter.usage import AGENT, EMBEDDING, LLM, MISSING, REPORTED, STEP, TOKEN_COUNT, TTL_UNKNOWN, Tokens
from support.entries import node
from support.spans import make_span

U, C = "gen_ai.usage.", "llm.token_count."
OFFICIAL = "opentelemetry.instrumentation.genai.anthropic"


def tokens(*, F=0, R=0, W=0, W1=0, V=0, T=0):
    return Tokens(F, R, W, W1, V, T)


def chat(provider=None, model="some-model", /, scope="", **usage):
    """A call whose usage is given under the names behind `gen_ai.usage.`, dots written as two underscores."""
    attributes = {U + name.replace("__", "."): count for name, count in usage.items()}
    attributes |= {"gen_ai.operation.name": "chat", "gen_ai.request.model": model}
    if provider:
        attributes["gen_ai.provider.name"] = provider
    return make_span(attributes, scope=scope)


CACHED_5000 = {
    "input_tokens": 5000, "cache_read__input_tokens": 500, "cache_creation__input_tokens": 200, "output_tokens": 40,
    "total_tokens": 5040,
}  # fmt: skip
CACHED_710 = {"input_tokens": 710, "cache_read__input_tokens": 500, "output_tokens": 40}
TIED = {
    "input_tokens": 1000, "cache_read__input_tokens": 80, "output_tokens": 100, "reasoning__output_tokens": 80,
    "total_tokens": 1180,
}  # fmt: skip

COUNTS = {
    "1 current names": (
        chat("openai", "gpt-5", input_tokens=1200, cache_read__input_tokens=1024, output_tokens=300,
             reasoning__output_tokens=200),
        tokens(F=176, R=1024, V=100, T=200), (),
    ),
    "2 names of 1.26": (
        make_span({"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4", "gen_ai.operation.name": "chat",
                   U + "prompt_tokens": 50, U + "completion_tokens": 20}),
        tokens(F=50, V=20), (),
    ),
    "3 cache_write": (
        chat("anthropic", scope=OFFICIAL, **CACHED_710, cache_write__input_tokens=200),
        tokens(F=10, R=500, W=200, V=40), (),
    ),
    "4 cache_creation": (
        chat("anthropic", scope=OFFICIAL, **CACHED_710, cache_creation__input_tokens=200),
        tokens(F=10, R=500, W=200, V=40), (),
    ),
    "5 both spellings of a write": (
        chat("anthropic", scope=OFFICIAL, **CACHED_710, cache_write__input_tokens=200,
             cache_creation__input_tokens=200),
        tokens(F=10, R=500, W=200, V=40), (),
    ),
    "6 input below cache is exclusive": (
        chat("anthropic", scope="openlit.instrumentation.anthropic", input_tokens=10, cache_read__input_tokens=500,
             cache_creation__input_tokens=200, output_tokens=40, total_tokens=50),
        tokens(F=10, R=500, W=200, V=40), (),
    ),
    "7 exclusive by emitter": (
        chat("anthropic", scope="openlit.instrumentation.anthropic", **CACHED_5000),
        tokens(F=5000, R=500, W=200, V=40), (),
    ),
    "8 inclusive by emitter": (
        chat("anthropic", scope=OFFICIAL, **CACHED_5000), tokens(F=4300, R=500, W=200, V=40), (),
    ),
    "9 unknown emitter": (
        chat("anthropic", scope="my.tracer", **CACHED_5000), tokens(F=4300, R=500, W=200, V=40), ("basis_guess",),
    ),
    "10 exclusive on Bedrock": (
        chat("aws.bedrock", scope="opentelemetry.instrumentation.bedrock", input_tokens=300,
             cache_read__input_tokens=2000, output_tokens=100),
        tokens(F=300, R=2000, V=100), (),
    ),
    "11 total proves exclusive": (
        chat(input_tokens=900, cache_read__input_tokens=500, output_tokens=100, total_tokens=1500),
        tokens(F=900, R=500, V=100), (),
    ),
    "12 OpenInference, Anthropic": (
        make_span({"openinference.span.kind": "LLM", "llm.provider": "anthropic", C + "prompt": 710,
                   C + "prompt_details.cache_read": 500, C + "prompt_details.cache_write": 200,
                   C + "completion": 40, C + "total": 750}, scope="openinference.instrumentation.anthropic"),
        tokens(F=10, R=500, W=200, V=40), (),
    ),
    "13 OpenAI with cache writes": (
        chat("openai", input_tokens=2000, cache_read__input_tokens=1000, cache_write__input_tokens=500,
             output_tokens=10),
        tokens(F=500, R=1000, W=500, V=10), (),
    ),
    "14 both generations at once": (
        chat("strands-agents", "us.anthropic.claude-sonnet-4-5", input_tokens=900, prompt_tokens=900,
             output_tokens=100, completion_tokens=100, total_tokens=1000),
        tokens(F=900, V=100), (),
    ),
    "18 details repeat the cache": (
        chat("openai", **CACHED_710, details__cache_read_tokens=500), tokens(F=210, R=500, V=40), (),
    ),
    "32 a limit is no usage": (
        chat("gcp.gemini", input_tokens=10, output_tokens=50, experimental__reasoning_tokens_limit=1024),
        tokens(F=10, V=50), (),
    ),
    "46 additive by size": (
        chat("x_ai", "grok-4", input_tokens=10120, output_tokens=1499, reasoning__output_tokens=2809,
             total_tokens=14428),
        tokens(F=10120, V=1499, T=2809), (),
    ),
    "47 subset": (
        chat("x_ai", "grok-4", input_tokens=100, output_tokens=300, reasoning__output_tokens=250, total_tokens=400),
        tokens(F=100, V=50, T=250), (),
    ),
    "48 reasoning above output": (
        chat(input_tokens=1, output_tokens=50, reasoning__output_tokens=250), tokens(F=1, V=50, T=250), (),
    ),
    "49 hidden reasoning": (
        chat("openai", "gemini-2.5-pro", input_tokens=100, output_tokens=20, total_tokens=420),
        tokens(F=100, V=20, T=300), ("hidden_reasoning",),
    ),
    "51 exclusive by size": (
        chat("anthropic", scope="agent_framework", input_tokens=10, cache_read__input_tokens=500, output_tokens=40),
        tokens(F=10, R=500, V=40), (),
    ),
    "52 Agent Framework on Anthropic": (
        chat("anthropic", scope="agent_framework", input_tokens=900, cache_read__input_tokens=500, output_tokens=1),
        tokens(F=900, R=500, V=1), (),
    ),
    "63 integral double and text of digits": (
        chat(input_tokens=12.0, output_tokens="12"), tokens(F=12, V=12), (),
    ),
    "66 old names, free-form provider": (
        make_span({"gen_ai.system": "Azure", "gen_ai.request.model": "gpt-4", U + "prompt_tokens": 10,
                   U + "completion_tokens": 5, "llm.usage.total_tokens": 15}),
        tokens(F=10, V=5), (),
    ),
    "69 Sentry style": (
        chat(input_tokens=710, input_tokens__cached=500, input_tokens__cache_write=200, output_tokens=40),
        tokens(F=10, R=500, W=200, V=40), (),
    ),
    "74 audio is part of the input": (
        chat(input_tokens=500, audio__input_tokens=300, output_tokens=1), tokens(F=500, V=1), (),
    ),
    "77 tie, additive provider": (
        chat("x_ai", **TIED), tokens(F=920, R=80, V=100, T=80), (),
    ),
    "78 tie, exclusive provider": (
        chat("anthropic", scope="my.tracer", **TIED), tokens(F=1000, R=80, V=20, T=80), (),
    ),
    "80 total proves exclusive beside a subset": (
        chat(input_tokens=1000, cache_read__input_tokens=300, output_tokens=100, reasoning__output_tokens=80,
             total_tokens=1400),
        tokens(F=1000, R=300, V=20, T=80), (),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("span", "expected", "flags"), COUNTS.values(), ids=COUNTS)
def test_counts_become_disjoint_classes(span, expected, flags):
    kind, usage, _ = read_span(span)
    said = tuple(flag for flag in usage.flags if flag != TTL_UNKNOWN)
    assert (kind, usage.tokens, said) == (LLM, expected, flags)


@pytest.mark.parametrize(
    ("written", "is_unknown"),
    [
        ({"gen_ai.usage.cache_write.input_tokens": 200}, True),
        ({"anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 200}, False),
        ({"anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 200}, False),
        ({}, False),
    ],
)
def test_writes_without_their_lifetime_say_so(written, is_unknown):
    span = chat("anthropic", input_tokens=700, output_tokens=1)
    usage = read_span(span._replace(attributes={**span.attributes, **written})).usage
    assert (TTL_UNKNOWN in usage.flags) is is_unknown
    assert usage.usage_status == REPORTED
    assert usage.never_billable == ""


WHO = {
    "1 response model": (chat("openai", "gpt-5", input_tokens=1), "openai", "", "gpt-5"),
    "14 framework, cloud model": (
        chat("strands-agents", "us.anthropic.claude-sonnet-4-5", input_tokens=1),
        "aws.bedrock", "", "us.anthropic.claude-sonnet-4-5",
    ),
    "53 cloud that sells another's model": (
        chat("aws.anthropic", "claude-x", input_tokens=1), "anthropic", "aws.bedrock", "claude-x",
    ),
    "64 framework": (chat("langchain", "claude-opus-4", input_tokens=1), "anthropic", "", "claude-opus-4"),
    "65 reseller": (chat("github", "gpt-5", input_tokens=1), "openai", "github", "gpt-5"),
    "66 free-form": (chat("Azure", "gpt-4", input_tokens=1), "azure.ai.openai", "", "gpt-4"),
    "76 unlisted provider stays": (chat("ollama", "llama3", input_tokens=1), "ollama", "", "llama3"),
}  # fmt: skip


@pytest.mark.parametrize(("span", "provider", "gateway", "model"), WHO.values(), ids=WHO)
def test_a_call_names_who_answered(span, provider, gateway, model):
    usage = read_span(span).usage
    assert (usage.provider, usage.gateway, usage.price_model) == (provider, gateway, model)


def test_25_of_agent_chain_and_call_that_repeat_each_other_the_call_counts():
    counts = {"llm.model_name": "gpt-5", C + "prompt": 100, C + "completion": 20}
    read = [read_span(make_span({**counts, "openinference.span.kind": kind})) for kind in ("AGENT", "CHAIN", "LLM")]
    assert [(one.kind, one.usage.tokens) for one in read] == [
        (kind, tokens(F=100, V=20)) for kind in (AGENT, STEP, LLM)
    ]
    tree = [node("agent", AGENT), node("chain", STEP, "agent"), node("call", LLM, "chain")]
    assert find_superseded({one.span_id: one for one in tree}).keys() == {one.span_id for one in tree[:2]}


@pytest.mark.parametrize("stated", [{}, {"gen_ai.operation.name": "chat"}])
def test_26_counting_tokens_is_never_billed_in_openinference_either(stated):
    kind, usage, _ = read_span(make_span({"openinference.span.kind": "TOKEN_COUNTER", C + "prompt": 5000, **stated}))
    assert (kind, usage.kind, usage.never_billable) == (TOKEN_COUNT, TOKEN_COUNT, "token_count")


def test_33_a_gateway_cache_hit_is_never_billed():
    span = chat("openai", input_tokens=500, output_tokens=50)
    usage = read_span(span._replace(attributes={**span.attributes, "litellm.cache_hit": True})).usage
    assert (usage.tokens, usage.never_billable) == (tokens(F=500, V=50), "cache_hit")


def test_54_a_response_fetched_again_is_never_billed():
    span = chat("openai", input_tokens=100, output_tokens=10)
    kind, usage, _ = read_span(
        span._replace(attributes={**span.attributes, "gen_ai.operation.name": "fetch_response"}),
    )
    assert usage.never_billable == "fetch_response"
    assert kind != LLM


def test_57_a_remote_agent_carries_its_own_usage():
    kind, usage, _ = read_span(
        make_span(
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.provider.name": "aws.bedrock",
                U + "input_tokens": 900,
                U + "output_tokens": 80,
            }
        )
    )
    assert (kind, usage.kind, usage.tokens, usage.provider) == (AGENT, AGENT, tokens(F=900, V=80), "aws.bedrock")


def test_60_embeddings_have_input_only():
    span = make_span(
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.request.model": "text-embedding-3-small",
            U + "input_tokens": 2048,
        }
    )
    kind, usage, _ = read_span(span)
    assert (kind, usage.tokens, usage.flags) == (EMBEDDING, tokens(F=2048), ())


def test_62_bad_numbers_are_no_usage():
    kind, usage, _ = read_span(chat(input_tokens=-5, output_tokens=float("nan"), cache_read__input_tokens="abc"))
    assert (kind, usage.usage_status, usage.tokens) == (LLM, MISSING, tokens())
    assert set(usage.flags) == {"negative_dropped", "unreadable_number", "usage_missing"}


def test_70_an_error_without_usage_is_a_call_without_a_bill():
    span = chat("openai")
    usage = read_span(span._replace(attributes={**span.attributes, "error.type": "429"})).usage
    assert (usage.usage_status, usage.error_type, usage.tokens) == (MISSING, "429", tokens())


def test_71_a_cut_stream_with_usage_is_billed():
    span = chat("openai", input_tokens=100, output_tokens=5)
    usage = read_span(span._replace(attributes={**span.attributes, "error.type": "timeout"})).usage
    assert (usage.usage_status, usage.error_type, usage.tokens) == (REPORTED, "timeout", tokens(F=100, V=5))


def test_72_a_stream_without_usage_is_unknown_and_not_free():
    usage = read_span(chat("openai")).usage
    assert (usage.usage_status, usage.flags) == (MISSING, ("usage_missing",))


def test_75_counting_tokens_is_never_billed():
    span = chat("anthropic", input_tokens=5000)
    kind, usage, _ = read_span(span._replace(attributes={**span.attributes, "gen_ai.operation.name": "count_tokens"}))
    assert (kind, usage.never_billable) == (TOKEN_COUNT, "token_count")
