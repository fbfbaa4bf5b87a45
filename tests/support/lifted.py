"""Answers as emitters put them into content, each with what decode and the Collector take out of it."""

from __future__ import annotations

import json
from typing import Any

SECRET = "do not tell anybody"
ID = "gen_ai.response.id"
OPENAI_TIER, ANTHROPIC_TIER = "openai.response.service_tier", "anthropic.response.service_tier"
WRITES = "anthropic.usage.cache_creation.ephemeral_"
CACHED, REASONING = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.reasoning.output_tokens"
LIFTED = (
    *(ID, OPENAI_TIER, ANTHROPIC_TIER, CACHED, REASONING),
    *(f"{WRITES}5m_input_tokens", f"{WRITES}1h_input_tokens"),
)

LLM = {"openinference.span.kind": "LLM"}
ANSWER = {"id": "chatcmpl-a1", "model": "gpt-4o-mini", "choices": [{"message": {"content": SECRET}}]}
CLAUDE = {
    "id": "msg_1",
    "content": [{"text": SECRET}],
    "model": "claude-sonnet-4-5",
    "usage": {
        "service_tier": "priority",
        "cache_creation": {"ephemeral_5m_input_tokens": 306, "ephemeral_1h_input_tokens": 210},
    },
}
OF_LANGCHAIN = {"id": "chatcmpl-lc", "service_tier": "flex", "model_name": "gpt-5"}
LANGCHAIN = [[{"message": {"kwargs": {"content": SECRET, "response_metadata": OF_LANGCHAIN}}}]]
PRINTED = (
    f"ChatCompletion(id='chatcmpl-p', choices=[Choice(message=Message(content='{SECRET} usage=X(cached_tokens=7)'))], "
    "model='gpt-4o', usage=CompletionUsage(completion_tokens=150, prompt_tokens=3189, "
    "completion_tokens_details=CompletionTokensDetails(audio_tokens=None, reasoning_tokens=43), "
    "prompt_tokens_details=PromptTokensDetails(audio_tokens=None, cached_tokens=2176)))"
)
WITHOUT_DETAILS = PRINTED.partition(", completion_tokens_details")[0] + "))"
LIFTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an OpenAI chat answer": (LLM | {"output.value": json.dumps(ANSWER)}, {ID: "chatcmpl-a1"}),
    "an answer of another tier": (
        LLM | {"output.value": json.dumps(ANSWER | {"service_tier": "flex"})},
        {ID: "chatcmpl-a1", OPENAI_TIER: "flex"},
    ),
    "an Anthropic answer": (
        LLM | {"output.value": json.dumps(CLAUDE)},
        {ID: "msg_1", ANTHROPIC_TIER: "priority", f"{WRITES}5m_input_tokens": 306, f"{WRITES}1h_input_tokens": 210},
    ),
    "an OpenAI response": (
        LLM | {"output.value": json.dumps({"output": SECRET, "model": "gpt-5", "id": "resp_1"})},
        {ID: "resp_1"},
    ),
    "a Gemini answer": (
        LLM | {"output.value": json.dumps({"response_id": "gem_1", "model_version": "gemini-2.5-flash"})},
        {ID: "gem_1"},
    ),
    "a LangChain generation": (
        LLM | {"output.value": json.dumps({"generations": LANGCHAIN})},
        {ID: "chatcmpl-lc", OPENAI_TIER: "flex"},
    ),
    "an answer that was cut off": (LLM | {"output.value": json.dumps(ANSWER)[:60]}, {ID: "chatcmpl-a1"}),
    "an answer beside what the span states": (
        LLM | {"output.value": json.dumps(ANSWER | {"service_tier": "flex"}), ID: "own", OPENAI_TIER: "priority"},
        {ID: "own", OPENAI_TIER: "priority"},
    ),
    "an answer that a chain passes on": (
        {"openinference.span.kind": "CHAIN", "output.value": json.dumps(ANSWER)},
        {},
    ),
    "JSON that the model wrote": (
        LLM | {"output.value": '{"id": "order-42", "colour": "red", "service_tier": "flex"}'},
        {},
    ),
    "an answer as Python prints it": (
        LLM | {"output.value": json.dumps({"content": SECRET, "raw": PRINTED})},
        {ID: "chatcmpl-p", CACHED: 2176, REASONING: 43},
    ),
    "a printed answer without details": (
        LLM | {"output.value": json.dumps({"raw": WITHOUT_DETAILS})},
        {ID: "chatcmpl-p"},
    ),
    "a printed answer without usage": (
        LLM | {"output.value": json.dumps({"raw": "ChatCompletion(id='chatcmpl-p', usage=None)"})},
        {ID: "chatcmpl-p"},
    ),
    "another object that is printed": (LLM | {"output.value": json.dumps({"raw": f"Order('{SECRET}')"})}, {}),
    "plain text": (LLM | {"output.value": SECRET}, {}),
    "a list": (LLM | {"output.value": json.dumps([ANSWER])}, {}),
    "facts of other types": (LLM | {"output.value": json.dumps(ANSWER | {"id": 42, "service_tier": None})}, {}),
}


def lifted_of(attributes: dict[str, Any]) -> dict[str, Any]:
    """What was taken out of content, among these attributes."""
    return {key: attributes[key] for key in LIFTED if key in attributes}
