"""OpenLLMetry (Traceloop): the conventions' names of several generations, with span kinds and context of its own.

Sources: OpenLLMetry 0.62.4, semconv-ai 0.5.1; specification of telemetry dialects, section 3.2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.fields import read_text
from exporter.dialects.kinds import OPERATIONS, Operation, find_operation, operation_of
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import OTHER, STEP, Reading

NAME: Final = "openllmetry"

_KIND, _REQUEST = "traceloop.span.kind", "llm.request.type"
_ENTITY: Final = "traceloop.entity.name"
_ASSOCIATED: Final = "traceloop.association.properties."
_SCOPES: Final = (
    "traceloop",
    *(
        f"opentelemetry.instrumentation.{library}"
        for library in (
            "agno", "alephalpha", "anthropic", "bedrock", "cohere", "crewai", "google_generativeai", "groq", "haystack",
            "langchain", "llamaindex", "mcp", "mistralai", "ollama", "openai", "openai_agents", "replicate",
            "sagemaker", "together", "transformers", "vertexai", "voyageai", "watsonx", "writer",
        )
    ),
)  # fmt: skip

OWN: Final = Spellings(
    operation=(_KIND, _REQUEST),
    agent=(f"{_ASSOCIATED}lc_agent_name",),
    conversation=tuple(f"{_ASSOCIATED}{name}" for name in ("session_id", "conversation_id", "thread_id", "chat_id")),
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)
OWN_MARKS: Final = frozenset({_KIND, _REQUEST, _ENTITY, "traceloop.workflow.name", "traceloop.entity.path"})

_BEDROCK: Final = "opentelemetry.instrumentation.bedrock"
_VENDORS: Final = (
    ("claude", "anthropic."),
    ("nova", "amazon."),
    ("titan", "amazon."),
    ("llama", "meta."),
    ("command", "cohere."),
    ("embed-", "cohere."),
    ("jamba", "ai21."),
    ("mistral", "mistral."),
    ("mixtral", "mistral."),
    ("gpt-oss", "openai."),
)
"""Beginning of a model's name on Bedrock → the vendor before it, which the emitter takes away."""

_KINDS: Final = {
    "workflow": OPERATIONS["invoke_workflow"],
    "task": Operation("task", STEP),
    "agent": OPERATIONS["invoke_agent"],
    "tool": OPERATIONS["execute_tool"],
}
_REQUESTS: Final = {
    "chat": OPERATIONS["chat"],
    "completion": OPERATIONS["text_completion"],
    "embedding": OPERATIONS["embeddings"],
    "rerank": OPERATIONS["rerank"],
}


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span of OpenLLMetry, or of one that it decorated."""
    attributes = span.attributes
    kind = attributes.get(_KIND)
    reading = read_usage(span, present, NAME, _operation(span))
    usage = reading.usage
    if usage is not None:
        if kind == "agent" and not usage.agent:
            usage.agent = read_text(attributes.get(_ENTITY))
        if usage.scope == _BEDROCK and not usage.response_model:
            usage.price_model = _with_vendor(usage.request_model)
    return reading


@lru_cache(maxsize=256)
def _with_vendor(model: str) -> str:
    return next((f"{vendor}{model}" for beginning, vendor in _VENDORS if model.startswith(beginning)), model)


def _operation(span: Span) -> Operation:
    """Others name their scopes alike (loongsuite), so what neither name of Traceloop's decides is read as anybody's."""
    attributes = span.attributes
    stated = find_operation(attributes.get(conventions.OPERATION))
    if stated.kind != OTHER or stated.never_billable:
        return stated
    kind, request = attributes.get(_KIND), attributes.get(_REQUEST)
    own = _KINDS.get(kind) if type(kind) is str else None
    asked = _REQUESTS.get(request) if type(request) is str else None
    return own or asked or operation_of(span)


def claims(keys: frozenset[str], scope: str) -> bool:
    """By an attribute of its own, or by its scopes: instrumentations alone have the conventions' attributes only."""
    return not OWN_MARKS.isdisjoint(keys) or scope.startswith(tuple(f"{name}." for name in _SCOPES)) or scope in _SCOPES


DIALECT: Final = Dialect(
    name=NAME,
    marks=conventions.MARKS | OWN_MARKS,
    wanted=conventions.WANTED | OWN.all_names() | OWN_MARKS,
    spellings=SPELLINGS,
    read=read,
    claims=claims,
)
