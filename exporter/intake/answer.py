"""OTLP answers in the encoding of the request (OTLP 1.11, "OTLP/HTTP Response")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from google.protobuf.message import Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from exporter.intake.limits import IntakeLimits
from exporter.signals import clean_text

JSON: Final = "application/json"
PROTOBUF: Final = "application/x-protobuf"
"""Literal: the Collector ignores partial success when a charset follows."""

_PERMANENT: Final = {
    400: code_pb2.INVALID_ARGUMENT,
    401: code_pb2.UNAUTHENTICATED,
    403: code_pb2.PERMISSION_DENIED,
    404: code_pb2.NOT_FOUND,
    405: code_pb2.UNIMPLEMENTED,
    409: code_pb2.ABORTED,
    413: code_pb2.INVALID_ARGUMENT,
    415: code_pb2.INVALID_ARGUMENT,
}
_TRANSIENT: Final = {429: code_pb2.RESOURCE_EXHAUSTED, 503: code_pb2.UNAVAILABLE}
_GRPC_CODES: Final = {**_PERMANENT, **_TRANSIENT}
"""HTTP status to google.rpc.Code.  413 is no RESOURCE_EXHAUSTED: gRPC clients retry that."""


class Signal(NamedTuple):
    """A kind of telemetry: its path, the words of its answers."""

    name: str
    """As in `usage`: span, log, metric."""
    path: str
    items: str
    """Plural for people."""
    rejected_field: str
    rejected_key: str
    """The field's name in JSON."""
    response: type[Message]


SPAN: Final = Signal("span", "/v1/traces", "spans", "rejected_spans", "rejectedSpans", ExportTraceServiceResponse)
LOG: Final = Signal(
    "log", "/v1/logs", "log records", "rejected_log_records", "rejectedLogRecords", ExportLogsServiceResponse
)
METRIC: Final = Signal(
    "metric", "/v1/metrics", "data points", "rejected_data_points", "rejectedDataPoints", ExportMetricsServiceResponse
)
SIGNALS: Final = (SPAN, LOG, METRIC)


def success(signal: Signal, rejected: Mapping[str, int], limits: IntakeLimits, *, as_json: bool) -> bytes:
    """The body of a 200: an empty message on full success, where OTLP wants `partial_success` unset."""
    count = sum(rejected.values())
    if not count:
        return b"{}" if as_json else b""
    message = shorten(_describe_rejected(signal, rejected), limits)
    if as_json:
        return _dump({"partialSuccess": {signal.rejected_key: str(count), "errorMessage": message}})
    answer = signal.response()
    partial = answer.partial_success  # type: ignore[attr-defined]
    setattr(partial, signal.rejected_field, count)
    partial.error_message = message
    return answer.SerializeToString()


def failure(http_status: int, message: str, limits: IntakeLimits, *, as_json: bool) -> bytes:
    """A google.rpc.Status body for any 4xx or 5xx."""
    code = _GRPC_CODES.get(http_status, code_pb2.UNKNOWN)
    text = shorten(message, limits)
    if as_json:
        return _dump({"code": code, "message": text})
    return bytes(Status(code=code, message=text).SerializeToString())


def shorten(message: str, limits: IntakeLimits) -> str:
    """The diagnostic, clean and cut; the answer's size is bounded with it, for nothing else in it varies."""
    most = min(limits.max_message_chars, limits.max_answer_bytes // 8)
    text = clean_text(message)
    return text if len(text) <= most else text[: most - 1] + "…"


def _describe_rejected(signal: Signal, rejected: Mapping[str, int]) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(rejected.items()) if count)
    return f"Rejected {signal.items}, never to be sent again: {reasons}."


def _dump(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
