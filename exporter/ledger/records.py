"""Whole records of the ledger: a usage row with its texts, and what it was read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, select, union

from exporter.ledger.tables import DIMENSION_TEXTS, dimension, shape, task, trace, usage

Record = RowMapping
"""The columns of `usage`, the trace's id, `task_name`, `shape_document`, and the texts of the dimension as `d_...`."""
_COLUMNS: Final = [dimension.c[name].label(f"d_{name}") for name in DIMENSION_TEXTS]


def select_records() -> Select[Any]:
    """All records, in no order."""
    return (
        select(
            usage,
            trace.c.trace_id,
            task.c.name.label("task_name"),
            shape.c.document.label("shape_document"),
            *_COLUMNS,
        )
        .join(trace, trace.c.id == usage.c.trace)
        .join(dimension, dimension.c.id == usage.c.dimension)
        .outerjoin(task, task.c.id == usage.c.task)
        .outerjoin(shape, shape.c.id == usage.c.shape)
    )


def is_of_trace(trace_id: bytes) -> ColumnElement[bool]:
    """Rows of a trace: spans of it, and what was sent with its ids without being a span.  Asked of two indexes."""
    number = select(trace.c.id).where(trace.c.trace_id == trace_id).scalar_subquery()
    own = select(usage.c.id).where(usage.c.trace == number)
    sent = select(usage.c.id).where(usage.c.context_trace == trace_id)
    return usage.c.id.in_(union(own, sent))


def is_of_span(span_id: bytes) -> ColumnElement[bool]:
    """Rows of a span, or sent with its id."""
    return (usage.c.span_id == span_id) | (usage.c.context_span == span_id)


def read_records(
    connection: Connection, *conditions: ColumnElement[bool], after: int = 0, limit: int
) -> Sequence[Record]:
    """At most `limit` records with ids above `after`, in booking order."""
    query = select_records().where(usage.c.id > after, *conditions).order_by(usage.c.id).limit(limit)
    return connection.execute(query).mappings().all()


def texts_of(record: Mapping[Any, Any]) -> tuple[str, ...]:
    """The dimension of a record."""
    return tuple(record[f"d_{name}"] for name in DIMENSION_TEXTS)
