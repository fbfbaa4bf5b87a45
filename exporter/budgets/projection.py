"""Where a budget will end if it goes on as it began: the linear projection."""

from __future__ import annotations

from typing import NamedTuple

from exporter.budgets.periods import Period
from exporter.money import divide_half_even


class Projection(NamedTuple):
    """What the pace so far leads to; None where it says nothing yet."""

    projected: int | None
    """Amount at the end of the period, in the unit of the limit.  None before any time has passed."""
    on_track: bool | None
    """Whether the projected amount stays within the limit."""
    exhausted_at_ns: int | None
    """When the limit is reached at this pace.  None when not within the period.  Once the limit is
    reached it is an instant in the past, as even spending would have met it."""


def project(*, limit: int, spent: int, period: Period, now_ns: int) -> Projection:
    """The projection at an instant.  After the period it is what was spent."""
    elapsed = min(now_ns, period.end_ns) - period.start_ns
    if elapsed <= 0:
        return Projection(None, None, None)
    projected = divide_half_even(spent * (period.end_ns - period.start_ns), elapsed)
    return Projection(
        projected, projected <= limit, _exhausted_at(limit, spent, period.start_ns, elapsed, period.end_ns)
    )


def _exhausted_at(limit: int, spent: int, start_ns: int, elapsed: int, end_ns: int) -> int | None:
    if spent <= 0:
        return None
    at = start_ns + -(-limit * elapsed // spent)
    return at if at < end_ns else None
