"""OTLP requests as tests write them, in both encodings."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Request = TypeVar("Request", bound=Message)
TRACE_ID = bytes(range(1, 17))
SPAN_ID = bytes(range(1, 9))


def any_value(value: Any) -> AnyValue:
    """An AnyValue of a plain Python value; a mapping becomes a kvlist, None the empty value."""
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case Mapping():
            return AnyValue(kvlist_value={"values": pairs(value)})
        case _:
            return AnyValue(array_value={"values": [any_value(item) for item in value]})


def pairs(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def span(attributes: Mapping[str, Any] | None = None, **fields: Any) -> Span:
    """A valid span; fields of the message override."""
    values = {
        "trace_id": TRACE_ID,
        "span_id": SPAN_ID,
        "name": "chat",
        "start_time_unix_nano": 1_000,
        "end_time_unix_nano": 2_000,
        **fields,
    }
    return Span(attributes=pairs(attributes or {}), **values)


def request(*spans: Span, resource: Mapping[str, Any] | None = None, scope: str = "lib", version: str = "1") -> bytes:
    """One resource and one scope with these spans."""
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    group.resource.attributes.extend(pairs(resource or {}))
    scoped = group.scope_spans.add()
    scoped.scope.name, scoped.scope.version = scope, version
    scoped.spans.extend(spans)
    return message.SerializeToString()


def log(attributes: Mapping[str, Any] | None = None, *, body: Any = None, **fields: Any) -> LogRecord:
    """A log record with the ids of a span; fields of the message override."""
    values = {"trace_id": TRACE_ID, "span_id": SPAN_ID, "time_unix_nano": 1_000, **fields}
    if body is not None:
        values["body"] = any_value(body)
    return LogRecord(attributes=pairs(attributes or {}), **values)


def logs_request(*records: LogRecord, resource: Mapping[str, Any] | None = None, scope: str = "lib") -> bytes:
    """One resource and one scope with these log records."""
    message = ExportLogsServiceRequest()
    group = message.resource_logs.add(resource={"attributes": pairs(resource or {})})
    group.scope_logs.add(scope={"name": scope, "version": "1"}, log_records=records)
    return message.SerializeToString()


def metrics_request(*metrics: Metric, resource: Mapping[str, Any] | None = None, scope: str = "lib") -> bytes:
    """One resource and one scope with these metrics."""
    message = ExportMetricsServiceRequest()
    group = message.resource_metrics.add(resource={"attributes": pairs(resource or {})})
    group.scope_metrics.add(scope={"name": scope, "version": "1"}, metrics=metrics)
    return message.SerializeToString()


def as_json(body: bytes, kind: type[Message] = ExportTraceServiceRequest) -> bytes:
    """The OTLP/JSON form of a protobuf request: hex ids, integer enums."""
    message = MessageToDict(kind.FromString(body), use_integers_for_enums=True)
    _rewrite_ids(message, lambda text: base64.b64decode(text).hex())
    return json.dumps(message).encode()


def parse_traces(body: bytes, content_type: str) -> ExportTraceServiceRequest:
    """A trace request in either encoding."""
    if "json" not in content_type:
        return ExportTraceServiceRequest.FromString(body)
    return parse_json(body, ExportTraceServiceRequest())


def parse_logs(body: bytes, content_type: str) -> ExportLogsServiceRequest:
    """A log request in either encoding."""
    if "json" not in content_type:
        return ExportLogsServiceRequest.FromString(body)
    return parse_json(body, ExportLogsServiceRequest())


def parse_json(body: bytes, into: Request) -> Request:
    """A request in OTLP/JSON as the message that it is in protobuf."""
    message = json.loads(body)
    _rewrite_ids(message, lambda text: base64.b64encode(bytes.fromhex(text)).decode())
    return ParseDict(message, into, ignore_unknown_fields=True)


def _rewrite_ids(node: Any, rewrite: Callable[[str], str]) -> None:
    if isinstance(node, list):
        for item in node:
            _rewrite_ids(item, rewrite)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name in {"traceId", "spanId", "parentSpanId"}:
                node[name] = rewrite(value)
            else:
                _rewrite_ids(value, rewrite)
