from __future__ import annotations

from base64 import b64encode

import pytest

from exporter.usage import EMBEDDING, EVAL, LLM, MEDIA, MISSING, OTHER, RERANK, TOOL, Tokens
from support.reading import decoded, read_sent, usage_sent

U = "gen_ai.usage."
CALLBACK = {
    "litellm.call_id": "0b5e",
    "litellm.provider.model": "openai/gpt-5",
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "openai",
    "gen_ai.request.model": "gpt-5",
    "gen_ai.response.model": "gpt-5-2025-08-07",
    "llm.request.type": "completion",
    U + "input_tokens": 3330,
    U + "output_tokens": 160,
    U + "total_tokens": 3490,
}
SECOND = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5",
    "litellm.call_type": "acompletion",
    "litellm.provider.model": "gpt-5",
    U + "input_tokens": 500,
    U + "output_tokens": 50,
}


def test_cached_tokens_and_reasoning_come_out_of_a_printed_object():
    usage_object = (
        "{'completion_tokens': 160, 'prompt_tokens': 3330, 'total_tokens': 3490, 'completion_tokens_details': "
        "{'audio_tokens': None, 'reasoning_tokens': 46}, 'prompt_tokens_details': {'cached_tokens': 2304}}"
    )
    sent = CALLBACK | {"metadata.usage_object": usage_object, "gen_ai.cost.total_cost": 0.0031705}
    assert "metadata.usage_object" not in decoded(sent)
    usage = usage_sent(sent, scope="litellm")
    assert (usage.dialect, usage.kind, usage.tokens) == ("litellm", LLM, Tokens(1026, 2304, 0, 0, 114, 46))
    assert (usage.provider, usage.gateway, usage.price_model) == ("openai", "litellm", "gpt-5-2025-08-07")
    assert (usage.cost_reported_nano_usd, usage.cost_source, usage.flags) == (3_170_500, "gateway", ())


@pytest.mark.parametrize("text", ["", "{}", "Usage(prompt_tokens=5)", "{'prompt_tokens': __import__('os')}", "[1]"])
def test_a_printed_object_that_is_none_leaves_the_counts(text):
    assert usage_sent(CALLBACK | {"metadata.usage_object": text}).tokens == Tokens(3330, 0, 0, 0, 160, 0)


def test_zeros_of_a_stream_are_unknown_and_not_free():
    zeros = {U + "input_tokens": 0, U + "output_tokens": 0, U + "total_tokens": 0, "gen_ai.cost.total_cost": 0.0}
    printed = {"metadata.usage_object": "{'completion_tokens': 0, 'prompt_tokens': 0, 'prompt_tokens_details': None}"}
    usage = usage_sent(CALLBACK | zeros | printed)
    assert (usage.usage_status, usage.flags, usage.cost_reported_nano_usd) == (MISSING, ("zero_usage",), None)


def test_the_raw_request_below_a_call_repeats_it_and_is_not_read():
    printed = "{'completion_tokens': 160, 'prompt_tokens': 3330}"
    raw = {"llm.openai.id": "chatcmpl-1", "llm.openai.model": "gpt-5", "llm.openai.usage": printed}
    assert decoded(raw) == {}
    assert read_sent(raw, scope="litellm", name="raw_gen_ai_request")[:2] == (OTHER, None)


@pytest.mark.parametrize(
    ("call_type", "stated", "kind", "operation"),
    [
        ("acompletion", None, LLM, "chat"),
        (None, "acompletion", LLM, "chat"),
        (None, "completion", LLM, "chat"),
        (None, "aresponses", LLM, "chat"),
        ("anthropic_messages", "chat", LLM, "chat"),
        ("atext_completion", "text_completion", LLM, "text_completion"),
        ("_arealtime", None, LLM, "chat"),
        ("aembedding", "embeddings", EMBEDDING, "embeddings"),
        ("arerank", None, RERANK, "rerank"),
        ("atranscription", "generate_content", MEDIA, "transcription"),
        ("aimage_generation", "generate_content", MEDIA, "image_generation"),
        ("agenerate_content", "generate_content", LLM, "generate_content"),
        (None, "litellm.passthrough", LLM, "litellm.passthrough"),
        (None, "execute_tool", TOOL, "execute_tool"),
    ],
)
def test_call_types_and_their_asynchronous_twins_are_operations(call_type, stated, kind, operation):
    sent = {**SECOND, "litellm.call_type": call_type, "gen_ai.operation.name": stated}
    usage = usage_sent({key: value for key, value in sent.items() if value is not None})
    assert (usage.kind, usage.operation) == (kind, operation)


@pytest.mark.parametrize(
    ("call_type", "stated"),
    [("aget_responses", "litellm.responses_management"), (None, "litellm.responses_management")],
)
def test_a_response_read_again_is_never_billed(call_type, stated):
    sent = {**SECOND, "litellm.call_type": call_type or "", "gen_ai.operation.name": stated}
    assert usage_sent(sent).never_billable == "fetch_response"


def test_33_an_answer_from_the_cache_is_never_billed():
    usage = usage_sent(SECOND | {"litellm.cache_hit": True, "litellm.saved_cache_cost": 0.5})
    assert (usage.tokens, usage.provider, usage.never_billable) == (Tokens(500, 0, 0, 0, 50, 0), "openai", "cache_hit")
    assert usage.cost_reported_nano_usd is None


def test_34_the_report_of_a_gateway_has_the_same_id_and_the_cost():
    seen = usage_sent({**SECOND, "litellm.cost.total": 0.0021, "gen_ai.response.id": "chatcmpl-0123456789abcdef"})
    own = usage_sent({key: value for key, value in SECOND.items() if not key.startswith("litellm.")}
                     | {"gen_ai.response.id": "chatcmpl-0123456789abcdef"})  # fmt: skip
    assert (own.tokens, own.call_key, own.dialect) == (seen.tokens, seen.call_key, "genai")
    assert (seen.provider, seen.gateway) == ("openai", "litellm")
    assert (seen.cost_reported_nano_usd, seen.cost_source) == (2_100_000, "gateway")


@pytest.mark.parametrize(
    ("in_spend", "nano"),
    [(True, 3_000_000), ("true", 3_000_000), (None, 3_000_000), (False, 3_500_000), ("false", 3_500_000)],
)
def test_35_and_36_the_cost_of_a_guardrail_is_in_the_total_or_beside_it(in_spend, nano):
    sent = {**SECOND, "litellm.cost.total": 0.0030, "litellm.cost.guardrail": 0.0005}
    if in_spend is not None:
        sent["litellm.guardrail.cost_in_spend"] = in_spend
    assert usage_sent(sent).cost_reported_nano_usd == nano


def test_36_a_guardrail_with_a_span_of_its_own_costs_without_tokens():
    sent = {"litellm.cost.guardrail": 0.0005, "litellm.guardrail.cost_in_spend": False, "litellm.guardrail.name": "g"}
    usage = usage_sent(sent)
    assert (usage.kind, usage.operation, usage.tokens) == (EVAL, "guardrail", Tokens())
    assert (usage.cost_reported_nano_usd, usage.cost_source, usage.never_billable) == (500_000, "gateway", "")
    assert read_sent({**sent, "litellm.guardrail.cost_in_spend": True}).usage is None
    assert read_sent({**sent, "litellm.cost.guardrail": 0}).usage is None


def test_the_cost_of_litellm_is_believed_before_that_of_others():
    sent = {**SECOND, "litellm.cost.total": 0.5, "gen_ai.usage.cost": 0.1, "gen_ai.cost.total_cost": 0.2}
    assert usage_sent(sent).cost_reported_nano_usd == 500_000_000


@pytest.mark.parametrize(
    ("asked", "system", "answered", "expected"),
    [
        ("openai/gpt-5", "", "gpt-5-2025-08-07", ("openai", "litellm", "gpt-5-2025-08-07")),
        ("anthropic/claude-sonnet-4-5", "", "claude", ("anthropic", "litellm", "claude-sonnet-4-5")),
        ("bedrock/us.anthropic.claude-sonnet-4-5", "bedrock", "fast",
         ("aws.bedrock", "litellm", "us.anthropic.claude-sonnet-4-5")),
        ("azure/my-deployment", "azure", "gpt-5", ("azure.ai.openai", "litellm", "my-deployment")),
        ("openrouter/anthropic/claude-sonnet-4-5", "openrouter", "claude",
         ("anthropic", "openrouter", "anthropic/claude-sonnet-4-5")),
        ("gpt-5", "", "gpt-5", ("openai", "litellm", "gpt-5")),
        ("", "", "gpt-5", ("openai", "litellm", "gpt-5")),
    ],
)  # fmt: skip
def test_the_model_that_was_really_asked_is_priced(asked, system, answered, expected):
    sent = {**SECOND, "litellm.provider.model": asked, "gen_ai.provider.name": system}
    sent |= {"gen_ai.request.model": answered, "gen_ai.response.model": answered}
    usage = usage_sent(sent)
    assert (usage.provider, usage.gateway, usage.price_model) == expected


@pytest.mark.parametrize(
    ("inside", "key"),
    [
        ("litellm:custom_llm_provider:openai;model_id:None;response_id:resp_0123", "resp_0123"),
        ("something else", None),
        ("litellm:custom_llm_provider:openai", None),
        (b"\xff\xfe", None),
    ],
)
def test_the_id_of_the_provider_is_taken_out_of_litellms(inside, key):
    coded = "resp_" + b64encode(inside if isinstance(inside, bytes) else inside.encode()).decode()
    assert usage_sent(SECOND | {"gen_ai.response.id": coded}).call_key == (key or coded)


@pytest.mark.parametrize("own", ["resp_0123", "resp_68a9!", "resp_", "chatcmpl-1"])
def test_an_id_that_the_provider_made_stays(own):
    assert usage_sent(SECOND | {"gen_ai.response.id": own}).call_key == own


@pytest.mark.parametrize(
    ("request_type", "kind"),
    [("completion", LLM), ("acompletion", LLM), ("aembedding", EMBEDDING), ("arerank", RERANK)],
)
def test_the_older_callback_is_known_by_its_scope_and_not_read_as_traceloops(request_type, kind):
    sent = {"llm.request.type": request_type, "gen_ai.request.model": "gpt-4o", U + "input_tokens": 100}
    found, usage, _ = read_sent(sent, scope="litellm")
    assert (found, usage.dialect, usage.gateway) == (kind, "litellm", "litellm")
    assert usage_sent(sent, scope="traceloop").dialect == "openllmetry"
