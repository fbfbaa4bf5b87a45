"""Spans of a JSON request."""

from __future__ import annotations

from exporter.intake.decoded import MALFORMED_SPAN, TOO_MANY_ATTRIBUTES, Collected
from exporter.intake.ids import parent_or_root, why_unidentified
from exporter.intake.json_fields import (
    WRONG,
    Node,
    WrongType,
    enum_at,
    id_at,
    list_at,
    object_at,
    objects_at,
    text_at,
    time_at,
)
from exporter.intake.json_values import read_attributes
from exporter.intake.json_walk import read_scopes, refuse_wrong_types
from exporter.intake.values import Allowance
from exporter.signals import Origin, Span, clean_text


def read_traces(body: bytes, allowance: Allowance, collected: Collected[Span]) -> None:
    """Collect the spans of an ExportTraceServiceRequest."""
    with refuse_wrong_types():
        for scope in read_scopes(body, "Spans", allowance):
            spans = objects_at(scope.node, "spans")
            collected.expect(len(spans), allowance.limits)
            if scope.origin is None:
                collected.reject(TOO_MANY_ATTRIBUTES, len(spans))
                continue
            for span in spans:
                collected.add(read := _read_span(span, scope.origin, allowance))
                if "traceState" in span and isinstance(read, Span):
                    collected.note_state(_trace_state(span), scope.origin)


def _read_span(node: Node, origin: Origin, allowance: Allowance) -> Span | str:
    """The span, or the reason why it is rejected."""
    trace_id, span_id = id_at(node, "traceId"), id_at(node, "spanId")
    if reason := why_unidentified(trace_id, span_id):
        return reason
    try:
        if len(list_at(node, "attributes")) > allowance.limits.max_attributes:
            return TOO_MANY_ATTRIBUTES
        return Span(
            trace_id,
            span_id,
            parent_or_root(id_at(node, "parentSpanId")),
            clean_text(text_at(node, "name")),
            time_at(node, "startTimeUnixNano"),
            time_at(node, "endTimeUnixNano"),
            _status(node),
            read_attributes(node, allowance),
            origin,
        )
    except WRONG:
        return MALFORMED_SPAN


def _trace_state(node: Node) -> str:
    """A hint only, so that a wrong one spoils no span."""
    found = node["traceState"]
    return found if isinstance(found, str) else ""


def _status(node: Node) -> int:
    code = enum_at(object_at(node, "status"), "code")
    if not 0 <= code <= 2:
        raise WrongType("status.code is none of the enum")
    return code
