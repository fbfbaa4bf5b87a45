"""The official GenAI conventions of OpenTelemetry, in all their generations.

Their names are in `conventions`, for every dialect understands them.
"""

from __future__ import annotations

from typing import Final

from exporter.dialects.base import Dialect, Logs, Metrics
from exporter.dialects.conventional import (
    COUNTERS,
    EVENT,
    HISTOGRAM,
    KIND_OF_TOKEN,
    MODALITY,
    read_details,
    read_sums,
)
from exporter.dialects.conventions import MARKS, SPELLINGS, WANTED
from exporter.dialects.kinds import operation_of
from exporter.dialects.points import Values
from exporter.dialects.reading import NOTHING, read_usage
from exporter.dialects.records import ALONE, anthropic_sdk_of
from exporter.dialects.series import PROCESS
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import Reading

NAME: Final = "genai"

_ANTHROPIC_SDK: Final = "com.anthropic.sdk."


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span that follows any generation of the conventions."""
    reading = read_usage(span, present, NAME, operation_of(span))
    if reading.usage is not None and span.origin.scope.startswith(_ANTHROPIC_SDK):
        # Others tell of the same calls without naming them.
        reading.usage.source = anthropic_sdk_of(span.origin.resource)
    return reading


DIALECT: Final = Dialect(name=NAME, marks=MARKS, wanted=WANTED.union(PROCESS), spellings=SPELLINGS, read=read)

REPEATERS: Final = ("gemini-cli", "qwen-code")
"""Scopes that say the same, and more, in events and metrics of their own."""


def read_event(span: Span, present: Spellings) -> Reading:
    """Usage of a call that an event tells; with the ids of a span it is that span's poorer copy (R0)."""
    if span.origin.scope in REPEATERS:
        return NOTHING
    reading = read_details(span, present, NAME)
    if reading.usage is not None and span.trace_id and span.span_id:
        reading.usage.record_key = reading.usage.source = ""
        reading.usage.speaks_for, reading.usage.outranked_by = (), ALONE
    return reading


def read_metric(span: Span, values: Values) -> Reading:
    """What a process used of a model."""
    return NOTHING if span.origin.scope in REPEATERS else read_sums(span, values, NAME)


LOGS: Final = Logs(dialect=NAME, events=frozenset({EVENT}), wanted=WANTED, spellings=SPELLINGS, read=read_event)
HISTOGRAMS: Final = Metrics(
    dialect=NAME, metrics=frozenset({HISTOGRAM}), wanted=WANTED, types=(KIND_OF_TOKEN,), read=read_metric
)
COUNTED: Final = Metrics(dialect=NAME, metrics=COUNTERS, wanted=WANTED, types=(MODALITY,), read=read_metric)
