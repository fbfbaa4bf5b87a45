"""What records of log events and metric points, and spans of emitters that also send those, have beyond usage: who
sent them, which of the emitter's signals are believed more, and what makes a record the same when it comes again.

Source: specification of telemetry dialects, sections 5.1 and 5.4 (R0, R6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from exporter.dialects.conventions import ERROR_TYPE, INSTANCE, SERVICE
from exporter.dialects.fields import coerce_count, first_text, read_text
from exporter.dialects.reading import NOTHING
from exporter.dialects.series import PROCESS
from exporter.dialects.spellings import Names
from exporter.signals import STATUS_ERROR, Span, Value
from exporter.usage import LOGS, METRICS, MISSING, Reading, UsageRecord, is_strong

ALONE: Final[frozenset[str]] = frozenset()
"""No signal is believed more."""
LONGEST_CALL_MS: Final = 24 * 3600 * 1000
LONGEST_EXPORT_NS: Final = 600 * 10**9
"""How much later a metric may tell of a call; the interval of exports is a minute unless it is set."""
MACHINE: Final = (INSTANCE,)
SEPARATOR: Final = "\x1f"
_HOUR_NS: Final = 3600 * 10**9
_MS: Final = 1_000_000


def sent_as_span(
    reading: Reading, span: Span, session: Names, outranked_by: frozenset[str], *, machine: Names = MACHINE
) -> Reading:
    """A span whose emitter may say the same in other signals."""
    if reading.usage is not None:
        _place(reading.usage, span, session, machine)
        reading.usage.outranked_by = outranked_by
    return reading


def sent_as_log(
    reading: Reading,
    span: Span,
    session: Names,
    outranked_by: frozenset[str],
    *,
    machine: Names = MACHINE,
    sequence: str = "",
) -> Reading:
    """A log record; `sequence` is the attribute that numbers the records of a session."""
    usage = reading.usage
    if usage is not None:
        usage.signal = LOGS
        _place(usage, span, session, machine)
        usage.outranked_by = outranked_by
        usage.record_key = key_of_log(usage, read_text(span.attributes.get(sequence)))
    return reading


def sent_as_metric(
    reading: Reading, span: Span, session: Names, outranked_by: frozenset[str], *, machine: Names = MACHINE
) -> Reading:
    """A record made of metric points; its identity is that of their series, which whoever groups the points knows."""
    usage = reading.usage
    if usage is not None:
        if usage.usage_status == MISSING:
            # A series repeats its zeros for as long as the process lives.
            return NOTHING
        usage.signal = METRICS
        _place(usage, span, session, machine)
        usage.outranked_by = outranked_by
    return reading


def place_in_process(usage: UsageRecord, span: Span, dialect: str) -> None:
    """Let a span, of any dialect, speak for what this dialect's metrics say of the same process."""
    if not usage.source:
        placed = replace(usage, dialect=dialect)
        _place(placed, span, (), MACHINE)
        usage.source, usage.speaks_for = placed.source, placed.speaks_for


def _place(usage: UsageRecord, span: Span, session: Names, machine: Names) -> None:
    """Say who sent a record: a session, else an hour of a machine, so that a signal that is switched on speaks for no
    long past.

    `session` and `machine` are attributes of the record or its resource; the first that says something counts.  What
    names its session speaks for the hour as well, for the same emitter may leave the session out of its metrics; and
    for the time of the export, by which a metric is placed.
    """
    who, where = _stated(span, session), _stated(span, machine)
    sender = (usage.dialect, read_text(span.origin.resource.get(SERVICE)))
    at = usage.end_ns if usage.signal == METRICS else usage.start_ns
    hours = [SEPARATOR.join((*sender, where, str(time // _HOUR_NS))) for time in (at, at + LONGEST_EXPORT_NS)]
    usage.source = SEPARATOR.join((*sender, "", who)) if who else hours[0]
    if usage.signal != METRICS:
        usage.speaks_for = tuple(dict.fromkeys(hour for hour in hours if hour != usage.source))


def _stated(span: Span, names: Names) -> str:
    attributes, resource = span.attributes, span.origin.resource
    return next(filter(None, (read_text(attributes.get(name, resource.get(name))) for name in names)), "")


def anthropic_sdk_of(resource: Mapping[str, Value]) -> str:
    """The Anthropic SDK within a process; where processes do not tell themselves apart, within a service."""
    return "\x1f".join(("com.anthropic.sdk", *(read_text(resource.get(name)) for name in PROCESS)))


def key_of_log(usage: UsageRecord, sequence: str) -> str:
    """The request's id where nobody can draw it twice, else a hash of who said when, what and in which order."""
    if usage.call_key and is_strong(usage.call_key):
        return f"req:{usage.dialect}:{usage.call_key}"
    said = (
        usage.dialect, usage.source, usage.call_key, str(usage.start_ns), str(usage.end_ns), sequence,
        usage.request_model, usage.error_type, *map(str, usage.tokens),
    )  # fmt: skip
    return f"hash:{blake2b(chr(31).join(said).encode(), digest_size=16).hexdigest()}"


def lasting(span: Span, duration: str) -> Span:
    """A record of something that has ended, which began as many milliseconds before as this attribute says."""
    milliseconds = coerce_count(span.attributes.get(duration, 0), [])
    if not milliseconds or milliseconds > LONGEST_CALL_MS:
        return span
    return span._replace(start_ns=max(span.end_ns - milliseconds * _MS, 1) if span.end_ns else 0)


def failed(span: Span, *names: str) -> Span:
    """A record of a failure, whose kind the first of these attributes tells."""
    attributes = span.attributes
    kind = first_text(attributes, [name for name in names if name in attributes])
    return span._replace(status=STATUS_ERROR, attributes={**attributes, ERROR_TYPE: kind} if kind else attributes)


def with_attributes(span: Span, further: Mapping[str, Value]) -> Span:
    """The span with further attributes, which replace its own of the same name."""
    return span._replace(attributes={**span.attributes, **further}) if further else span
