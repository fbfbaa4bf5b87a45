from __future__ import annotations

import json

import pytest

from exporter.dialects.registry import LIFT, WANTED
from exporter.usage import AGENT, EMBEDDING, EVAL, LLM, MISSING, REPORTED, RETRIEVAL, STEP, TOOL, PriceContext, Tokens
from support.reading import decoded, read_sent, usage_sent

SCOPE = "langfuse-sdk"
O = "langfuse.observation."  # noqa: E741 - the prefix of every name


def generation(details=None, /, **more):
    attributes = {O + "type": "generation", O + "model.name": "gpt-5"}
    attributes |= {O + name.replace("__", "."): value for name, value in more.items()}
    if details is not None:
        attributes[O + "usage_details"] = json.dumps(details)
    return attributes


DETAILS = {
    "67 disjoint keys": (
        {"input": 10, "cache_read_input_tokens": 500, "output": 40},
        Tokens(10, 500, 0, 0, 40, 0),
    ),
    "the JavaScript wrapper": (
        {"input": 1026, "output": 114, "total": 3490, "input_cached_tokens": 2304, "input_audio_tokens": 0,
         "output_reasoning_tokens": 46, "output_accepted_prediction_tokens": 0},
        Tokens(1026, 2304, 0, 0, 114, 46),
    ),
    "the LangChain callback": (
        {"input": 1312, "output": 268, "total": 6700, "input_audio": 0, "input_cache_read": 5120,
         "output_reasoning": 0},
        Tokens(1312, 5120, 0, 0, 268, 0),
    ),
    "LangChain over Anthropic, by lifetime": (
        {"input": 10, "output": 40, "input_cache_read": 500, "input_cache_creation": 0,
         "input_ephemeral_5m_input_tokens": 150, "input_ephemeral_1h_input_tokens": 50},
        Tokens(10, 500, 150, 50, 40, 0),
    ),
    "writes in sum and by lifetime": (
        {"input": 10, "output": 40, "cache_creation_input_tokens": 200, "cache_creation_ephemeral_5m_input_tokens": 150,
         "cache_creation_ephemeral_1h_input_tokens": 50},
        Tokens(10, 0, 150, 50, 40, 0),
    ),
    "a chat of OpenAI as answered": (
        {"completion_tokens": 170, "prompt_tokens": 3471, "total_tokens": 3641,
         "completion_tokens_details": {"reasoning_tokens": 49}, "prompt_tokens_details": {"cached_tokens": 2432}},
        Tokens(1039, 2432, 0, 0, 121, 49),
    ),
    "a response of OpenAI as answered": (
        {"input_tokens": 4035, "input_tokens_details": {"cached_tokens": 2944}, "output_tokens": 210,
         "output_tokens_details": {"reasoning_tokens": 61}, "total_tokens": 4245},
        Tokens(1091, 2944, 0, 0, 149, 61),
    ),
    "Anthropic as answered": (
        {"input_tokens": 10, "output_tokens": 40, "cache_read_input_tokens": 500},
        Tokens(10, 500, 0, 0, 40, 0),
    ),
    "sound is input and output too": (
        {"input": 10, "input_audio_tokens": 5, "output": 40, "output_audio_tokens": 2, "output_rejected_tokens": 1},
        Tokens(15, 0, 0, 0, 43, 0),
    ),
    "Vertex, by modality and in sum": (
        {"input": 0, "input_modality_1": 1000, "cached_modality_1": 500, "cached_content_token_count": 500,
         "output": 0, "output_modality_1": 60, "thoughts_token_count": 40, "total": 1600},
        Tokens(1000, 500, 0, 0, 60, 40),
    ),
    "Vertex, cached tokens by modality only": (
        {"input": 1000, "cached_modality_1": 300, "cached_modality_2": 200, "output": 60},
        Tokens(1000, 500, 0, 0, 60, 0),
    ),
    "a total that proves that input has the cached tokens": (
        {"input": 1500, "cached_content_token_count": 500, "output": 60, "thoughts_token_count": 40, "total": 1600},
        Tokens(1000, 500, 0, 0, 60, 40),
    ),
    "the priority tier counts once more": (
        {"input": 1500, "input_priority": 1000, "input_priority_cache_read": 500, "output": 100,
         "output_priority": 60, "output_priority_reasoning": 40, "total": 1600},
        Tokens(1000, 500, 0, 0, 60, 40),
    ),
    "the flexible tier is taken out": (
        {"input": 0, "input_flex": 1000, "input_flex_cache_read": 500, "output": 0, "output_flex": 60,
         "output_flex_reasoning": 40, "total": 1600},
        Tokens(1000, 500, 0, 0, 60, 40),
    ),
    "keys that are no tokens": (
        {"input": 10, "output": 40, "web_search_requests": 3, "seconds": 7, "note": "x", "input_cost": None},
        Tokens(10, 0, 0, 0, 40, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("details", "tokens"), DETAILS.values(), ids=DETAILS)
def test_usage_details_become_disjoint_classes(details, tokens):
    usage = usage_sent(generation(details), scope=SCOPE)
    assert (usage.dialect, usage.kind, usage.tokens, usage.usage_status) == ("langfuse", LLM, tokens, REPORTED)
    assert set(usage.flags) <= {"ttl_unknown"}


def test_nothing_but_numbers_leaves_the_details():
    kept = decoded(generation({"input": 1, "secret": "tell nobody"}, input="prompt", output="answer"))
    assert kept == {O + "type": "generation", O + "model.name": "gpt-5", "langfuse.usage.input": 1}
    assert not any(O + name in WANTED for name in ("input", "output", "usage_details", "cost_details"))
    assert {O + "usage_details", O + "cost_details"} <= LIFT.content


@pytest.mark.parametrize("details", ["", "no json", "[]", '"text"', "{", "null", '{"input": 1e400}', '{"input": -1}'])
def test_details_that_cannot_be_read_are_missing_usage(details):
    usage = usage_sent(generation() | {O + "usage_details": details})
    assert (usage.usage_status, usage.tokens) == (MISSING, Tokens())


@pytest.mark.parametrize(
    ("stated", "kind"),
    [
        ("generation", LLM),
        ("embedding", EMBEDDING),
        ("agent", AGENT),
        ("tool", TOOL),
        ("chain", STEP),
        ("span", STEP),
        ("guardrail", STEP),
        ("retriever", RETRIEVAL),
        ("evaluator", EVAL),
    ],
)
def test_the_type_of_an_observation_is_its_kind(stated, kind):
    assert read_sent({O + "type": stated}).kind == kind
    named = generation({"input": 1, "output": 1}) | {O + "type": stated}
    assert read_sent(named).kind == kind


def test_every_field_of_a_generation_is_read():
    attributes = generation(
        {"input": 1, "output": 2},
        cost_details='{"input": 0.1, "output": 0.2, "total": 0.5}',
        model__parameters='{"temperature": 1, "max_tokens": "Infinity", "service_tier": "flex"}',
        metadata__id='"resp_0123"',
        metadata__ls_provider='"azure"',
    ) | {"langfuse.session.id": "s1", "gen_ai.agent.name": "coder"}
    usage = usage_sent(attributes, scope=SCOPE, resource={"service.name": "svc"})
    assert (usage.provider, usage.request_model, usage.price_model) == ("azure.ai.openai", "gpt-5", "gpt-5")
    assert (usage.call_key, usage.conversation_id, usage.agent, usage.service) == ("resp_0123", "s1", "coder", "svc")
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (500_000_000, "estimate")
    assert usage.context == PriceContext(service_tier="flex")


@pytest.mark.parametrize(
    ("details", "nano"),
    [
        ('{"input": 0.1, "output": 0.2}', 300_000_000),
        ('{"input": 0, "output": 0, "total": 0}', None),
        ('{"total": "much"}', None),
        ('{"total": 1e999}', None),
        ("", None),
    ],
)
def test_the_cost_is_its_total_or_its_parts(details, nano):
    usage = usage_sent(generation({"input": 1, "output": 2}, cost_details=details))
    assert usage.cost_reported_nano_usd == nano


def test_metadata_of_a_user_is_no_response_id():
    assert usage_sent(generation({"input": 1}, metadata__id='"order-42"')).call_key == ""


def test_an_error_shows_in_the_level_where_the_status_is_silent():
    usage = usage_sent(generation(level="ERROR", cost_details='{"total": 0}'))
    assert (usage.error_type, usage.usage_status) == ("_OTHER", MISSING)
    assert usage_sent(generation(level="DEFAULT")).error_type == ""


def test_counts_that_json_writes_with_a_fraction_are_counts():
    usage = usage_sent(generation({"input": 100.0, "output": 10.0}), scope=SCOPE)
    assert usage.tokens == Tokens(100, 0, 0, 0, 10, 0)


@pytest.mark.parametrize("key", ["ephemeral_5m" + "x" * 60, "output" * 150_000])
def test_a_key_that_nobody_named_a_count_is_no_token(key):
    """Searching one of a megabyte takes minutes, and the search keeps what it found by the key."""
    assert decoded(generation({"input": 10, "output": 4, key: 7})) == decoded(generation({"input": 10, "output": 4}))


@pytest.mark.parametrize("beyond", [10**400, -(10**400), 2**63, float("inf"), float("nan")])
def test_a_cost_of_no_amount_leaves_the_others_as_they_are(beyond):
    def told(amounts):
        return usage_sent(generation({"input": 10, "output": 4}, cost_details=json.dumps(amounts)))

    assert told({"input": 0.5, "output": beyond}).cost_reported_nano_usd == 500_000_000
    assert told({"total": beyond, "output": 0.5}).cost_reported_nano_usd == 500_000_000
