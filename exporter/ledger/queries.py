"""The SQL that reads usage rows; sums are read in `cost_sums.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from exporter.ledger.records import is_of_trace
from exporter.ledger.tables import TOKEN_COLUMNS, dimension, task, trace, usage


class UsageFilter(NamedTuple):
    """What rows to read; None leaves a field open, an empty text asks for rows without a value."""

    start_ns: int | None = None
    end_ns: int | None = None
    """Half-open, on the time at which a call started."""
    trace_id: bytes | None = None
    conversation_id: str | None = None
    project: str | None = None
    task: str | None = None
    agent: str | None = None
    dialect: str | None = None
    billing: int | None = None
    ids: tuple[int, ...] | None = None


_USAGE_COLUMNS = (
    "id", "span_id", "started_at", "ended_at", *TOKEN_COLUMNS, "cost_nano_usd", "cost_reported_nano_usd", "billing",
    "billing_reason", "call_key", "conversation_id", "units", "flags", "context_trace", "context_span",
)  # fmt: skip
_DIMENSION_COLUMNS = (
    "signal", "dialect", "scope", "kind", "provider", "request_model", "response_model", "price_model", "service",
    "agent", "project", "phase", "usage_status", "cost_status", "cost_reasons", "price_version", "error_type",
)  # fmt: skip


def read_usage(connection: Connection, wanted: UsageFilter, *, after: int, limit: int) -> Sequence[Row[Any]]:
    """At most `limit` rows of the ledger with ids above `after`, in booking order."""
    statement = _usage_rows().where(usage.c.id > after, *_conditions(wanted)).order_by(usage.c.id).limit(limit)
    return connection.execute(statement).all()


def _usage_rows() -> Select[Any]:
    columns = [usage.c[name] for name in _USAGE_COLUMNS] + [dimension.c[name] for name in _DIMENSION_COLUMNS]
    joined = (
        usage.join(dimension, dimension.c.id == usage.c.dimension)
        .join(trace, trace.c.id == usage.c.trace)
        .outerjoin(task, task.c.id == usage.c.task)
    )
    return select(*columns, trace.c.trace_id, task.c.name.label("task")).select_from(joined)


def _conditions(wanted: UsageFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.start_ns is not None:
        yield usage.c.started_at >= wanted.start_ns
    if wanted.end_ns is not None:
        yield usage.c.started_at < wanted.end_ns
    if wanted.ids is not None:
        yield usage.c.id.in_(wanted.ids)
    if wanted.trace_id is not None:
        yield is_of_trace(wanted.trace_id)
    if wanted.conversation_id is not None:
        yield (
            usage.c.conversation_id == wanted.conversation_id
            if wanted.conversation_id
            else usage.c.conversation_id.is_(None)
        )
    if wanted.task is not None:
        named_so = select(task.c.id).where(task.c.name == wanted.task)
        yield usage.c.task.in_(named_so) if wanted.task else usage.c.task.is_(None)
    if wanted.billing is not None:
        yield usage.c.billing == wanted.billing
    texts = {name: getattr(wanted, name) for name in ("project", "agent", "dialect")}
    named = [dimension.c[name] == value for name, value in texts.items() if value is not None]
    if named:
        # Asked of the row's own column, so that rows that do not match cost no look at their dimension.
        yield usage.c.dimension.in_(select(dimension.c.id).where(*named))
