"""Bodies to plain spans.  Only wanted attributes leave, so a prompt or an answer never reaches the code behind.

A protobuf body cut at a field boundary is valid protobuf with fewer spans.  Nothing here can see that:
`body.read_body` compares Content-Length, the chunked end mark and the gzip trailer, which is all there is.
"""

from __future__ import annotations

from exporter.intake import decode_json, decode_protobuf
from exporter.intake.decoded import DecodedTraces
from exporter.intake.limits import DEFAULT_LIMITS, IntakeLimits
from exporter.intake.values import Allowance, Wanted
from exporter.signals import NO_LIFT, Lift

__all__ = ["DecodedTraces", "Wanted", "decode_logs", "decode_metrics", "decode_traces"]


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
    decoded = DecodedTraces([], {})
    read = decode_json.read_traces if json else decode_protobuf.read_traces
    read(body, Allowance(wanted=wanted | lift.content, lift=lift, limits=limits), decoded)
    return decoded


def decode_logs(body: bytes, *, json: bool, limits: IntakeLimits = DEFAULT_LIMITS) -> int:
    """How many log records an ExportLogsServiceRequest holds.  Raises as `decode_traces`."""
    return decode_json.count_logs(body, limits) if json else decode_protobuf.count_logs(body, limits)


def decode_metrics(body: bytes, *, json: bool, limits: IntakeLimits = DEFAULT_LIMITS) -> int:
    """How many data points an ExportMetricsServiceRequest holds.  Raises as `decode_traces`."""
    return decode_json.count_points(body, limits) if json else decode_protobuf.count_points(body, limits)
