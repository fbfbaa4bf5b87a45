"""Alibaba's Qwen Code, which grew out of Gemini CLI: log records, spans and metrics of the same calls.

A log record is believed first.  For backends without log records a bridge sends them as spans; those are read as the
log records that they are.  Source: specification of telemetry dialects, section 3.4; qwen-code 0.15 and 0.24.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions, gemini_events
from exporter.dialects.base import Dialect, Logs, Metrics
from exporter.dialects.fields import is_true, read_text
from exporter.dialects.kinds import OPERATIONS, UNNAMED, find_operation
from exporter.dialects.points import read_points
from exporter.dialects.reading import NOTHING, read_usage
from exporter.dialects.records import ALONE, sent_as_log, sent_as_metric, sent_as_span, with_attributes
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import LOGS as LOG
from exporter.usage import SPANS, Reading

NAME: Final = "qwen_code"
SCOPE: Final = "qwen-code"
_METRIC: Final = "qwen-code.token.usage"
_MEANS: Final = gemini_events.meanings(_METRIC)
_EVENTS: Final = gemini_events.events_of(SCOPE)
_BRIDGED, _EVENT = "log.bridge", "event.name"

_OWN: Final = Spellings(reasoning=("thoughts_token_count",), agent=("subagent_name",))
SPELLINGS: Final = conventions.SPELLINGS.followed_by(_OWN)

_KINDS: Final = {
    "qwen-code.interaction": OPERATIONS["invoke_agent"],
    "qwen-code.subagent": OPERATIONS["invoke_agent"],
    "qwen-code.llm_request": OPERATIONS["chat"],
    "qwen-code.tool": OPERATIONS["execute_tool"],
    "qwen-code.tool.execution": OPERATIONS["execute_tool"],
}


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span, or of the log record that it was before the bridge."""
    attributes = span.attributes
    if is_true(attributes.get(_BRIDGED)):
        event = read_text(attributes.get(_EVENT))
        return read_event(span._replace(name=event, end_ns=span.start_ns), present) if event in _EVENTS else NOTHING
    operation = _KINDS.get(span.name, UNNAMED)
    if operation is UNNAMED:
        operation = find_operation(attributes.get(conventions.OPERATION))
    reading = read_usage(span, present, NAME, operation, counted_as=SCOPE)
    return sent_as_span(reading, span, gemini_events.SESSION, frozenset({LOG}))


def read_event(span: Span, present: Spellings) -> Reading:
    """Usage of an answer, or a failure."""
    span = gemini_events.prepare_event(span)
    present = gemini_events.SPELLINGS.present_in(span.attributes)
    reading = read_usage(span, present, NAME, OPERATIONS["chat"], counted_as=SCOPE)
    return sent_as_log(reading, span, gemini_events.SESSION, ALONE, sequence=gemini_events.SEQUENCE)


def read_metric(span: Span, values: Mapping[tuple[str, str], int | float]) -> Reading:
    """What a process or session used of a model."""
    span = with_attributes(span, read_points(values, _MEANS))
    present = gemini_events.SPELLINGS.present_in(span.attributes)
    reading = read_usage(span, present, NAME, OPERATIONS["chat"], counted_as=SCOPE)
    return sent_as_metric(reading, span, gemini_events.SESSION, frozenset({LOG, SPANS}))


DIALECT: Final = Dialect(
    name=NAME,
    marks=frozenset({"llm_request.context", _BRIDGED, conventions.OPERATION, *conventions.SPELLINGS.input}),
    wanted=conventions.WANTED
    | gemini_events.WANTED
    | {_BRIDGED, _EVENT, "llm_request.context", gemini_events.SEQUENCE},
    spellings=SPELLINGS,
    read=read,
    claims=lambda _, scope: scope == SCOPE,
)
LOGS: Final = Logs(
    dialect=NAME,
    events=_EVENTS,
    wanted=gemini_events.WANTED | {gemini_events.SEQUENCE},
    spellings=gemini_events.SPELLINGS,
    read=read_event,
)
METRICS: Final = Metrics(
    dialect=NAME, metrics=frozenset({_METRIC}), wanted=gemini_events.WANTED, types=("type",), read=read_metric
)
