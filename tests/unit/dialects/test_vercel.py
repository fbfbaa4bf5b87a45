"""Spans of Vercel's AI SDK, versions 4 to 7, and of programs built on it."""

from __future__ import annotations

import json

import pytest

from exporter.dialects.registry import LIFT, WANTED, read_span
from exporter.usage import AGENT, EMBEDDING, LLM, MEDIA, MISSING, REPORTED, RERANK, STEP, TOOL, Tokens
from support.spans import make_span

U, IN, OUT = "ai.usage.", "ai.usage.inputTokenDetails.", "ai.usage.outputTokenDetails."
CALL = {
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.model.id": "gpt-4o-mini",
    "ai.model.provider": "openai.chat",
}
CLAUDE = {**CALL, "ai.model.id": "claude-sonnet-4-5", "ai.model.provider": "anthropic.messages"}
SDK_5, SDK_6 = (
    {"ai.request.headers.user-agent": f"ai/{version}"} for version in ("5.0.277", "6.0.326 runtime/node.js")
)
SECRET = "signature of a thought"


def lifted(attributes):
    """The attributes as decode hands them on."""
    taken = LIFT.take(attributes)
    kept = {key: value for key, value in attributes.items() if key in WANTED}
    return {**taken, **kept}


def usage_of(attributes, **options):
    return read_span(make_span(lifted(attributes), **{"scope": "ai", **options})).usage


@pytest.mark.parametrize(
    ("stated", "kind", "operation"),
    [
        ("ai.generateText", AGENT, "invoke_agent"),
        ("ai.streamText", AGENT, "invoke_agent"),
        ("ai.generateObject", AGENT, "invoke_agent"),
        ("ai.streamObject", AGENT, "invoke_agent"),
        ("ai.workflowAgent.stream", AGENT, "invoke_agent"),
        ("ai.generateText.doGenerate", LLM, "chat"),
        ("ai.streamText.doStream", LLM, "chat"),
        ("ai.generateObject.doGenerate", LLM, "chat"),
        ("ai.streamObject.doStream", LLM, "chat"),
        ("ai.embed", STEP, "embeddings"),
        ("ai.embed.doEmbed", EMBEDDING, "embeddings"),
        ("ai.embedMany.doEmbed", EMBEDDING, "embeddings"),
        ("ai.rerank", STEP, "rerank"),
        ("ai.rerank.doRerank", RERANK, "rerank"),
        ("ai.toolCall", TOOL, "execute_tool"),
        ("ai.generateSpeech", MEDIA, "ai.generateSpeech"),
        ("ai.transcribe", MEDIA, "ai.transcribe"),
        ("ai.generateImage.doGenerate", MEDIA, "ai.generateImage"),
        ("ai.somethingNew.doStream", LLM, "chat"),
    ],
)
def test_the_operation_id_tells_calls_from_what_is_around_them(stated, kind, operation):
    reading = read_span(make_span({**CALL, "ai.operationId": stated, f"{U}inputTokens": 3, f"{U}outputTokens": 4}))
    assert (reading.kind, reading.usage.operation) == (kind, operation)


@pytest.mark.parametrize("stated", ["ai.somethingNew", 7, ""])
def test_an_operation_that_nobody_knows_is_a_call_if_it_used_a_model(stated):
    assert read_span(make_span({**CALL, "ai.operationId": stated, f"{U}inputTokens": 3})).kind == LLM


@pytest.mark.parametrize(
    "counts",
    [
        {f"{U}inputTokens": 100, f"{U}outputTokens": 20},
        {f"{U}promptTokens": 100, f"{U}completionTokens": 20},
        {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20, f"{U}promptTokens": 100},
        {f"{U}inputTokens": "100", f"{U}outputTokens": 20.0},
    ],
)
def test_each_generation_of_names_is_read(counts):
    assert usage_of(CALL | counts).tokens == Tokens(100, 0, 0, 0, 20, 0)


def test_22_an_embedding_counts_its_tokens():
    usage = usage_of({**CALL, "ai.operationId": "ai.embed.doEmbed", f"{U}tokens": 12})
    assert (usage.kind, usage.tokens, usage.flags) == (EMBEDDING, Tokens(12), ())


OF_6 = {
    f"{U}inputTokens": 4293, f"{IN}noCacheTokens": 1065, f"{IN}cacheReadTokens": 2688, f"{IN}cacheWriteTokens": 540,
    f"{U}outputTokens": 135, f"{OUT}textTokens": 100, f"{OUT}reasoningTokens": 35, f"{U}cachedInputTokens": 2688,
    f"{U}totalTokens": 4428,
}  # fmt: skip
COUNTED = {
    "6: all details": (CLAUDE | OF_6, Tokens(1065, 2688, 540, 0, 100, 35)),
    "5: Claude's input is without what was cached": (
        CLAUDE | SDK_5 | {f"{U}inputTokens": 5000, f"{U}cachedInputTokens": 300, f"{U}outputTokens": 10},
        Tokens(5000, 300, 0, 0, 10, 0),
    ),
    "5: so is it where the version is not said": (
        CLAUDE | {f"{U}inputTokens": 5000, f"{U}cachedInputTokens": 300, f"{U}outputTokens": 10},
        Tokens(5000, 300, 0, 0, 10, 0),
    ),
    "5: OpenAI's is not": (
        CALL | SDK_5 | {f"{U}inputTokens": 5000, f"{U}cachedInputTokens": 300, f"{U}outputTokens": 10},
        Tokens(4700, 300, 0, 0, 10, 0),
    ),
    "6: Claude's is with it": (
        CLAUDE | SDK_6 | {f"{U}promptTokens": 5000, f"{U}cachedInputTokens": 300, f"{U}completionTokens": 10},
        Tokens(4700, 300, 0, 0, 10, 0),
    ),
    "5: Gemini's output is without its thoughts, as the total shows": (
        CALL | SDK_5 | {"ai.model.provider": "google.generative-ai", f"{U}inputTokens": 100, f"{U}outputTokens": 20,
                        f"{U}reasoningTokens": 15, f"{U}totalTokens": 135},
        Tokens(100, 0, 0, 0, 20, 15),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("attributes", "tokens"), COUNTED.values(), ids=COUNTED)
def test_each_version_counts_in_its_own_way(attributes, tokens):
    usage = usage_of(attributes)
    assert usage.tokens == tokens
    assert "basis_guess" not in usage.flags


def said(**providers):
    return {"ai.response.providerMetadata": json.dumps(providers)}


OF_CLAUDE = {
    "usage": {
        "input_tokens": 1065, "output_tokens": 135, "cache_creation_input_tokens": 540, "cache_read_input_tokens": 2688,
        "cache_creation": {"ephemeral_5m_input_tokens": 315, "ephemeral_1h_input_tokens": 225}, "service_tier": "priority",
    },
    "container": {"text": SECRET},
}  # fmt: skip
REPAIRED = {
    "5: what generateText leaves out of Claude's": (
        CLAUDE | SDK_5 | {f"{U}promptTokens": 1065, f"{U}completionTokens": 135} | said(anthropic=OF_CLAUDE),
        Tokens(1065, 2688, 315, 225, 135, 0),
    ),
    "6: what generateObject leaves out, from a whole that has it": (
        CLAUDE | {f"{U}promptTokens": 4293, f"{U}completionTokens": 135} | said(anthropic=OF_CLAUDE),
        Tokens(1065, 2688, 315, 225, 135, 0),
    ),
    "6: the lifetimes of writes": (CLAUDE | OF_6 | said(anthropic=OF_CLAUDE), Tokens(1065, 2688, 315, 225, 100, 35)),
    "5: Bedrock's writes": (
        CLAUDE | SDK_5 | {"ai.model.provider": "amazon-bedrock", f"{U}inputTokens": 900, f"{U}cachedInputTokens": 300,
                          f"{U}outputTokens": 10} | said(bedrock={"usage": {"cacheWriteInputTokens": 50}}),
        Tokens(900, 300, 50, 0, 10, 0),
    ),
    "5: Gemini's cache and thoughts": (
        CALL | SDK_5 | {"ai.model.provider": "google.generative-ai", f"{U}promptTokens": 100, f"{U}completionTokens": 20}
        | said(google={"usageMetadata": {"cachedContentTokenCount": 60, "thoughtsTokenCount": 15, "totalTokenCount": 135}}),
        Tokens(40, 60, 0, 0, 20, 15),
    ),
    "4: OpenAI's": (
        CALL | {f"{U}promptTokens": 100, f"{U}completionTokens": 20}
        | said(openai={"cachedPromptTokens": 60, "reasoningTokens": 15}),
        Tokens(40, 60, 0, 0, 5, 15),
    ),
    "DeepSeek's": (
        CALL | {f"{U}promptTokens": 100, f"{U}completionTokens": 20} | said(deepseek={"promptCacheHitTokens": 64}),
        Tokens(36, 64, 0, 0, 20, 0),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("attributes", "tokens"), REPAIRED.values(), ids=REPAIRED)
def test_what_the_sdk_leaves_out_is_taken_from_the_provider_metadata(attributes, tokens):
    assert usage_of(attributes).tokens == tokens


def test_of_the_provider_metadata_only_facts_are_taken():
    taken = LIFT.take(CLAUDE | said(anthropic=OF_CLAUDE))
    assert SECRET not in str(taken)
    assert taken["anthropic.response.service_tier"] == "priority"
    assert usage_of(CLAUDE | {f"{U}promptTokens": 1} | said(anthropic=OF_CLAUDE)).context.service_tier == "priority"


@pytest.mark.parametrize("outer", ["ai.generateText", "ai.streamObject"])
def test_an_outer_span_is_not_read_by_what_the_last_of_its_calls_was_told(outer):
    attributes = {**CLAUDE, "ai.operationId": outer, f"{U}promptTokens": 9000, f"{U}completionTokens": 300}
    assert usage_of(attributes | said(anthropic=OF_CLAUDE)).tokens == Tokens(9000, 0, 0, 0, 300, 0)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "null", '{"anthropic": 7}', '{"anthropic": {"usage": [1]}}', '{"a": {"usage": {"input_tokens": -1.5}}}',
     '{"a": ' * 5000, '{"openai": {"cachedPromptTokens": true}}', '{"gateway": {"cost": null}}'],
)  # fmt: skip
def test_metadata_of_another_shape_says_nothing(text):
    usage = usage_of(CALL | {f"{U}promptTokens": 10, f"{U}completionTokens": 2, "ai.response.providerMetadata": text})
    assert usage.tokens == Tokens(10, 0, 0, 0, 2, 0)


def test_a_gateway_says_what_it_charges():
    through = {"ai.model.provider": "gateway", "ai.model.id": "anthropic/claude-sonnet-4", f"{U}inputTokens": 10}
    usage = usage_of(CALL | through | said(gateway={"cost": "0.0045405", "generationId": "gen_1"}))
    assert (usage.provider, usage.gateway) == ("anthropic", "gateway")
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (4_540_500, "gateway")


def test_who_asked_and_who_answered():
    usage = usage_of(
        CALL
        | {
            "ai.response.model": "gpt-4o-mini-2024-07-18",
            "ai.response.id": "chatcmpl-a1",
            "ai.telemetry.functionId": "planner",
            "ai.telemetry.metadata.sessionId": "s-1",
            f"{U}inputTokens": 1,
        }
    )
    assert (usage.provider, usage.request_model, usage.response_model) == (
        "openai",
        "gpt-4o-mini",
        "gpt-4o-mini-2024-07-18",
    )
    assert (usage.call_key, usage.agent, usage.conversation_id) == ("chatcmpl-a1", "planner", "s-1")


def test_the_function_id_of_a_program_is_no_agent_of_its_user():
    attributes = CALL | {"ai.telemetry.functionId": "session.llm", "session.id": "ses_1", f"{U}inputTokens": 1}
    usage = usage_of(attributes, scope="opencode")
    assert (usage.agent, usage.conversation_id) == ("", "ses_1")


def test_a_provider_that_the_program_named_itself_is_a_gateway_to_whose_model_it_is():
    usage = usage_of({**CALL, "ai.model.provider": "mock.chat", f"{U}inputTokens": 1})
    assert (usage.provider, usage.gateway) == ("openai", "mock")


def test_a_failed_try_is_a_call_without_usage():
    usage = usage_of(CALL, status=2)
    assert (usage.usage_status, usage.error_type) == (MISSING, "_OTHER")


TRANSCRIBED = {
    "the legacy names": {"ai.operationId": "ai.transcribe", "ai.model.id": "whisper-1", "ai.usage.seconds": 42},
    "the conventions' names": {
        "gen_ai.operation.name": "ai.transcribe",
        "gen_ai.request.model": "whisper-1",
        "gen_ai.usage.seconds": 42,
    },
}


@pytest.mark.parametrize("attributes", TRANSCRIBED.values(), ids=TRANSCRIBED)
def test_23_a_transcription_counts_seconds_and_no_tokens(attributes):
    usage = usage_of(attributes)
    assert (usage.kind, usage.tokens, usage.units) == (MEDIA, Tokens(), {"seconds": 42})
    assert (usage.usage_status, usage.flags) == (REPORTED, ())


def test_a_transcription_may_be_counted_in_tokens_of_audio():
    audio = {f"{U}input_tokens": 14, f"{U}input_token_details.audio_tokens": 14, f"{U}output_tokens": 45}
    usage = usage_of({"ai.operationId": "ai.transcribe", "ai.model.id": "gpt-4o-transcribe", **audio})
    assert (usage.kind, usage.tokens) == (MEDIA, Tokens(14, 0, 0, 0, 45, 0))
    assert usage.units == {"input_audio_tokens": 14}


def test_the_details_that_its_newer_spans_may_add_are_read():
    usage = usage_of(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": "gpt-5",
            "gen_ai.usage.input_tokens": 3330,
            "gen_ai.usage.output_tokens": 160,
            "gen_ai.usage.cache_read.input_tokens": 2304,
            f"{IN}noCacheTokens": 1026,
            f"{OUT}textTokens": 114,
            f"{OUT}reasoningTokens": 46,
        },
        scope="gen_ai",
    )
    assert (usage.dialect, usage.kind, usage.tokens) == ("vercel", LLM, Tokens(1026, 2304, 0, 0, 114, 46))


def test_metadata_of_an_unknown_provider_has_no_price():
    usage = usage_of(CALL | {f"{U}inputTokens": 10} | said(unheard={"": 5, "cost": 3}))
    assert usage.cost_reported_nano_usd is None
