"""Spans of a binary protobuf request."""

from __future__ import annotations

from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from exporter.intake.decoded import TOO_MANY_ATTRIBUTES, Collected
from exporter.intake.ids import NO_SPAN, NO_TRACE, parent_or_root, why_unidentified
from exporter.intake.protobuf_attributes import UNREAD_TRACES, Attributes
from exporter.intake.protobuf_walk import Walk, parse
from exporter.intake.values import MAX_INT64, Allowance
from exporter.intake.wire import TRACES, pieces
from exporter.signals import Origin, Span, clean_text


def read_traces(body: bytes, allowance: Allowance, collected: Collected[Span]) -> None:
    """Collect the spans of an ExportTraceServiceRequest."""
    walk = Walk(allowance, Attributes(allowance).read)
    for request in parse(UNREAD_TRACES, pieces(body, TRACES, allowance, collected.reject)):
        for group in request.resource_spans:
            resource = walk.resource(group.resource)
            for scoped in group.scope_spans:
                collected.expect(len(scoped.spans), allowance.limits)
                if resource is None:
                    collected.reject(TOO_MANY_ATTRIBUTES, len(scoped.spans))
                else:
                    _read_spans(scoped, walk.origin(resource, scoped.scope), walk, collected)


def _read_spans(message: ScopeSpans, origin: Origin, walk: Walk, collected: Collected[Span]) -> None:
    most, looked, read = walk.allowance.limits.max_attributes, 0, walk.read
    for span in message.spans:
        trace_id, span_id, attributes = span.trace_id, span.span_id, span.attributes
        if len(trace_id) != 16 or len(span_id) != 8 or trace_id == NO_TRACE or span_id == NO_SPAN:
            collected.reject(why_unidentified(trace_id, span_id))
            continue
        if (count := len(attributes)) > most:
            collected.reject(TOO_MANY_ATTRIBUTES)
            continue
        looked += count
        parent_id, name = span.parent_span_id, span.name
        start, end = span.start_time_unix_nano, span.end_time_unix_nano
        if start > MAX_INT64 or end > MAX_INT64:
            start, end = min(start, MAX_INT64), min(end, MAX_INT64)
        if state := span.trace_state:
            collected.note_state(state, origin)
        collected.kept.append(
            Span(
                trace_id,
                span_id,
                parent_or_root(parent_id) if parent_id else b"",
                clean_text(name) if "\0" in name else name,
                start,
                end,
                span.status.code,
                read(attributes),
                origin,
            )
        )
    walk.count(looked)
