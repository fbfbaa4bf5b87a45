"""Bodies to plain spans, log records and points.  Only wanted attributes leave, so a prompt or an answer never reaches
the code behind.

A protobuf body cut at a field boundary is valid protobuf with fewer records.  Nothing here can see that:
`body.read_body` compares Content-Length, the chunked end mark and the gzip trailer, which is all there is.
"""

from __future__ import annotations

from exporter.intake import json_logs, json_points, json_spans, protobuf_logs, protobuf_points, protobuf_spans
from exporter.intake.decoded import Collected, DecodedLogs, DecodedMetrics, DecodedTraces
from exporter.intake.limits import DEFAULT_LIMITS, IntakeLimits
from exporter.intake.values import Allowance, Wanted
from exporter.signals import NO_LIFT, Lift, Point, Span

__all__ = [
    "DecodedLogs",
    "DecodedMetrics",
    "DecodedTraces",
    "Wanted",
    "decode_logs",
    "decode_metrics",
    "decode_traces",
]


def decode_traces(
    body: bytes,
    *,
    json: bool,
    wanted: Wanted,
    lift: Lift = NO_LIFT,
    limits: IntakeLimits = DEFAULT_LIMITS,
) -> DecodedTraces:
    """Spans of an ExportTraceServiceRequest.

    `wanted` names the span and resource attributes that leave, their texts cut to `limits.max_text_chars`; content
    stays, and what `lift` takes out of it leaves in its place.  Raises InvalidRequest when the body is undecodable,
    TooLarge when it holds more records than `limits` allow.
    """
    collected: Collected[Span] = Collected()
    read = json_spans.read_traces if json else protobuf_spans.read_traces
    read(body, Allowance(wanted=wanted | lift.content, lift=lift, limits=limits), collected)
    return DecodedTraces(collected.kept, collected.rejected, collected.sampled)


def decode_logs(
    body: bytes,
    *,
    json: bool,
    wanted: Wanted,
    events: frozenset[str],
    numbered: frozenset[str] = frozenset(),
    lift: Lift = NO_LIFT,
    limits: IntakeLimits = DEFAULT_LIMITS,
) -> DecodedLogs:
    """Records of an ExportLogsServiceRequest whose event is one of `events`, in the shape of spans.

    The body of a record is read as the name of an event and stays.  Every record of the scopes `numbered` leaves its
    number, whether its event is wanted or not.  Otherwise as `decode_traces`.
    """
    collected: Collected[Span] = Collected()
    read = json_logs.read_logs if json else protobuf_logs.read_logs
    allowance = Allowance(wanted=wanted | lift.content, lift=lift, numbered=numbered, limits=limits)
    read(body, events, allowance, collected)
    return DecodedLogs(collected.kept, collected.ignored, collected.rejected, tuple(collected.events))


def decode_metrics(
    body: bytes,
    *,
    json: bool,
    wanted: Wanted,
    metrics: frozenset[str],
    types: frozenset[str] = frozenset(),
    limits: IntakeLimits = DEFAULT_LIMITS,
) -> DecodedMetrics:
    """Points of an ExportMetricsServiceRequest that are of one of `metrics`: of sums and histograms.

    `wanted` names the attributes of points and resources that leave, `types` those in which the points of one series
    differ.  Otherwise as `decode_traces`.
    """
    collected: Collected[Point] = Collected()
    read = json_points.read_points if json else protobuf_points.read_points
    read(body, metrics, Allowance(wanted=wanted, types=types, limits=limits), collected)
    return DecodedMetrics(collected.kept, collected.ignored, collected.rejected)
