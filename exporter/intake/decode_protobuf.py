"""Binary protobuf, by the official types.

Creating Python objects is what costs (about 0.35 us for each attribute touched; parsing is nothing), hence
the order throughout: look at the key, skip early.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from exporter.errors import TooLarge
from exporter.intake.decoded import TOO_MANY_ATTRIBUTES, DecodedTraces, require_at_most, undecodable
from exporter.intake.ids import NO_SPAN, NO_TRACE, parent_or_root, why_unidentified
from exporter.intake.limits import IntakeLimits
from exporter.intake.repair import repair_texts
from exporter.intake.values import MAX_INT64, Allowance, clean_text, cut_text, read_attributes
from exporter.intake.wire import LOGS, METRICS, TRACES, pieces
from exporter.signals import Origin, Span

_POINT_KINDS: Final = ("gauge", "sum", "histogram", "exponential_histogram", "summary")
_MOST_REPAIRS: Final = 64
"""Pieces of one request whose texts are repaired: that takes some 50 times as long as to parse them."""
Request = TypeVar("Request", bound=Message)


def read_traces(body: bytes, allowance: Allowance, decoded: DecodedTraces) -> None:
    """Add the spans of an ExportTraceServiceRequest to `decoded`."""
    reader = _TraceReader(allowance, decoded)
    for request in parse(ExportTraceServiceRequest, pieces(body, TRACES, allowance, decoded.reject)):
        for resource_spans in request.resource_spans:
            reader.read_resource_spans(resource_spans)


def count_logs(body: bytes, limits: IntakeLimits) -> int:
    """Log records of an ExportLogsServiceRequest."""
    found, left_out = 0, list[str]()
    cut = pieces(body, LOGS, Allowance(wanted=frozenset(), limits=limits), left_out.append)
    for request in parse(ExportLogsServiceRequest, cut):
        for resource in request.resource_logs:
            found += sum(len(scope.log_records) for scope in resource.scope_logs)
        require_at_most(found, limits)
    return found + len(left_out)


def count_points(body: bytes, limits: IntakeLimits) -> int:
    """Data points of an ExportMetricsServiceRequest."""
    found, left_out = 0, list[str]()
    cut = pieces(body, METRICS, Allowance(wanted=frozenset(), limits=limits), left_out.append)
    for request in parse(ExportMetricsServiceRequest, cut):
        for resource in request.resource_metrics:
            found += sum(_points_of(metric) for scope in resource.scope_metrics for metric in scope.metrics)
        require_at_most(found, limits)
    return found + len(left_out)


def parse(kind: type[Request], bodies: Iterable[bytes]) -> Iterator[Request]:
    """The messages, their texts repaired where they are not UTF-8; InvalidRequest for what is none."""
    repairs = 0
    for body in bodies:
        try:
            yield kind.FromString(body)
        except DecodeError as error:
            repairs += 1
            repaired = repair_texts(kind, body) if repairs <= _MOST_REPAIRS else None
            if repaired is None:
                raise undecodable(f"a protobuf {kind.DESCRIPTOR.name}", str(error)) from error
            yield kind.FromString(repaired)


def _points_of(metric: Metric) -> int:
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind in _POINT_KINDS else 0


@dataclass(slots=True)
class _TraceReader:
    allowance: Allowance
    decoded: DecodedTraces
    attributes: int = 0
    """Looked at so far."""

    def read_resource_spans(self, message: ResourceSpans) -> None:
        attributes = message.resource.attributes
        if len(attributes) > self.allowance.limits.max_attributes:
            for _ in (span for scope_spans in message.scope_spans for span in scope_spans.spans):
                self.decoded.reject(TOO_MANY_ATTRIBUTES)
            return
        resource = read_attributes(attributes, self.allowance)
        self._count(len(attributes))
        for scope_spans in message.scope_spans:
            require_at_most(self.decoded.records + len(scope_spans.spans), self.allowance.limits)
            scope = scope_spans.scope
            names = (cut_text("", text, self.allowance) for text in (scope.name, scope.version))
            self._read_spans(scope_spans, Origin(resource, *names))

    def _read_spans(self, message: ScopeSpans, origin: Origin) -> None:
        allowance, decoded, most, looked = self.allowance, self.decoded, self.allowance.limits.max_attributes, 0
        for span in message.spans:
            trace_id, span_id, attributes = span.trace_id, span.span_id, span.attributes
            if len(trace_id) != 16 or len(span_id) != 8 or trace_id == NO_TRACE or span_id == NO_SPAN:
                decoded.reject(why_unidentified(trace_id, span_id))
                continue
            if (count := len(attributes)) > most:
                decoded.reject(TOO_MANY_ATTRIBUTES)
                continue
            looked += count
            parent_id, name = span.parent_span_id, span.name
            start, end = span.start_time_unix_nano, span.end_time_unix_nano
            if start > MAX_INT64 or end > MAX_INT64:
                start, end = min(start, MAX_INT64), min(end, MAX_INT64)
            decoded.spans.append(
                Span(
                    trace_id,
                    span_id,
                    parent_or_root(parent_id) if parent_id else b"",
                    clean_text(name) if "\0" in name else name,
                    start,
                    end,
                    span.status.code,
                    read_attributes(attributes, allowance),
                    origin,
                )
            )
        self._count(looked)

    def _count(self, attributes: int) -> None:
        self.attributes += attributes
        if self.attributes > self.allowance.limits.max_request_attributes:
            raise TooLarge("The request holds too many attributes; send smaller batches.", reason="too_many_attributes")
