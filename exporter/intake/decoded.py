"""What decode hands on, whatever the encoding was."""

from __future__ import annotations

from typing import Final, NamedTuple

from exporter.errors import InvalidRequest, TooLarge
from exporter.intake.limits import IntakeLimits
from exporter.signals import Span

TOO_MANY_ATTRIBUTES: Final = "too_many_attributes"
MALFORMED_SPAN: Final = "malformed_span"
TOO_LARGE_SPAN: Final = "too_large_span"


class DecodedTraces(NamedTuple):
    """Spans in the order in which they were sent, and how many were rejected by reason."""

    spans: list[Span]
    rejected: dict[str, int]

    def reject(self, reason: str) -> None:
        """Count one span that can never be accepted."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1

    @property
    def records(self) -> int:
        """Spans seen so far, rejected ones included."""
        return len(self.spans) + sum(self.rejected.values())


def require_at_most(records: int, limits: IntakeLimits) -> None:
    """Raise TooLarge when a request holds more records than one request may."""
    if records > limits.max_records:
        raise TooLarge(
            f"The request holds more than {limits.max_records} records; send smaller batches.",
            reason="too_many_records",
            limit_records=limits.max_records,
        )


def undecodable(expected: str, cause: str = "") -> InvalidRequest:
    """The error for a body that is not what its content type says."""
    detail = f": {cause[:200]}" if cause else ""
    return InvalidRequest(f"The body is not {expected}{detail}.", reason="undecodable")
