"""Log records of a binary protobuf request."""

from __future__ import annotations

from dataclasses import replace

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ScopeLogs

from exporter.intake.decoded import TOO_MANY_ATTRIBUTES, Collected
from exporter.intake.hints import NUMBERING, SEQUENCE, SESSION, session_event
from exporter.intake.ids import context_of
from exporter.intake.otlp import EVENT_NAME
from exporter.intake.protobuf_walk import Walk, parse, walk_of
from exporter.intake.values import MAX_INT64, Allowance, read_attributes
from exporter.intake.wire import LOGS, pieces
from exporter.signals import Origin, Span

Events = frozenset[str]


def read_logs(body: bytes, events: Events, allowance: Allowance, collected: Collected[Span]) -> None:
    """Collect the records of an ExportLogsServiceRequest that are one of `events`."""
    walk = walk_of(allowance)
    in_pieces = replace(allowance, wanted=allowance.wanted | {EVENT_NAME})
    for request in parse(ExportLogsServiceRequest, pieces(body, LOGS, in_pieces, collected.reject)):
        for group in request.resource_logs:
            resource = walk.resource(group.resource)
            for scoped in group.scope_logs:
                collected.expect(len(scoped.log_records), allowance.limits)
                if resource is None:
                    collected.reject(TOO_MANY_ATTRIBUTES, len(scoped.log_records))
                else:
                    walk.count(_read_records(scoped, events, walk.origin(resource, scoped.scope), walk, collected))


def _read_records(message: ScopeLogs, events: Events, origin: Origin, walk: Walk, collected: Collected[Span]) -> int:
    """How many attributes were looked at."""
    most, looked, is_numbered = walk.allowance.limits.max_attributes, 0, origin.scope in walk.allowance.numbered
    for record in message.log_records:
        if (count := len(record.attributes)) > most:
            collected.reject(TOO_MANY_ATTRIBUTES)
            continue
        looked += count
        name = _event_name(record, events)
        if is_numbered:
            _note_event(record, name, origin, collected)
        collected.add(_shape(record, name, origin, walk.allowance) if name else None)
    return looked


def _note_event(record: LogRecord, wanted: str, origin: Origin, collected: Collected[Span]) -> None:
    said = {pair.key: pair.value for pair in record.attributes if pair.key in NUMBERING}
    session, sequence, name = (said.get(key) for key in (SESSION, SEQUENCE, EVENT_NAME))
    if session is not None and sequence is not None:
        event = session_event(
            origin, session.string_value, sequence.int_value, name.string_value if name is not None else "", wanted
        )
        collected.events.extend([event] if event else [])


def _event_name(record: LogRecord, events: Events) -> str:
    """The wanted event that the record is, or an empty text.

    Senders put it in one of three places, and something else in the others: Rust's tracing names the line of
    the source in the field, and Claude Code has a short name in the attribute and the full one in the body.
    """
    if (name := record.event_name) in events:
        return name
    for pair in record.attributes:
        if pair.key == EVENT_NAME:
            if (name := pair.value.string_value) in events:
                return name
            break
    return name if (name := record.body.string_value) in events else ""


def _shape(record: LogRecord, name: str, origin: Origin, allowance: Allowance) -> Span:
    time = min(record.time_unix_nano or record.observed_time_unix_nano, MAX_INT64)
    trace_id, span_id = context_of(record.trace_id, record.span_id)
    return Span(trace_id, span_id, b"", name, time, time, 0, read_attributes(record.attributes, allowance), origin)
