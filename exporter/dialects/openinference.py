"""OpenInference (Arize): `llm.*` attributes under a span kind of their own.

Sources: openinference-semantic-conventions 0.1.42; specification of telemetry dialects, sections 3.2 and 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.answers import read_answer
from exporter.dialects.base import Dialect
from exporter.dialects.fields import short_text
from exporter.dialects.kinds import OPERATIONS, Operation, find_operation
from exporter.dialects.printed_answers import read_printed_answer
from exporter.dialects.reading import USAGE_MISSING, read_usage
from exporter.dialects.spellings import Spellings
from exporter.dialects.units import OF_OPENINFERENCE
from exporter.signals import Lift, Span, Value
from exporter.usage import LLM, OTHER, STEP, TOKEN_COUNT, Reading

NAME: Final = "openinference"

_KIND: Final = "openinference.span.kind"
_OUTPUT: Final = "output.value"
_COUNT, _COST, _DECIDED = "llm.token_count.", "llm.cost.", "decision.token_count."

OWN: Final = Spellings(
    input=(f"{_COUNT}prompt", f"{_DECIDED}input"),
    output=(f"{_COUNT}completion", f"{_DECIDED}output"),
    cache_read=(f"{_COUNT}prompt_details.cache_read", f"{_COUNT}prompt_details.cache_input"),
    cache_write=(f"{_COUNT}prompt_details.cache_write",),
    reasoning=(f"{_COUNT}completion_details.reasoning",),
    total=(f"{_COUNT}total",),
    units=tuple(OF_OPENINFERENCE),
    cost=(f"{_COST}total",),
    cost_parts=(f"{_COST}prompt", f"{_COST}completion"),
    provider=("llm.provider", "llm.system", "decision.provider", "decision.system"),
    request_model=(
        "llm.request.model_name",
        "llm.model_name",
        "embedding.model_name",
        "reranker.model_name",
        "decision.request.model_name",
        "decision.model_name",
    ),
    response_model=("llm.response.model_name", "decision.response.model_name"),
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)
"""A span with both names of one thing is read once, by the conventions' name."""

MARKS: Final = frozenset(
    {_KIND, *OWN.input, *OWN.output, *OWN.cache_read, *OWN.cache_write, *OWN.reasoning, *OWN.total, *OWN.cost}
)

_KINDS: Final = {
    "LLM": OPERATIONS["chat"],
    "EMBEDDING": OPERATIONS["embeddings"],
    "RERANKER": OPERATIONS["rerank"],
    "AGENT": OPERATIONS["invoke_agent"],
    "TOOL": OPERATIONS["execute_tool"],
    "RETRIEVER": OPERATIONS["retrieval"],
    "EVALUATOR": OPERATIONS["evaluate"],
    "TOKEN_COUNTER": OPERATIONS["count_tokens"],
    # A model that chooses instead of writing.
    "DECISION": Operation("decision", LLM),
    # Usage on these is a sum of what happened within, or the only trace of it.
    "CHAIN": Operation("chain", STEP),
    "GUARDRAIL": Operation("guardrail", STEP),
    "PROMPT": Operation("prompt", STEP),
}
_NO_CALLS: Final = ("._prepare_chat_with_tools",)
"""Ends of the names of spans that LlamaIndex's instrumentation calls LLM although they only prepare a call."""


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span that follows OpenInference."""
    attributes = span.attributes
    operation = _operation(short_text(attributes.get(conventions.OPERATION)), short_text(attributes.get(_KIND)))
    reading = read_usage(span, present, NAME, operation)
    if span.name.endswith(_NO_CALLS) and reading.usage is not None and USAGE_MISSING in reading.usage.flags:
        return Reading(STEP, None)
    return reading


@lru_cache(maxsize=256)
def _operation(stated: str, kind: str) -> Operation:
    """The operation as the conventions name it, if known, else what the span's kind says; counting is free anyhow."""
    operation = find_operation(stated)
    own = _KINDS.get(kind.strip().upper())
    if own is None:
        return operation
    is_unknown = operation.kind == OTHER and not operation.never_billable
    return own if is_unknown or own.kind == TOKEN_COUNT else operation


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Chain and tool spans carry the answers of others, therefore LLM alone."""
    output = attributes.get(_OUTPUT) if attributes.get(_KIND) == "LLM" else None
    return read_answer(output) or read_printed_answer(output)


DIALECT: Final = Dialect(
    name=NAME,
    marks=MARKS,
    wanted=conventions.WANTED | OWN.all_names() | {_KIND},
    spellings=SPELLINGS,
    read=read,
    lift=Lift(frozenset({_OUTPUT}), _take),
)
