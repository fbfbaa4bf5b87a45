"""Answers as emitters put them into content, each with what decode and the Collector take out of it."""

from __future__ import annotations

import json
from typing import Any

SECRET = "do not tell anybody"
ID = "gen_ai.response.id"
OPENAI_TIER, ANTHROPIC_TIER = "openai.response.service_tier", "anthropic.response.service_tier"
WRITES = "anthropic.usage.cache_creation.ephemeral_"
LIFTED = (ID, OPENAI_TIER, ANTHROPIC_TIER, f"{WRITES}5m_input_tokens", f"{WRITES}1h_input_tokens")

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
    "an answer that MLflow recorded": ({"mlflow.spanOutputs": json.dumps(ANSWER)}, {ID: "chatcmpl-a1"}),
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
    "plain text": (LLM | {"output.value": SECRET}, {}),
    "a list": (LLM | {"output.value": json.dumps([ANSWER])}, {}),
    "facts of other types": (LLM | {"output.value": json.dumps(ANSWER | {"id": 42, "service_tier": None})}, {}),
}


def lifted_of(attributes: dict[str, Any]) -> dict[str, Any]:
    """What was taken out of content, among these attributes."""
    return {key: attributes[key] for key in LIFTED if key in attributes}
