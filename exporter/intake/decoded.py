"""What decode hands on, whatever the encoding was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Generic, NamedTuple, TypeVar

from exporter.errors import InvalidRequest, TooLarge
from exporter.intake.hints import SERVICE, Sampled, SessionEvent, adjusted_count
from exporter.intake.limits import IntakeLimits
from exporter.signals import Origin, Point, Span

TOO_MANY_ATTRIBUTES: Final = "too_many_attributes"
MALFORMED_SPAN: Final = "malformed_span"
MALFORMED_LOG_RECORD: Final = "malformed_log_record"
MALFORMED_DATA_POINT: Final = "malformed_data_point"
TOO_LARGE_SPAN: Final = "too_large_span"

R = TypeVar("R", Span, Point)


class DecodedTraces(NamedTuple):
    """Spans in the order in which they were sent, and how many were rejected by reason."""

    spans: list[Span]
    rejected: dict[str, int]
    sampled: Mapping[str, Sampled] = MappingProxyType({})
    """By service, when its spans say that they were sampled."""


class DecodedLogs(NamedTuple):
    """Wanted log records in the shape of spans, in the order in which they were sent; the others are counted."""

    records: list[Span]
    ignored: int
    """Valid, and none of the wanted events."""
    rejected: dict[str, int]
    events: Sequence[SessionEvent] = ()
    """Of senders that number the events of a session, ignored ones included."""


class DecodedMetrics(NamedTuple):
    """Points of wanted metrics in the order in which they were sent; the others are counted."""

    points: list[Point]
    ignored: int
    """Valid, and of another metric, a gauge, a summary, or without a finite value."""
    rejected: dict[str, int]


@dataclass(slots=True)
class Collected(Generic[R]):
    """The records of a request while it is read."""

    kept: list[R] = field(default_factory=list)
    ignored: int = 0
    rejected: dict[str, int] = field(default_factory=dict)
    sampled: dict[str, Sampled] = field(default_factory=dict)
    events: list[SessionEvent] = field(default_factory=list)

    def note_state(self, trace_state: str, origin: Origin) -> None:
        """Count a span that says by its `tracestate` that it was sampled."""
        stands_for = adjusted_count(trace_state)
        if stands_for > 1:
            service = str(origin.resource.get(SERVICE, ""))
            spans, before = self.sampled.get(service, Sampled(0, 0.0))
            self.sampled[service] = Sampled(spans + 1, before + stands_for)

    def add(self, read: R | str | None) -> None:
        """Keep a record, reject one for a reason, or ignore one."""
        if read is None:
            self.ignored += 1
        elif isinstance(read, str):
            self.reject(read)
        else:
            self.kept.append(read)

    def reject(self, reason: str, count: int = 1) -> None:
        """Count records that can never be accepted."""
        if count:
            self.rejected[reason] = self.rejected.get(reason, 0) + count

    def expect(self, more: int, limits: IntakeLimits) -> None:
        """Raise TooLarge when `more` records are more than one request may hold together with those before."""
        if len(self.kept) + self.ignored + sum(self.rejected.values()) + more > limits.max_records:
            raise TooLarge(
                f"The request holds more than {limits.max_records} records; send smaller batches.",
                reason="too_many_records",
                limit_records=limits.max_records,
            )


def undecodable(expected: str, cause: str = "") -> InvalidRequest:
    """The error for a body that is not what its content type says."""
    detail = f": {cause[:200]}" if cause else ""
    return InvalidRequest(f"The body is not {expected}{detail}.", reason="undecodable")
