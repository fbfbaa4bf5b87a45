"""Claude Code (Anthropic's coding agent and its SDK): log records, spans and metrics of the same calls.

A log record is believed first: it alone tells lifetimes of cache writes and the model that answered.  Cached tokens
stand beside the input in every signal.  The request's id joins log records, spans and transcripts; what the program
calls its cost is a list price.  Source: specification of telemetry dialects, section 3.4 (2.1.197 to 2.1.329).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect, Logs, Metrics
from exporter.dialects.fields import coerce_count, read_text
from exporter.dialects.kinds import OPERATIONS, UNNAMED, find_operation
from exporter.dialects.points import read_points
from exporter.dialects.reading import NOTHING, read_usage
from exporter.dialects.records import (
    ALONE,
    failed,
    lasting,
    sent_as_log,
    sent_as_metric,
    sent_as_span,
    with_attributes,
)
from exporter.dialects.spellings import Spellings
from exporter.signals import STATUS_ERROR, Span
from exporter.usage import IMPORTS, SPANS, Reading
from exporter.usage import LOGS as LOG

NAME: Final = "claude_code"
SCOPE: Final = "com.anthropic.claude_code"

_SESSION: Final = ("session.id",)
_MACHINE: Final = ("user.id",)
"""A random id of the installation.  Metrics may be told to leave the session out, which is how they are then known."""
_COST, _MICROS = "cost_usd", "cost_usd_micros"
_ORIGINS: Final = ("query_source", "query_source_safe")
_FAILURE: Final = ("status_code", "error_class", "error_type")
_SEQUENCE, _DURATION = "event.sequence", "duration_ms"

OWN: Final = Spellings(
    input=("input_tokens",),
    output=("output_tokens",),
    cache_read=("cache_read_tokens",),
    cache_write=("cache_creation_tokens",),
    write_5m=("cache_creation_5m_tokens",),
    write_1h=("cache_creation_1h_tokens",),
    cost=(_COST,),
    provider=("anthropic.provider",),
    request_model=("gen_ai.request.model", "model"),
    call_key=("request_id",),
    # A sub-agent's own id stands in the conventions' name for the conversation.
    conversation=_SESSION,
    speed=("speed",),
)
SPELLINGS: Final = OWN.followed_by(conventions.SPELLINGS)
_WANTED: Final = conventions.WANTED | OWN.all_names() | {*_ORIGINS, *_FAILURE, *_MACHINE}

_KINDS: Final = {
    "interaction": OPERATIONS["invoke_agent"],
    "llm_request": OPERATIONS["chat"],
    "tool": OPERATIONS["execute_tool"],
    "tool.execution": OPERATIONS["execute_tool"],
}
"""What stands behind `claude_code.` in the name of a span."""
_SUBAGENT: Final = re.compile(r"agent[.:][^.:]*[.:](.+)", re.DOTALL)
"""Where a request came from, when a sub-agent made it: whose kind of agent, then its name."""


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span."""
    operation = _KINDS.get(span.name.removeprefix("claude_code."), UNNAMED)
    if operation is UNNAMED:
        operation = find_operation(span.attributes.get(conventions.OPERATION))
    if span.status == STATUS_ERROR:
        span = failed(span, *_FAILURE)
    reading = _name_agent(read_usage(span, present, NAME, operation, counted_as=SCOPE), span)
    return sent_as_span(reading, span, _SESSION, frozenset({LOG}), machine=_MACHINE)


def read_event(span: Span, present: Spellings) -> Reading:
    """Usage of a request that was answered, or the failure of one."""
    event = span.name.removeprefix("claude_code.")
    if event == span.name and not span.origin.scope.startswith(SCOPE):
        return NOTHING
    span = lasting(span, _DURATION)
    if event != "api_request":
        span = failed(span, *_FAILURE, "stop_reason")
    elif _COST not in span.attributes and (micros := coerce_count(span.attributes.get(_MICROS, 0), [])):
        span = with_attributes(span, {_COST: f"{micros // 10**6}.{micros % 10**6:06d}"})
        present = SPELLINGS.present_in(span.attributes)
    reading = _name_agent(read_usage(span, present, NAME, OPERATIONS["chat"], counted_as=SCOPE), span)
    return sent_as_log(reading, span, _SESSION, ALONE, machine=_MACHINE, sequence=_SEQUENCE)


_TOKENS, _COSTS = "claude_code.token.usage", "claude_code.cost.usage"
_MEANS: Final = {
    (_TOKENS, "input"): "input_tokens",
    (_TOKENS, "output"): "output_tokens",
    (_TOKENS, "cacheRead"): "cache_read_tokens",
    (_TOKENS, "cacheCreation"): "cache_creation_tokens",
    (_COSTS, ""): _COST,
}


def read_metric(span: Span, values: Mapping[tuple[str, str], int | float]) -> Reading:
    """What a session used in a time; the lifetimes of cache writes are not among it."""
    span = with_attributes(span, read_points(values, _MEANS))
    operation = OPERATIONS["chat"]
    reading = read_usage(span, SPELLINGS.present_in(span.attributes), NAME, operation, counted_as=SCOPE)
    outranked_by = frozenset({LOG, SPANS, IMPORTS})
    return sent_as_metric(_name_agent(reading, span), span, _SESSION, outranked_by, machine=_MACHINE)


def _name_agent(reading: Reading, span: Span) -> Reading:
    """A sub-agent's name is part of where the request came from, where no attribute of its own has it."""
    usage = reading.usage
    if usage is not None and not any(name in span.attributes for name in SPELLINGS.agent):
        origin = next(filter(None, (read_text(span.attributes.get(name)) for name in _ORIGINS)), "")
        if found := _SUBAGENT.fullmatch(origin):
            usage.agent = found[1]
    return reading


_MARKS: Final = frozenset({"span.type", conventions.OPERATION, "gen_ai.request.model", *OWN.input, *OWN.output})
DIALECT: Final = Dialect(
    name=NAME,
    marks=_MARKS,
    wanted=_WANTED | _MARKS,
    spellings=SPELLINGS,
    read=read,
    claims=lambda _, scope: scope.startswith(SCOPE),
)
_EVENTS: Final = ("api_request", "api_error", "api_refusal")
LOGS: Final = Logs(
    dialect=NAME,
    events=frozenset({*_EVENTS, *(f"claude_code.{event}" for event in _EVENTS)}),
    wanted=_WANTED | {_MICROS, _SEQUENCE, _DURATION, "stop_reason"},
    spellings=SPELLINGS,
    read=read_event,
    numbered=frozenset({f"{SCOPE}.events"}),
)
METRICS: Final = Metrics(
    dialect=NAME,
    metrics=frozenset({_TOKENS, _COSTS}),
    wanted=_WANTED,
    types=("type",),
    read=read_metric,
)
