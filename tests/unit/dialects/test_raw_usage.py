"""Usage objects as the providers' interfaces send them, in the terms of the conventions."""

from __future__ import annotations

import pytest

from exporter.dialects.raw_usage import read_usage_object

U = "gen_ai.usage."
W = "anthropic.usage.cache_creation.ephemeral_"

OPENAI_CHAT = {
    "prompt_tokens": 3330, "completion_tokens": 160, "total_tokens": 3490,
    "prompt_tokens_details": {"cached_tokens": 2304, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 46},
}  # fmt: skip
OPENAI_RESPONSES = {
    "input_tokens": 3330, "output_tokens": 160, "total_tokens": 3490,
    "input_tokens_details": {"cached_tokens": 2304}, "output_tokens_details": {"reasoning_tokens": 46},
}  # fmt: skip
ANTHROPIC = {
    "input_tokens": 1065, "output_tokens": 135, "cache_read_input_tokens": 2688, "cache_creation_input_tokens": 540,
    "cache_creation": {"ephemeral_5m_input_tokens": 315, "ephemeral_1h_input_tokens": 225},
}  # fmt: skip
BEDROCK = {
    "inputTokens": 1026, "outputTokens": 114, "totalTokens": 3750,
    "cacheReadInputTokens": 2304, "cacheWriteInputTokens": 306,
}  # fmt: skip
GEMINI_REST = {
    "promptTokenCount": 1000, "candidatesTokenCount": 50, "cachedContentTokenCount": 600,
    "thoughtsTokenCount": 200, "toolUsePromptTokenCount": 30, "totalTokenCount": 1280,
}  # fmt: skip
GEMINI_PYTHON = {
    "prompt_token_count": 1000, "candidates_token_count": 50, "cached_content_token_count": 600,
    "thoughts_token_count": 200, "tool_use_prompt_token_count": 30, "total_token_count": 1280,
}  # fmt: skip
OF_OPENAI = {
    U + "input_tokens": 3330, U + "output_tokens": 160, U + "total_tokens": 3490,
    U + "cache_read.input_tokens": 2304, U + "reasoning.output_tokens": 46,
}  # fmt: skip
OF_GEMINI = {
    U + "input_tokens": 1030, U + "output_tokens": 250, U + "total_tokens": 1280,
    U + "cache_read.input_tokens": 600, U + "reasoning.output_tokens": 200,
}  # fmt: skip

OBJECTS = {
    "OpenAI chat": (OPENAI_CHAT, OF_OPENAI),
    "OpenAI responses": (OPENAI_RESPONSES, OF_OPENAI),
    "Anthropic counts what is cached beside the input": (
        ANTHROPIC,
        {
            U + "input_tokens": 1065 + 2688 + 540, U + "output_tokens": 135,
            U + "cache_read.input_tokens": 2688, U + "cache_write.input_tokens": 540,
            W + "5m_input_tokens": 315, W + "1h_input_tokens": 225,
        },
    ),
    "Bedrock does so too": (
        BEDROCK,
        {
            U + "input_tokens": 1026 + 2304 + 306, U + "output_tokens": 114, U + "total_tokens": 3750,
            U + "cache_read.input_tokens": 2304, U + "cache_write.input_tokens": 306,
        },
    ),
    "Gemini over REST counts thoughts and tool prompts beside the rest": (GEMINI_REST, OF_GEMINI),
    "Gemini in Python": (GEMINI_PYTHON, OF_GEMINI),
    "thoughts that the total already has in the output": (
        {"prompt_token_count": 100, "candidates_token_count": 50, "thoughts_token_count": 20, "total_token_count": 150},
        {U + "input_tokens": 100, U + "output_tokens": 50, U + "reasoning.output_tokens": 20, U + "total_tokens": 150},
    ),
    "a gateway with both kinds of names counts as OpenAI does": (
        {"prompt_tokens": 900, "completion_tokens": 5, "cache_read_input_tokens": 500, "cache_creation_input_tokens": 90,
         "prompt_tokens_details": {"cached_tokens": 500}},
        {U + "input_tokens": 900, U + "output_tokens": 5, U + "cache_read.input_tokens": 500,
         U + "cache_write.input_tokens": 90},
    ),
    "an embedding": ({"prompt_tokens": 7, "total_tokens": 7}, {U + "input_tokens": 7, U + "total_tokens": 7}),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "expected"), OBJECTS.values(), ids=OBJECTS)
def test_a_usage_object_is_read_as_its_provider_counts(sent, expected):
    assert read_usage_object(sent) == expected


@pytest.mark.parametrize("sent", [None, [], "text", 5, {}, {"total_tokens": 3}, {"input_tokens": None}])
def test_what_has_no_counts_says_nothing(sent):
    assert read_usage_object(sent) == {}


@pytest.mark.parametrize("nonsense", [-1, 1.5, True, "12", [3], {"a": 1}, 2**41])
def test_nonsense_counts_as_absent(nonsense):
    sent = {"input_tokens": 10, "output_tokens": nonsense, "output_tokens_details": {"reasoning_tokens": nonsense}}
    assert read_usage_object(sent) == {U + "input_tokens": 10}


def test_counts_that_json_writes_with_a_fraction_are_counts():
    assert read_usage_object({"input_tokens": 100.0, "output_tokens": 10.0}) == {
        U + "input_tokens": 100, U + "output_tokens": 10,
    }  # fmt: skip
    assert read_usage_object({"input_tokens": 1e300, "output_tokens": 10.5}) == {}
