"""From the operation that a span names to the kind that the billing rules know."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from exporter.dialects.conventions import OPERATION, OPERATION_TYPE, SPAN_KIND
from exporter.signals import Span, Value, plain_text
from exporter.usage import (
    AGENT,
    BARRIER_KINDS,
    EMBEDDING,
    EVAL,
    LLM,
    MEDIA,
    OTHER,
    RERANK,
    RETRIEVAL,
    STEP,
    TOKEN_COUNT,
    TOOL,
    WORKFLOW,
)


class Operation(NamedTuple):
    """A known operation."""

    name: str
    kind: str
    never_billable: str = ""
    """Why usage on such a span is no consumption of its own (rule R1)."""


_STANDARD: Final = (
    Operation("chat", LLM),
    Operation("text_completion", LLM),
    Operation("generate_content", LLM),
    Operation("embeddings", EMBEDDING),
    Operation("invoke_agent", AGENT),
    Operation("invoke_workflow", WORKFLOW),
    Operation("plan", STEP),
    Operation("execute_tool", TOOL, "tool"),
    Operation("retrieval", RETRIEVAL, "retrieval"),
    Operation("create_agent", OTHER, "create_agent"),
    # Reads an existing response again; the call that made it was counted when it was made.
    Operation("fetch_response", OTHER, "fetch_response"),
    Operation("create_memory", STEP),
    Operation("update_memory", STEP),
    Operation("upsert_memory", STEP),
    Operation("delete_memory", STEP),
    Operation("search_memory", STEP),
    Operation("create_memory_store", STEP),
    Operation("delete_memory_store", STEP),
)
_SEEN: Final = (
    Operation("completion", LLM),
    Operation("responses", LLM),
    Operation("messages", LLM),
    Operation("llm_call", LLM),
    Operation("call_llm", LLM),
    Operation("invoke_model", LLM),
    Operation("converse", LLM),
    Operation("chat.completions", LLM),
    Operation("chat.streaming_completions", LLM),
    Operation("text.completions", LLM),
    Operation("text.streaming_completions", LLM),
    Operation("embedding", EMBEDDING),
    Operation("rerank", RERANK),
    Operation("image_generation", MEDIA),
    Operation("speech", MEDIA),
    Operation("transcription", MEDIA),
    Operation("ai.generateSpeech", MEDIA),
    Operation("ai.transcribe", MEDIA),
    Operation("ai.streamTranscribe", MEDIA),
    Operation("ai.generateImage", MEDIA),
    Operation("ai.generateVideo", MEDIA),
    Operation("decide", LLM),
    Operation("tool_selection", LLM),
    Operation("agent_call", AGENT),
    Operation("agent_run", AGENT),
    Operation("conversation", WORKFLOW),
    Operation("session", WORKFLOW),
    Operation("turn", STEP),
    Operation("agent.run", AGENT),
    Operation("workflow", WORKFLOW),
    Operation("workflow.run", WORKFLOW),
    Operation("task", STEP),
    Operation("handoff", STEP),
    Operation("agent_step", STEP),
    Operation("execute_task", STEP),
    Operation("handle_conversation_turn", STEP),
    Operation("tool_call", TOOL, "tool"),
    Operation("tool.execute", TOOL, "tool"),
    Operation("count_tokens", TOKEN_COUNT, "token_count"),
    Operation("evaluate", EVAL, "evaluation"),
    Operation("evaluation", EVAL, "evaluation"),
)

OPERATIONS: Final = {operation.name: operation for operation in (*_STANDARD, *_SEEN)}
"""The operations of the conventions, then those outside them that emitters send."""

_FAMILIES: Final = (("invoke_", WORKFLOW), ("execute_", STEP))
UNNAMED: Final = Operation("", OTHER)
LONGEST_NAME: Final = 64


def find_operation(stated: Value | None) -> Operation:
    """The operation that a span states; one that nobody knows keeps its name and is of kind OTHER."""
    if type(stated) is not str:
        return UNNAMED
    return _find(stated if len(stated) <= LONGEST_NAME else plain_text(stated, LONGEST_NAME))


@lru_cache(maxsize=1024)
def _find(stated: str) -> Operation:
    name = plain_text(stated, LONGEST_NAME)
    if not name:
        return UNNAMED
    known = OPERATIONS.get(name) or OPERATIONS.get(name.lower())
    # Frameworks make names of their own after the conventions': invoke_swarm, execute_event_loop_cycle.
    return known or Operation(name, next((kind for verb, kind in _FAMILIES if name.lower().startswith(verb)), OTHER))


def operation_of_name(span_name: str) -> Operation:
    """The conventions name a span `{operation} {model}`, which is all that the oldest of them left of the operation."""
    first, _, rest = span_name.partition(" ")
    return OPERATIONS.get(first, UNNAMED) if rest else UNNAMED


_KINDS: Final = {
    "llm": OPERATIONS["chat"],
    "ai_client": OPERATIONS["chat"],
    "embedding": OPERATIONS["embeddings"],
    "reranker": OPERATIONS["rerank"],
    "agent": OPERATIONS["invoke_agent"],
    "chain": Operation("chain", STEP),
    "task": OPERATIONS["task"],
    "step": Operation("step", STEP),
    "handoff": OPERATIONS["handoff"],
    "workflow": OPERATIONS["workflow"],
    "tool": OPERATIONS["execute_tool"],
    "retriever": OPERATIONS["retrieval"],
}
"""What others have beside, or in the place of, the conventions' operation."""


def operation_of(span: Span) -> Operation:
    """The operation that a span states under the conventions' name, else its kind, else what its name begins with."""
    attributes = span.attributes
    stated = find_operation(attributes.get(OPERATION))
    if stated.kind != OTHER or stated.never_billable:
        return stated
    kind = attributes.get(SPAN_KIND) or attributes.get(OPERATION_TYPE)
    own = _KINDS.get(kind.strip().lower()) if type(kind) is str else None
    if own is not None:
        return own
    return operation_of_name(span.name) if stated is UNNAMED else stated


def barrier_of_name(span_name: str) -> str:
    """The kind of a span that has nothing but a name: AGENT, TOOL, or OTHER.

    Some frameworks leave agents and tools bare, yet calls below one are not the call above it (rule R3).
    """
    kind = operation_of_name(span_name).kind
    return kind if kind in BARRIER_KINDS else OTHER
