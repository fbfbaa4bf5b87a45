"""Vercel's AI SDK, versions 4 to 7, and programs built on it such as opencode: `ai.*` around every model call.

An outer span (`ai.generateText`) adds up, or repeats the last of, its inner ones (`ai.generateText.doGenerate`), which
are the calls.  Newer spans, of @ai-sdk/otel, follow the conventions and are read here only where they add `ai.usage.*`.
Sources: ai 5.0.277 and 6.0.326, @ai-sdk/otel 1.0.173; specification of telemetry dialects, section 3.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.basis import VERCEL, VERCEL_BEFORE_6
from exporter.dialects.fields import short_text
from exporter.dialects.kinds import OPERATIONS, Operation, operation_of
from exporter.dialects.provider_metadata import UNCACHED, read_metadata
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.dialects.units import OF_VERCEL
from exporter.signals import Lift, Span, Value
from exporter.usage import STEP, Reading

NAME: Final = "vercel"

_ID: Final = "ai.operationId"
_METADATA: Final = "ai.response.providerMetadata"
_AGENT_HEADER: Final = "ai.request.headers.user-agent"
_USAGE: Final = "ai.usage."
_IN, _OUT = f"{_USAGE}inputTokenDetails.", f"{_USAGE}outputTokenDetails."
_SAID_BY_USER: Final = "ai.telemetry.metadata."

OWN: Final = Spellings(
    # The last of each are of speech and transcription, whose usage is the provider's in other letters.
    input=(f"{_USAGE}inputTokens", f"{_USAGE}promptTokens", f"{_USAGE}tokens", f"{_USAGE}input_tokens"),
    output=(f"{_USAGE}outputTokens", f"{_USAGE}completionTokens", f"{_USAGE}output_tokens"),
    cache_read=(f"{_IN}cacheReadTokens", f"{_USAGE}cachedInputTokens"),
    cache_write=(f"{_IN}cacheWriteTokens",),
    reasoning=(f"{_OUT}reasoningTokens", f"{_USAGE}reasoningTokens"),
    total=(f"{_USAGE}totalTokens", f"{_USAGE}total_tokens"),
    uncached=(UNCACHED,),
    visible=(f"{_OUT}textTokens",),
    units=tuple(OF_VERCEL),
    operation=(_ID,),
    version=(_AGENT_HEADER,),
    provider=("ai.model.provider",),
    request_model=("ai.model.id",),
    response_model=("ai.response.model",),
    call_key=("ai.response.id",),
    agent=("ai.telemetry.functionId",),
    conversation=tuple(
        f"{_SAID_BY_USER}{name}"
        for name in ("sessionId", "session_id", "threadId", "thread_id", "conversationId", "conversation_id", "chatId")
    ),
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)

_COUNTED: Final = frozenset(
    {*OWN.input, *OWN.output, *OWN.cache_read, *OWN.cache_write, *OWN.reasoning, *OWN.uncached, *OWN.visible}
)
MARKS: Final = _COUNTED | {_ID}

_AGENT: Final = OPERATIONS["invoke_agent"]
_OUTER: Final = {
    # Whatever happens within belongs to calls of its own, as within an agent.
    **dict.fromkeys(
        ("ai.generateText", "ai.streamText", "ai.generateObject", "ai.streamObject", "ai.workflowAgent.stream"), _AGENT
    ),
    "ai.embed": Operation("embeddings", STEP),
    "ai.embedMany": Operation("embeddings", STEP),
    "ai.rerank": Operation("rerank", STEP),
    "ai.toolCall": OPERATIONS["execute_tool"],
}
_INNER: Final = {
    "doGenerate": OPERATIONS["chat"],
    "doStream": OPERATIONS["chat"],
    "doEmbed": OPERATIONS["embeddings"],
    "doRerank": OPERATIONS["rerank"],
}
_PROGRAMS: Final = frozenset({"opencode"})
"""Scopes of programs, whose function ids name places in their source and no agent of a user."""
_SDK: Final = re.compile(r"(?:^|\s)ai/(\d{1,3})\.")
_COUNTS_ALIKE_FROM: Final = 6
"""The version from which all providers' input includes what was cached."""


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span of the AI SDK."""
    attributes = span.attributes
    operation = _operation(short_text(attributes.get(_ID))) or operation_of(span)
    row = _row(attributes, present) if _ID in attributes else ""
    reading = read_usage(span, present, NAME, operation, counted_as=row)
    if reading.usage is not None and span.origin.scope in _PROGRAMS:
        reading.usage.agent = ""
    return reading


@lru_cache(maxsize=256)
def _operation(stated: str) -> Operation | None:
    outer, _, inner = stated.rpartition(".")
    return _OUTER.get(stated) or OPERATIONS.get(stated) or OPERATIONS.get(outer) or _INNER.get(inner)


def _row(attributes: Mapping[str, Value], present: Spellings) -> str:
    """The row of `basis.EMITTERS`: the SDK states its version on some spans, and since 6 the details of its counts."""
    stated = attributes.get(_AGENT_HEADER)
    sdk = _SDK.search(stated) if type(stated) is str else None
    if sdk is not None:
        return VERCEL if int(sdk[1]) >= _COUNTS_ALIKE_FROM else VERCEL_BEFORE_6
    return VERCEL if present.uncached or present.visible else VERCEL_BEFORE_6


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """An outer span has what the provider said of the last of its calls, therefore of calls alone."""
    stated = attributes.get(_ID)
    is_outer = stated in _OUTER or (stated is None and attributes.get(conventions.OPERATION) == _AGENT.name)
    return {} if is_outer else read_metadata(attributes.get(_METADATA))


DIALECT: Final = Dialect(
    name=NAME,
    marks=MARKS,
    wanted=conventions.WANTED | OWN.all_names(),
    spellings=SPELLINGS,
    read=read,
    lift=Lift(frozenset({_METADATA}), _take),
)
