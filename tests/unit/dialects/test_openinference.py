"""OpenInference, field by field; its vectors are among the others."""

from __future__ import annotations

import pytest

from exporter.dialects.openinference import DIALECT
from exporter.dialects.registry import DIALECTS, WANTED, read_span
from exporter.usage import (
    AGENT,
    EMBEDDING,
    EVAL,
    LLM,
    MISSING,
    OTHER,
    REPORTED,
    RERANK,
    RETRIEVAL,
    STEP,
    TOKEN_COUNT,
    TOOL,
    PriceContext,
    Tokens,
)
from support.reading import read_sent, usage_sent
from support.spans import make_span

KIND = "openinference.span.kind"
C = "llm.token_count."
CALL = {KIND: "LLM", "llm.provider": "openai", "llm.model_name": "gpt-5", C + "prompt": 100, C + "completion": 20}


def usage_of(attributes, **options):
    return read_span(make_span(attributes, **options)).usage


# ---------------------------------------------------------------------------------------------------- recognition
def test_it_is_asked_before_the_conventions():
    usage = usage_of({**CALL, "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 100})
    assert usage.dialect == "openinference"


@pytest.mark.parametrize("mark", ["prompt", "completion", "total", "prompt_details.cache_read"])
def test_its_counts_alone_are_a_mark(mark):
    assert usage_of({"gen_ai.operation.name": "chat", C + mark: 7}).dialect == "openinference"


def test_a_model_name_alone_is_no_mark():
    assert read_span(make_span({"llm.model_name": "gpt-5"}))[:2] == (OTHER, None)


def test_the_official_conventions_stay_with_their_dialect():
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 9}
    for scope in ("", "openinference.instrumentation.openai"):
        assert usage_of(attributes, scope=scope).dialect == "genai"


def test_every_mark_is_its_own():
    assert DIALECT.marks.isdisjoint(DIALECTS[-1].wanted)
    assert "output.value" not in WANTED


# ----------------------------------------------------------------------------------------------------- kind of work
@pytest.mark.parametrize(
    ("stated", "kind", "operation"),
    [
        ("LLM", LLM, "chat"),
        ("llm", LLM, "chat"),
        ("EMBEDDING", EMBEDDING, "embeddings"),
        ("RERANKER", RERANK, "rerank"),
        ("DECISION", LLM, "decision"),
        ("AGENT", AGENT, "invoke_agent"),
        ("CHAIN", STEP, "chain"),
        ("GUARDRAIL", STEP, "guardrail"),
        ("PROMPT", STEP, "prompt"),
    ],
)
def test_a_kind_that_may_consume_is_billable(stated, kind, operation):
    found, usage, _ = read_span(make_span({**CALL, KIND: stated}))
    assert (found, usage.kind, usage.operation, usage.never_billable) == (kind, kind, operation, "")


@pytest.mark.parametrize(
    ("stated", "kind", "reason"),
    [
        ("TOOL", TOOL, "tool"),
        ("RETRIEVER", RETRIEVAL, "retrieval"),
        ("EVALUATOR", EVAL, "evaluation"),
        ("TOKEN_COUNTER", TOKEN_COUNT, "token_count"),
    ],
)
def test_usage_on_what_is_no_call_is_kept_and_never_billed(stated, kind, reason):
    usage = usage_of({**CALL, KIND: stated})
    assert (usage.kind, usage.never_billable, usage.tokens.input_total) == (kind, reason, 100)


@pytest.mark.parametrize("stated", ["AGENT", "CHAIN", "TOOL", "RETRIEVER", "GUARDRAIL", "PROMPT", "EVALUATOR", "NEW"])
def test_without_usage_such_a_span_only_shapes_its_trace(stated):
    assert read_span(make_span({KIND: stated})).usage is None


def test_the_operation_of_the_conventions_is_believed_first_if_it_is_known():
    assert usage_of({**CALL, "gen_ai.operation.name": "text_completion"}).operation == "text_completion"
    assert read_span(make_span({**CALL, KIND: "CHAIN", "gen_ai.operation.name": "embeddings"})).kind == EMBEDDING
    assert usage_of({**CALL, "gen_ai.operation.name": "ask_oracle"}).operation == "chat"


def test_a_kind_that_nobody_knows_is_a_call_if_it_names_a_model():
    assert read_span(make_span({**CALL, KIND: "NEW"})).kind == LLM
    assert read_span(make_span({KIND: "NEW", C + "prompt": 1, C + "completion": 1})).kind == STEP


def test_a_call_without_usage_is_unknown_and_not_free():
    usage = usage_of({KIND: "LLM", "llm.model_name": "gpt-5"})
    assert (usage.usage_status, usage.flags) == (MISSING, ("usage_missing",))
    usage = usage_of({**CALL, C + "prompt": 0, C + "completion": 0})
    assert (usage.usage_status, usage.flags) == (MISSING, ("zero_usage",))


def test_what_llama_index_prepares_is_no_call_of_its_own():
    attributes = {KIND: "LLM", "llm.model_name": "gpt-5"}
    assert read_span(make_span(attributes, name="OpenAI._prepare_chat_with_tools"))[:2] == (STEP, None)
    assert read_span(make_span(CALL, name="OpenAI._prepare_chat_with_tools")).usage.usage_status == REPORTED


# ----------------------------------------------------------------------------------------------------------- fields
def test_every_field_of_a_full_span_is_read():
    attributes = {
        KIND: "LLM",
        "llm.provider": "azure",
        "llm.system": "openai",
        "llm.model_name": "gpt-5",
        "llm.request.model_name": "gpt-5-alias",
        "llm.response.model_name": "gpt-5-2025-08-07",
        C + "prompt": 1200,
        C + "prompt_details.cache_read": 1024,
        C + "prompt_details.audio": 3,
        C + "completion": 300,
        C + "completion_details.reasoning": 200,
        C + "completion_details.audio": 0,
        C + "total": 1500,
        "llm.cost.total": 0.25,
        "session.id": "s1",
        "agent.name": "coder",
        "gen_ai.response.id": "resp_1",
        "openai.response.service_tier": "flex",
    }
    scope = "openinference.instrumentation.openai"
    usage = usage_of(attributes, scope=scope, resource={"service.name": "svc"})
    assert (usage.signal, usage.dialect, usage.scope, usage.kind) == ("span", "openinference", scope, "llm")
    assert (usage.provider, usage.gateway) == ("azure.ai.openai", "")
    assert (usage.request_model, usage.response_model, usage.price_model) == (
        "gpt-5-alias", "gpt-5-2025-08-07", "gpt-5-2025-08-07",
    )  # fmt: skip
    assert (usage.service, usage.agent, usage.conversation_id, usage.call_key) == ("svc", "coder", "s1", "resp_1")
    assert (usage.tokens, usage.usage_status) == (Tokens(176, 1024, 0, 0, 100, 200), REPORTED)
    assert usage.context == PriceContext(service_tier="flex")
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (250_000_000, "estimate")
    assert (usage.flags, usage.never_billable) == ((), "")


def test_two_spellings_of_one_count_are_one_count():
    attributes = {
        **CALL,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 60,
        C + "prompt_details.cache_read": 60,
        C + "prompt_details.cache_input": 60,
    }
    assert usage_of(attributes).tokens == Tokens(40, 60, 0, 0, 20, 0)


def test_the_names_of_the_conventions_are_believed_before_its_own():
    attributes = {
        **CALL,
        "gen_ai.usage.input_tokens": 70,
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.conversation.id": "c",
        "session.id": "s",
    }
    usage = usage_of(attributes)
    assert (usage.tokens, usage.request_model) == (Tokens(70, 0, 0, 0, 20, 0), "gpt-5-mini")
    assert (usage.provider, usage.conversation_id) == ("azure.ai.openai", "c")


@pytest.mark.parametrize(
    ("kind", "attributes", "tokens", "model"),
    [
        ("EMBEDDING", {"embedding.model_name": "e", C + "prompt": 9, C + "total": 9}, Tokens(9), "e"),
        ("EMBEDDING", {"embedding.model_name": "e", C + "total": 9}, Tokens(9), "e"),
        ("RERANKER", {"reranker.model_name": "r", C + "prompt": 9}, Tokens(9), "r"),
        (
            "DECISION",
            {"decision.model_name": "d", "decision.token_count.input": 9, "decision.token_count.output": 2},
            Tokens(9, 0, 0, 0, 2, 0),
            "d",
        ),
    ],
)
def test_models_that_do_not_write_have_names_and_counts_of_their_own(kind, attributes, tokens, model):
    usage = usage_of({KIND: kind, **attributes})
    assert (usage.tokens, usage.price_model, usage.flags) == (tokens, model, ())


@pytest.mark.parametrize(
    ("stated", "provider", "gateway"),
    [
        ({"llm.provider": "google", "llm.system": "vertexai"}, "gcp.gemini", ""),
        ({"llm.system": "mistralai"}, "mistral_ai", ""),
        ({"llm.provider": "litellm", "llm.system": "openai"}, "openai", "litellm"),
        ({"llm.provider": "langchain", "llm.model_name": "claude-opus-4"}, "anthropic", ""),
        ({"llm.model_name": "gpt-5"}, "openai", ""),
        ({"llm.model_name": "llama3", "server.address": "api.groq.com"}, "groq", ""),
        ({"decision.provider": "typesafe", "decision.model_name": "jev-1"}, "typesafe", ""),
        ({"llm.model_name": "llama3"}, "", ""),
    ],
)
def test_who_answered_is_stated_or_inferred(stated, provider, gateway):
    usage = usage_of({KIND: "LLM", C + "prompt": 1, **stated})
    assert (usage.provider, usage.gateway) == (provider, gateway)


@pytest.mark.parametrize(
    ("stated", "nano", "source"),
    [
        ({"llm.cost.total": 0.5, "llm.cost.prompt": 0.1, "llm.cost.completion": 0.2}, 500_000_000, "estimate"),
        ({"llm.cost.prompt": 0.1, "llm.cost.completion": "0.2"}, 300_000_000, "estimate"),
        ({"llm.cost.prompt": 0.1}, 100_000_000, "estimate"),
        ({"llm.cost.total": 0, "llm.cost.prompt": 0, "llm.cost.completion": 0}, None, ""),
        ({"llm.cost.prompt_details.input": 0.1}, None, ""),
        ({"llm.cost.total": 0.5, "llm.provider": "openrouter"}, 500_000_000, "gateway"),
        ({"llm.cost.total": 0.5, "operation.cost": 0.25}, 250_000_000, "estimate"),
    ],
)
def test_a_reported_cost_is_kept_with_who_stated_it(stated, nano, source):
    usage = usage_of({**CALL, **stated})
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (nano, source)


def test_a_cost_alone_is_usage():
    usage = usage_of({KIND: "LLM", "llm.model_name": "gpt-5", "llm.cost.total": 0.5})
    assert (usage.usage_status, usage.tokens, usage.cost_reported_nano_usd) == (REPORTED, Tokens(), 500_000_000)


def test_an_error_has_a_type():
    assert usage_of(CALL, status=2).error_type == "_OTHER"
    assert usage_of({**CALL, "error.type": "429"}).error_type == "429"


# ------------------------------------------------------------------------------------------------ how they count
CACHED = {
    KIND: "LLM", "llm.provider": "anthropic", "llm.model_name": "claude-sonnet-4-5",
    C + "prompt": 5000, C + "prompt_details.cache_read": 500, C + "completion": 40,
}  # fmt: skip
INCLUSIVE, EXCLUSIVE = Tokens(4500, 500, 0, 0, 40, 0), Tokens(5000, 500, 0, 0, 40, 0)


@pytest.mark.parametrize(
    ("scope", "provider", "tokens", "flags"),
    [
        ("openinference.instrumentation.anthropic", "anthropic", INCLUSIVE, ()),
        ("openinference.instrumentation.langchain", "anthropic", INCLUSIVE, ()),
        ("openinference.instrumentation.bedrock", "aws", INCLUSIVE, ()),
        ("@arizeai/openinference-instrumentation-anthropic", "anthropic", INCLUSIVE, ()),
        ("openinference.instrumentation.agno", "openai", INCLUSIVE, ()),
        ("openinference.instrumentation.agno", "anthropic", EXCLUSIVE, ()),
        ("envoyproxy/ai-gateway", "anthropic", INCLUSIVE, ()),
        ("my.tracer", "anthropic", INCLUSIVE, ("basis_guess",)),
        ("@arizeaix", "anthropic", INCLUSIVE, ("basis_guess",)),
    ],
)
def test_the_input_contains_what_was_cached_but_for_agno_with_claude(scope, provider, tokens, flags):
    usage = usage_of({**CACHED, "llm.provider": provider}, scope=scope)
    assert (usage.tokens, usage.flags) == (tokens, flags)


def test_more_cached_tokens_than_input_prove_that_it_does_not_contain_them():
    usage = usage_of({**CACHED, C + "prompt": 1039, C + "prompt_details.cache_read": 2432})
    assert usage.tokens == Tokens(1039, 2432, 0, 0, 40, 0)


BESIDE = {
    "langfuse": {"langfuse.observation.type": "generation", "langfuse.observation.model.name": "gpt-4o",
                 "langfuse.observation.usage_details": '{"input":100,"output":10}'},
    "mlflow": {"mlflow.spanType": '"LLM"', "mlflow.llm.model": '"gpt-4o"',
               "mlflow.chat.tokenUsage": '{"input_tokens":100,"output_tokens":10,"total_tokens":110}'},
}  # fmt: skip


@pytest.mark.parametrize("dialect", BESIDE)
def test_a_kind_on_a_span_leaves_its_numbers_and_model_to_who_knows_them(dialect):
    usage = usage_sent({"openinference.span.kind": "LLM"} | BESIDE[dialect])
    assert (usage.dialect, usage.request_model, usage.tokens) == (dialect, "gpt-4o", Tokens(100, 0, 0, 0, 10, 0))


@pytest.mark.parametrize("dialect", BESIDE)
def test_a_kind_without_any_numbers_stays_a_kind(dialect):
    mark = next(key for key in BESIDE[dialect])
    assert read_sent({"openinference.span.kind": "AGENT", mark: BESIDE[dialect][mark]})[:2] == (AGENT, None)


def test_own_numbers_and_model_are_read_before_those_of_another():
    own = {"llm.token_count.prompt": 7, "llm.token_count.completion": 3, "llm.model_name": "gpt-4o"}
    assert usage_sent({"openinference.span.kind": "LLM"} | own | BESIDE["langfuse"]).dialect == "openinference"
