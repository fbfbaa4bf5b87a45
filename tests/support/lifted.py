"""Answers as emitters put them into content, each with the response id that decode and the Collector take out of it."""

from __future__ import annotations

import json
from typing import Any

SECRET = "do not tell anybody"

LLM = {"openinference.span.kind": "LLM"}
ANSWER = {"id": "chatcmpl-a1", "model": "gpt-4o-mini", "choices": [{"message": {"content": SECRET}}]}
LANGCHAIN = [[{"message": {"kwargs": {"content": SECRET, "response_metadata": {"id": "chatcmpl-lc"}}}}]]
LIFTS: dict[str, tuple[dict[str, Any], str | None]] = {
    "an OpenAI chat answer": (LLM | {"output.value": json.dumps(ANSWER)}, "chatcmpl-a1"),
    "an Anthropic answer": (
        LLM
        | {"output.value": json.dumps({"id": "msg_1", "content": [{"text": SECRET}], "model": "claude-sonnet-4-5"})},
        "msg_1",
    ),
    "an OpenAI response": (
        LLM | {"output.value": json.dumps({"output": SECRET, "model": "gpt-5", "id": "resp_1"})},
        "resp_1",
    ),
    "a Gemini answer": (
        LLM | {"output.value": json.dumps({"response_id": "gem_1", "model_version": "gemini-2.5-flash"})},
        "gem_1",
    ),
    "a LangChain generation": (LLM | {"output.value": json.dumps({"generations": LANGCHAIN})}, "chatcmpl-lc"),
    "an answer that was cut off": (LLM | {"output.value": json.dumps(ANSWER)[:60]}, "chatcmpl-a1"),
    "an answer that MLflow recorded": ({"mlflow.spanOutputs": json.dumps(ANSWER)}, "chatcmpl-a1"),
    "an answer beside a stated id": (LLM | {"output.value": json.dumps(ANSWER), "gen_ai.response.id": "own"}, "own"),
    "an answer that a chain passes on": (
        {"openinference.span.kind": "CHAIN", "output.value": json.dumps(ANSWER)},
        None,
    ),
    "JSON that the model wrote": (LLM | {"output.value": '{"id": "order-42", "colour": "red"}'}, None),
    "plain text": (LLM | {"output.value": SECRET}, None),
    "a list": (LLM | {"output.value": json.dumps([ANSWER])}, None),
    "an id that is no text": (LLM | {"output.value": json.dumps(ANSWER | {"id": 42})}, None),
}
