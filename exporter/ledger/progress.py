"""How far a cumulative series is booked: each of its points adds what it has more than all before.

The counts since the start of a series are a maximum, whatever the order in which points arrive; what a
point adds belongs to the time since the last one.  Points of one series stand in one trace of the ledger.
Source: OpenTelemetry metrics data model, "Sums"; settled question "Cumulative metrics".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import add
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from exporter.errors import Unavailable
from exporter.ledger.entry import Entry
from exporter.ledger.tables import TOKEN_COLUMNS, trace, usage
from exporter.usage import MISSING, TTL_UNKNOWN, Tokens, UsageRecord

_SUMS: Final = [func.sum(usage.c[name]) for name in (*TOKEN_COLUMNS, "cost_reported_nano_usd")]


class Progress(NamedTuple):
    """What is booked of a series."""

    points: int
    tokens: Tokens
    cost_reported_nano_usd: int
    until_ns: int
    """End of the last point, 0 when there is none."""


def read_progress(connection: Connection, trace_id: bytes) -> Progress:
    """How far the series is that stands in a trace."""
    query = (
        select(func.count(), func.max(usage.c.ended_at), *_SUMS)
        .select_from(usage.join(trace, trace.c.id == usage.c.trace))
        .where(trace.c.trace_id == trace_id)
    )
    points, until, *sums = connection.execute(query).one()
    *tokens, cost = (int(value or 0) for value in sums)
    return Progress(points, Tokens(*tokens), cost, until or 0)


def beyond(absolute: UsageRecord, progress: Progress) -> UsageRecord | None:
    """What a point adds to what is booked of its series; None when that is nothing."""
    booked = progress.tokens
    if TTL_UNKNOWN in absolute.flags:
        # A row may know more of the lifetimes than the series says.
        booked = booked._replace(cache_write_5m=booked.cache_write_5m + booked.cache_write_1h, cache_write_1h=0)
    tokens = Tokens(*(max(now - before, 0) for now, before in zip(absolute.tokens, booked, strict=True)))
    cost = max((absolute.cost_reported_nano_usd or 0) - progress.cost_reported_nano_usd, 0) or None
    if not any(tokens) and cost is None and not (absolute.usage_status == MISSING and not progress.points):
        return None
    start = max(absolute.start_ns, progress.until_ns)
    return replace(absolute, tokens=tokens, cost_reported_nano_usd=cost, start_ns=min(start, absolute.end_ns))


def advance(progress: Progress, added: UsageRecord) -> Progress:
    """How far a series is after a point."""
    tokens = Tokens(*map(add, progress.tokens, added.tokens))
    cost = progress.cost_reported_nano_usd + (added.cost_reported_nano_usd or 0)
    return Progress(progress.points + 1, tokens, cost, max(progress.until_ns, added.end_ns))


def require_unmoved(connection: Connection, traces: Mapping[bytes, list[Entry]]) -> None:
    """Unavailable when a series is further than it was when what a point adds was worked out."""
    for trace_id, entries in traces.items():
        expected = {entry.after_points for entry in entries if entry.after_points is not None}
        if expected and expected != {read_progress(connection, trace_id).points}:
            raise Unavailable("another point of the same series is being booked", retry_after=1)
