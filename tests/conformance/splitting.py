"""Recorded bodies torn into the smallest requests that say the same: one span, log record or scope of metrics each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy

from conformance.recordings import Request
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

MESSAGES = {
    "traces": (ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans"),
    "logs": (ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records"),
    "metrics": (ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", None),
}
NODES = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "metrics": ("resourceMetrics", "scopeMetrics", None),
}


def split(request: Request) -> list[Request]:
    """The metrics of one scope stay together, for one tells what another leaves out: senders tear no finer."""
    signal = request.path.rpartition("/")[2]
    is_json = "json" in request.content_type
    bodies = _split_json(request.body, *NODES[signal]) if is_json else _split_protobuf(request.body, *MESSAGES[signal])
    return [Request(request.path, request.content_type, body) for body in bodies]


def _split_json(body: bytes, outer: str, inner: str, leaf: str | None) -> Iterator[bytes]:
    for resource in json.loads(body).get(outer, []):
        for scope in resource.get(inner, []):
            for alone in [scope] if leaf is None else ({**scope, leaf: [record]} for record in scope.get(leaf, [])):
                yield json.dumps({outer: [{**deepcopy(resource), inner: [alone]}]}).encode()


def _split_protobuf(body: bytes, message: type, outer: str, inner: str, leaf: str | None) -> Iterator[bytes]:
    whole = message.FromString(body)
    for resource in getattr(whole, outer):
        for scope in getattr(resource, inner):
            for record in [None] if leaf is None else getattr(scope, leaf):
                alone = message()
                of_resource = getattr(alone, outer).add()
                of_resource.resource.CopyFrom(resource.resource)
                of_scope = getattr(of_resource, inner).add()
                if record is None:
                    of_scope.CopyFrom(scope)
                else:
                    of_scope.scope.CopyFrom(scope.scope)
                    getattr(of_scope, leaf).add().CopyFrom(record)
                yield alone.SerializeToString()
