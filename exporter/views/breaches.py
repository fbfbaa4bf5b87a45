"""Breach events as the API answers them: each threshold that a budget crossed, once for each period."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, select

from exporter.ledger.tables import breach
from exporter.views.cursors import cursor_of, position_of
from exporter.views.times import format_time


class BreachFilter(NamedTuple):
    """Which events to show; None leaves a field open."""

    budget: str | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    """Half-open, on the time of the event."""


def breach_page(connection: Connection, wanted: BreachFilter, *, cursor: str | None, limit: int) -> dict[str, Any]:
    """`{"data": [...], "next_cursor"}`, oldest first."""
    after = position_of(cursor) if cursor is not None else 0
    query = select(breach).where(breach.c.number > after, *_conditions(wanted)).order_by(breach.c.number)
    rows = connection.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    return {
        "data": [breach_answer(row) for row in rows[:limit]],
        "next_cursor": cursor_of(rows[limit - 1].number) if more else None,
    }


def _conditions(wanted: BreachFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.budget is not None:
        yield breach.c.budget == wanted.budget
    if wanted.start_ns is not None:
        yield breach.c.at >= wanted.start_ns
    if wanted.end_ns is not None:
        yield breach.c.at < wanted.end_ns


def breach_answer(row: Row[Any]) -> dict[str, Any]:
    """One event in the public words."""
    return {
        "id": row.number,
        "budget": row.budget,
        "period_start": format_time(row.period_start),
        "period_end": format_time(row.period_end),
        "percent": row.percent,
        "severity": row.severity,
        "at": format_time(row.at),
        "spent": row.spent,
        "limit": row.limit,
        "unit": row.unit,
        "trace_id": row.trace_id.hex() if row.trace_id else None,
        "span_id": row.span_id.hex() if row.span_id else None,
    }
