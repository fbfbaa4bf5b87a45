"""Google's Gemini CLI: log records, spans and metrics of the same calls.

A log record is believed first: spans know neither thoughts nor cached tokens.  The program repeats both its log
records and its metric under the conventions' names, with less in them; `genai` leaves those out.  Source: recorded
telemetry of 0.61.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions, gemini_events
from exporter.dialects.base import Dialect, Logs, Metrics
from exporter.dialects.kinds import OPERATIONS, find_operation
from exporter.dialects.points import read_points
from exporter.dialects.reading import read_usage
from exporter.dialects.records import ALONE, sent_as_log, sent_as_metric, sent_as_span, with_attributes
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import LOGS as LOG
from exporter.usage import SPANS, Reading

NAME: Final = "gemini_cli"
SCOPE: Final = "gemini-cli"
_METRIC: Final = "gemini_cli.token.usage"
_MEANS: Final = gemini_events.meanings(_METRIC)


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span."""
    operation = find_operation(span.attributes.get(conventions.OPERATION))
    reading = read_usage(span, present, NAME, operation, counted_as=SCOPE)
    return sent_as_span(reading, span, ("gen_ai.conversation.id", *gemini_events.SESSION), frozenset({LOG}))


def read_event(span: Span, present: Spellings) -> Reading:
    """Usage of an answer, or a failure."""
    span = gemini_events.prepare_event(span)
    present = gemini_events.SPELLINGS.present_in(span.attributes)
    reading = read_usage(span, present, NAME, OPERATIONS["generate_content"], counted_as=SCOPE)
    return sent_as_log(reading, span, gemini_events.SESSION, ALONE, sequence=gemini_events.SEQUENCE)


def read_metric(span: Span, values: Mapping[tuple[str, str], int | float]) -> Reading:
    """What a session used of a model."""
    span = gemini_events.prepare_points(with_attributes(span, read_points(values, _MEANS)))
    present = gemini_events.SPELLINGS.present_in(span.attributes)
    reading = read_usage(span, present, NAME, OPERATIONS["generate_content"], counted_as=SCOPE)
    return sent_as_metric(reading, span, gemini_events.SESSION, frozenset({LOG, SPANS}))


DIALECT: Final = Dialect(
    name=NAME,
    marks=frozenset({conventions.OPERATION, *conventions.SPELLINGS.input}),
    wanted=conventions.WANTED,
    spellings=conventions.SPELLINGS,
    read=read,
    claims=lambda _, scope: scope == SCOPE,
)
LOGS: Final = Logs(
    dialect=NAME,
    events=gemini_events.events_of("gemini_cli"),
    wanted=gemini_events.WANTED | {gemini_events.SEQUENCE},
    spellings=gemini_events.SPELLINGS,
    read=read_event,
)
METRICS: Final = Metrics(
    dialect=NAME, metrics=frozenset({_METRIC}), wanted=gemini_events.WANTED, types=("type",), read=read_metric
)
