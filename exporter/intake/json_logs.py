"""Log records of a JSON request."""

from __future__ import annotations

from exporter.intake.decoded import MALFORMED_LOG_RECORD, TOO_MANY_ATTRIBUTES, Collected
from exporter.intake.hints import SEQUENCE, SESSION, session_event
from exporter.intake.ids import context_of
from exporter.intake.json_fields import (
    WRONG,
    Node,
    id_at,
    list_at,
    object_at,
    objects_at,
    text_at,
    time_at,
    whole_number,
)
from exporter.intake.json_values import read_attributes
from exporter.intake.json_walk import read_scopes, refuse_wrong_types
from exporter.intake.otlp import EVENT_NAME
from exporter.intake.values import Allowance
from exporter.signals import Origin, Span


def read_logs(body: bytes, events: frozenset[str], allowance: Allowance, collected: Collected[Span]) -> None:
    """Collect the records of an ExportLogsServiceRequest that are one of `events`."""
    with refuse_wrong_types():
        for scope in read_scopes(body, "Logs", allowance):
            records = objects_at(scope.node, "logRecords")
            collected.expect(len(records), allowance.limits)
            if scope.origin is None:
                collected.reject(TOO_MANY_ATTRIBUTES, len(records))
                continue
            for record in records:
                collected.add(read := _read_record(record, events, scope.origin, allowance))
                if scope.origin.scope in allowance.numbered and not isinstance(read, str):
                    _note_event(record, read.name if read else "", scope.origin, collected)


def _read_record(node: Node, events: frozenset[str], origin: Origin, allowance: Allowance) -> Span | str | None:
    """The record in the shape of a span, the reason why it is rejected, or None when it is no wanted event."""
    try:
        if len(list_at(node, "attributes")) > allowance.limits.max_attributes:
            return TOO_MANY_ATTRIBUTES
        if not (name := _event_name(node, events)):
            return None
        trace_id, span_id = context_of(id_at(node, "traceId"), id_at(node, "spanId"))
        time = time_at(node, "timeUnixNano") or time_at(node, "observedTimeUnixNano")
        return Span(trace_id, span_id, b"", name, time, time, 0, read_attributes(node, allowance), origin)
    except WRONG:
        return MALFORMED_LOG_RECORD


def _note_event(node: Node, wanted: str, origin: Origin, collected: Collected[Span]) -> None:
    """A hint only, so that a wrong one spoils no record."""
    try:
        said = {pair["key"]: pair.get("value") or {} for pair in list_at(node, "attributes")}
        session, name = (text_at(said.get(key, {}), "stringValue") for key in (SESSION, EVENT_NAME))
        sequence = whole_number(said[SEQUENCE]["intValue"]) if SEQUENCE in said else -1
    except (*WRONG, KeyError):
        return
    event = session_event(origin, session, sequence, name, wanted)
    collected.events.extend([event] if event else [])


def _event_name(node: Node, events: frozenset[str]) -> str:
    """The wanted event that the record is, or an empty text; where to look as in protobuf."""
    if (name := text_at(node, "eventName")) in events:
        return name
    for pair in list_at(node, "attributes"):
        if pair.get("key") == EVENT_NAME:
            if (name := text_at(pair.get("value") or {}, "stringValue")) in events:
                return name
            break
    return name if (name := text_at(object_at(node, "body"), "stringValue")) in events else ""
