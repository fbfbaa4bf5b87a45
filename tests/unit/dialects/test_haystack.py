"""Haystack's own spans: usage inside the JSON of what a component puts out."""

from __future__ import annotations

import json

import pytest

from exporter.dialects.registry import LIFT, WANTED, read_span
from exporter.usage import AGENT, EMBEDDING, LLM, MISSING, OTHER, REPORTED, TOOL, Tokens
from support.spans import make_span

C = "haystack.component."
PLACES = {
    "OpenAIChatGenerator": "haystack.components.generators.chat.openai.OpenAIChatGenerator",
    "OpenAIGenerator": "haystack.components.generators.openai.OpenAIGenerator",
    "AnthropicChatGenerator": "haystack_integrations.components.generators.anthropic.chat.chat_generator.AnthropicChatGenerator",
    "AmazonBedrockChatGenerator": "haystack_integrations.components.generators.amazon_bedrock.AmazonBedrockChatGenerator",
    "OpenAITextEmbedder": "haystack.components.embedders.openai_text_embedder.OpenAITextEmbedder",
}  # fmt: skip
OPENAI = {
    "prompt_tokens": 3330, "completion_tokens": 160, "total_tokens": 3490,
    "prompt_tokens_details": {"cached_tokens": 2304}, "completion_tokens_details": {"reasoning_tokens": 46},
}  # fmt: skip


def reply(usage, **meta):
    return {"role": "assistant", "meta": {"model": "gpt-5", "usage": usage, **meta}, "content": [{"text": "secret"}]}


def read(component, output=None, **options):
    attributes = {C + "type": component, C + "fully_qualified_type": PLACES.get(component, f"my.{component}")}
    if output is not None:
        attributes |= LIFT.take({**attributes, C + "output": json.dumps(output)})
    return read_span(make_span(attributes, scope="haystack", name="haystack.component.run", **options))


def test_a_chat_has_its_usage_in_the_meta_of_its_reply():
    kind, usage, _ = read("OpenAIChatGenerator", {"replies": [reply(OPENAI, id="chatcmpl-abc")]})
    assert (kind, usage.dialect, usage.usage_status) == (LLM, "haystack", REPORTED)
    assert usage.tokens == Tokens(1026, 2304, 0, 0, 114, 46)
    assert (usage.provider, usage.response_model, usage.call_key) == ("openai", "gpt-5", "chatcmpl-abc")


def test_several_replies_to_one_call_repeat_its_usage():
    assert read("OpenAIChatGenerator", {"replies": [reply(OPENAI), reply(OPENAI)]}).usage.tokens.input_total == 3330


def test_a_generator_of_texts_has_its_usage_beside_them():
    output = {"replies": ["secret"], "meta": [{"model": "gpt-5", "usage": OPENAI}]}
    assert read("OpenAIGenerator", output).usage.tokens == Tokens(1026, 2304, 0, 0, 114, 46)


def test_anthropic_counts_what_is_cached_apart():
    counts = {"prompt_tokens": 10, "completion_tokens": 40, "cache_read_input_tokens": 500,
              "cache_creation_input_tokens": 200}  # fmt: skip
    usage = read("AnthropicChatGenerator", {"replies": [reply(counts, model="claude-sonnet-4-5")]}).usage
    assert (usage.provider, usage.tokens) == ("anthropic", Tokens(10, 500, 200, 0, 40, 0))


def test_the_package_of_an_integration_names_the_provider():
    counts = {"prompt_tokens": 10, "completion_tokens": 40}
    assert read("AmazonBedrockChatGenerator", {"replies": [reply(counts)]}).usage.provider == "aws.bedrock"


def test_an_embedding_has_input_only():
    output = {
        "embedding": [0.1],
        "meta": {"model": "text-embedding-3-small", "usage": {"prompt_tokens": 7, "total_tokens": 7}},
    }
    kind, usage, _ = read("OpenAITextEmbedder", output)
    assert (kind, usage.tokens, usage.flags) == (EMBEDDING, Tokens(7), ())


def test_a_stream_without_usage_is_unknown_and_keeps_its_model():
    usage = read("OpenAIChatGenerator", {"replies": [{"meta": {"model": "gpt-5", "usage": None}}]}).usage
    assert (usage.usage_status, usage.response_model) == (MISSING, "gpt-5")


def test_without_content_a_call_is_known_and_its_usage_is_not():
    assert read("OpenAIChatGenerator").usage.usage_status == MISSING


@pytest.mark.parametrize(("component", "kind"), [("Agent", AGENT), ("ToolInvoker", TOOL), ("AnswerBuilder", OTHER)])
def test_other_components_hand_on_what_calls_have_put_out(component, kind):
    output = {"replies": [reply(OPENAI)], "messages": [reply(OPENAI)], "meta": {"usage": OPENAI}}
    assert read(component, output)[:2] == (kind, None)


@pytest.mark.parametrize("output", [[], "text", 5, {"replies": 3}, {"replies": [None, "text"]}, {"meta": "text"}])
def test_an_output_of_another_form_says_nothing(output):
    assert read("OpenAIChatGenerator", output).usage.usage_status == MISSING


def test_no_text_of_an_output_leaves_decode():
    attributes = {C + "type": "OpenAIChatGenerator", C + "output": json.dumps({"replies": [reply(OPENAI)]})}
    taken = LIFT.take(attributes)
    assert "secret" not in str(taken)
    assert set(taken) <= WANTED
    assert C + "output" in LIFT.content
