from __future__ import annotations

import json

import pytest

from exporter.usage import AGENT, EMBEDDING, EVAL, LLM, MISSING, RERANK, RETRIEVAL, STEP, TOOL, WORKFLOW, Tokens
from support.reading import decoded, read_sent, usage_sent

SCOPE = "mlflow.tracing.provider"
SECRET = "tell nobody"
STATED = {
    "input_tokens": 710,
    "output_tokens": 40,
    "total_tokens": 750,
    "cache_read_input_tokens": 500,
    "cache_creation_input_tokens": 200,
}


def call(usage=None, /, **more):
    """A call as MLflow sends it: every value encoded as JSON."""
    attributes = {"spanType": "CHAT_MODEL", "llm.model": "claude-sonnet-4-5"}
    attributes |= {name.replace("__", "."): value for name, value in more.items()}
    if usage is not None:
        attributes["chat.tokenUsage"] = usage
    return {f"mlflow.{name}": json.dumps(value) for name, value in attributes.items()}


def test_68_the_counts_are_those_of_the_conventions():
    usage = usage_sent(call(STATED, llm__provider="anthropic", trace__session="s1"), scope=SCOPE)
    assert usage.tokens == Tokens(10, 500, 200, 0, 40, 0)
    assert (usage.dialect, usage.kind, usage.provider) == ("mlflow", LLM, "anthropic")
    assert (usage.request_model, usage.conversation_id) == ("claude-sonnet-4-5", "s1")
    assert usage.flags == ("ttl_unknown",)


def test_long_lived_writes_are_told_apart():
    usage = usage_sent(call(STATED | {"cache_creation_input_tokens_above_1hr": 50}), scope=SCOPE)
    assert (usage.tokens, usage.flags) == (Tokens(10, 500, 150, 50, 40, 0), ())


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ("LLM", LLM),
        ("CHAT_MODEL", LLM),
        ("EMBEDDING", EMBEDDING),
        ("RERANKER", RERANK),
        ("AGENT", AGENT),
        ("TOOL", TOOL),
        ("RETRIEVER", RETRIEVAL),
        ("EVALUATOR", EVAL),
        ("WORKFLOW", WORKFLOW),
        ("CHAIN", STEP),
        ("TASK", STEP),
        ("PARSER", STEP),
        ("GUARDRAIL", STEP),
        ("MEMORY", STEP),
    ],
)
def test_the_type_of_a_span_is_its_kind(stated, kind):
    assert read_sent(call(spanType=stated)).kind == kind


def test_the_answer_says_what_the_counts_leave_out():
    answer = {
        "id": "chatcmpl-0123",
        "model": "gpt-5",
        "service_tier": "flex",
        "choices": [{"message": {"content": SECRET}}],
        "usage": {
            "prompt_tokens": 3471,
            "completion_tokens": 170,
            "completion_tokens_details": {"reasoning_tokens": 49},
            "prompt_tokens_details": {"cached_tokens": 2432},
        },
    }
    sent = call({"input_tokens": 3471, "output_tokens": 170, "cache_read_input_tokens": 2432}, spanOutputs=answer)
    assert SECRET not in str(decoded(sent))
    usage = usage_sent(sent, scope=SCOPE)
    assert (usage.tokens, usage.call_key) == (Tokens(1039, 2432, 0, 0, 121, 49), "chatcmpl-0123")
    assert usage.context.service_tier == "flex"


def test_an_embedding_has_its_usage_in_the_answer_alone():
    answer = {"model": "text-embedding-3-small", "data": [], "usage": {"prompt_tokens": 1117, "total_tokens": 1117}}
    usage = usage_sent(call(spanType="EMBEDDING", spanOutputs=answer), scope=SCOPE)
    assert (usage.kind, usage.tokens) == (EMBEDDING, Tokens(1117))


def test_what_an_agent_passes_on_is_no_answer_of_its_own():
    answer = {"id": "chatcmpl-0123", "model": "gpt-5", "usage": {"prompt_tokens": 10, "completion_tokens": 1}}
    assert read_sent(call(spanType="AGENT", spanOutputs=answer))[:2] == (AGENT, None)


def test_the_sum_over_a_trace_is_no_usage():
    sent = call(spanType="CHAIN") | {"mlflow.trace.tokenUsage": json.dumps(STATED)}
    assert read_sent(sent)[:2] == (STEP, None)


def test_a_failed_call_names_the_model_that_was_asked():
    sent = {"mlflow.spanType": '"CHAT_MODEL"', "model": '"gpt-4o-mini"'}
    usage = usage_sent(sent, scope=SCOPE, status=2)
    assert (usage.usage_status, usage.error_type, usage.request_model) == (MISSING, "_OTHER", "gpt-4o-mini")


@pytest.mark.parametrize(
    ("cost", "nano"),
    [
        ({"input_cost": 0.1, "output_cost": 0.2, "total_cost": 0.5}, 500_000_000),
        ({"input_cost": 0.1, "output_cost": 0.2}, 300_000_000),
        ({"total_cost": "much"}, None),
        ({}, None),
    ],
)
def test_the_cost_is_an_estimate_of_the_emitter(cost, nano):
    usage = usage_sent(call(STATED, llm__cost=cost), scope=SCOPE)
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (nano, "estimate" if nano else "")


def test_counts_that_json_writes_with_a_fraction_are_counts():
    usage = usage_sent(call({"input_tokens": 100.0, "output_tokens": 10.0}), scope=SCOPE)
    assert usage.tokens == Tokens(100, 0, 0, 0, 10, 0)
