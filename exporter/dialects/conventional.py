"""The event and the metrics of the official GenAI conventions, as every dialect reads them that sends them.

The event repeats the span of the same ids with less in it.  Two families of metrics say the same summed up: a
histogram, whose points differ in the kind of token, and counters, whose points differ in the modality.  Of the
histogram's kinds only input and output are the conventions' own; the others, which Envoy has, are parts of them.
Sources: specification of telemetry dialects, sections 1.5, 1.6, 2.2 and 5.4 (R0, R6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects.conventions import ERROR_TYPE, OPERATION, SPELLINGS
from exporter.dialects.kinds import OPERATIONS, UNNAMED, Operation, find_operation
from exporter.dialects.points import Values, read_points
from exporter.dialects.reading import read_usage
from exporter.dialects.records import sent_as_log, sent_as_metric, with_attributes
from exporter.dialects.spellings import Names, Spellings
from exporter.signals import STATUS_ERROR, Span
from exporter.usage import LOGS, SPANS, Reading

EVENT: Final = "gen_ai.client.inference.operation.details"
HISTOGRAM: Final = "gen_ai.client.token.usage"
KIND_OF_TOKEN, MODALITY = "gen_ai.token.type", "gen_ai.token.modality"

_COUNTER, _USAGE = "gen_ai.client.inference.usage.", "gen_ai.usage."
_PARTS: Final = {
    (HISTOGRAM, "cached_input"): f"{_USAGE}cache_read.input_tokens",
    (HISTOGRAM, "cache_creation_input"): f"{_USAGE}cache_write.input_tokens",
    (HISTOGRAM, "reasoning"): f"{_USAGE}reasoning.output_tokens",
}
_COUNTED: Final = (
    "input_tokens",
    "output_tokens",
    "cache_read.input_tokens",
    "cache_write.input_tokens",
    "reasoning.output_tokens",
)
_MEANS: Final[Mapping[tuple[str, str], str]] = {
    (HISTOGRAM, "input"): f"{_USAGE}input_tokens",
    (HISTOGRAM, "output"): f"{_USAGE}output_tokens",
    **_PARTS,
    **{(f"{_COUNTER}{count}", "*"): f"{_USAGE}{count}" for count in _COUNTED},
}
COUNTERS: Final = frozenset(f"{_COUNTER}{count}" for count in _COUNTED)
_INFERENCE: Final = OPERATIONS["chat"]._replace(name="inference")


def read_details(span: Span, present: Spellings, dialect: str, session: Names = ()) -> Reading:
    """What the event says of a call, as a record of its own."""
    if ERROR_TYPE in span.attributes:
        span = span._replace(status=STATUS_ERROR)
    reading = read_usage(span, present, dialect, _operation(span))
    return sent_as_log(reading, span, session, frozenset({SPANS}))


def read_sums(span: Span, values: Values, dialect: str, session: Names = ()) -> Reading:
    """What a process used of a model."""
    span = with_attributes(span, read_points(values, _MEANS))
    counted_as = "envoy" if not _PARTS.keys().isdisjoint(values) else ""
    present = SPELLINGS.present_in(span.attributes)
    reading = read_usage(span, present, dialect, _operation(span), counted_as=counted_as)
    return sent_as_metric(reading, span, session, frozenset({SPANS, LOGS}))


def _operation(span: Span) -> Operation:
    stated = find_operation(span.attributes.get(OPERATION))
    return _INFERENCE if stated is UNNAMED else stated
