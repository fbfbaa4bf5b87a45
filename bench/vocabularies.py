"""The same call in the words of several emitters: what a fleet of different programs sends to one exporter."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

Attributes = list[tuple[str, str | int | float | list[str]]]
_USAGE = "gen_ai.usage."


class Call(NamedTuple):
    """A model call, as every emitter knows it."""

    provider: str
    asked: str
    answered: str
    response_id: str
    input: int
    output: int
    cached: int


class Vocabulary(NamedTuple):
    """How one emitter names its spans, agents, tools and calls."""

    scope: str
    """Of its spans of model calls."""
    kinds: Callable[[str, str], Attributes]
    """What says which kind a span is and whose agent's work: of the conventions' operation and the agent."""
    call: Callable[[Call], Attributes]


def _conventional(operation: str, agent: str) -> Attributes:
    return [("gen_ai.operation.name", operation), ("gen_ai.agent.name", agent)]


def _genai(call: Call) -> Attributes:
    return [
        ("gen_ai.provider.name", call.provider),
        ("gen_ai.request.model", call.asked),
        ("gen_ai.response.model", call.answered),
        ("gen_ai.response.id", call.response_id),
        ("gen_ai.response.finish_reasons", ["stop"]),
        ("gen_ai.request.max_tokens", 4096),
        ("gen_ai.request.temperature", 0.2),
        (f"{_USAGE}input_tokens", call.input),
        (f"{_USAGE}output_tokens", call.output),
        (f"{_USAGE}cache_read.input_tokens", call.cached),
        ("server.address", "api.example.com"),
        ("server.port", 443),
    ]


def _openinference_kind(operation: str, agent: str) -> Attributes:
    kind = {"invoke_agent": "AGENT", "execute_tool": "TOOL"}.get(operation, "LLM")
    return [("openinference.span.kind", kind), ("agent.name", agent)]


def _openinference(call: Call) -> Attributes:
    answer = {"id": call.response_id, "model": call.answered, "choices": [{"message": {"content": "text " * 40}}]}
    return [
        ("llm.provider", call.provider),
        ("llm.model_name", call.answered),
        ("llm.token_count.prompt", call.input),
        ("llm.token_count.completion", call.output),
        ("llm.token_count.total", call.input + call.output),
        ("llm.token_count.prompt_details.cache_read", call.cached),
        ("llm.invocation_parameters", json.dumps({"temperature": 0.2, "max_tokens": 4096})),
        ("output.mime_type", "application/json"),
        ("output.value", json.dumps(answer)),
    ]


def _vercel_kind(operation: str, agent: str) -> Attributes:
    names = {"invoke_agent": "ai.generateText", "execute_tool": "ai.toolCall"}
    return [("ai.operationId", names.get(operation, "ai.generateText.doGenerate")), ("ai.telemetry.functionId", agent)]


def _vercel(call: Call) -> Attributes:
    return [
        ("ai.model.provider", f"{call.provider}.chat"),
        ("ai.model.id", call.asked),
        ("ai.response.model", call.answered),
        ("ai.response.id", call.response_id),
        ("ai.usage.inputTokens", call.input),
        ("ai.usage.outputTokens", call.output),
        ("ai.usage.cachedInputTokens", call.cached),
        ("ai.usage.totalTokens", call.input + call.output),
        ("gen_ai.system", f"{call.provider}.chat"),
        ("gen_ai.request.model", call.asked),
        (f"{_USAGE}input_tokens", call.input),
        (f"{_USAGE}output_tokens", call.output),
    ]


def _openllmetry_kind(operation: str, agent: str) -> Attributes:
    kind = {"invoke_agent": "agent", "execute_tool": "tool"}.get(operation)
    return [("traceloop.span.kind", kind), ("gen_ai.agent.name", agent)] if kind else [("llm.request.type", "chat")]


def _openllmetry(call: Call) -> Attributes:
    return [
        ("gen_ai.system", call.provider),
        ("gen_ai.request.model", call.asked),
        ("gen_ai.response.model", call.answered),
        ("gen_ai.response.id", call.response_id),
        (f"{_USAGE}input_tokens", call.input),
        (f"{_USAGE}output_tokens", call.output),
        (f"{_USAGE}cache_read_input_tokens", call.cached),
        ("llm.usage.total_tokens", call.input + call.output),
    ]


GENAI = Vocabulary("opentelemetry.instrumentation.genai", _conventional, _genai)
OTHERS = (
    Vocabulary("openinference.instrumentation.openai", _openinference_kind, _openinference),
    Vocabulary("ai", _vercel_kind, _vercel),
    Vocabulary("opentelemetry.instrumentation.openai", _openllmetry_kind, _openllmetry),
)


def vocabulary_of(number: int) -> Vocabulary:
    """Every second program speaks as the conventions say, the others in turn as three other emitters do."""
    return GENAI if number % 2 == 0 else OTHERS[number // 2 % len(OTHERS)]
