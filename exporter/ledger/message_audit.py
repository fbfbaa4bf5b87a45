"""The counts of messages between agents against their rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Column, Connection, func, select

from exporter.ledger.message_series import ERRORS, GATES, MESSAGES, MessageFamily
from exporter.ledger.message_tables import message, message_gate, message_series, message_total

_COUNTED_BY: Final[tuple[tuple[MessageFamily, Column[Any]], ...]] = (
    (MESSAGES, message.c.series),
    (ERRORS, message.c.error_series),
    (GATES, message_gate.c.series),
)
"""Which column names the series of a row.  What was refused leaves no row."""


class SeriesCount(NamedTuple):
    """What the rows of a series are, and what its counter shows."""

    subject: dict[str, str]
    rows: int
    shown: int


def message_counts(connection: Connection) -> Iterator[SeriesCount]:
    """Every series of every family of messages, rows beside count.  The connection must see one snapshot."""
    shown = _grouped(connection, message_total.c.series, func.sum(message_total.c["count"]))
    table = message_series.c
    for family, column in _COUNTED_BY:
        rows = _grouped(connection, column, func.count())
        query = select(table.id, table.labels).where(table.family == family.name, table.shown.is_(None))
        for number, labels in connection.execute(query.order_by(table.id)):
            subject = {"family": family.name, **dict(zip(family.labels, json.loads(labels), strict=True))}
            yield SeriesCount(subject, rows.get(number, 0), shown.get(number, 0))


def _grouped(connection: Connection, series: Column[Any], measure: Any) -> Mapping[int, int]:
    query = select(series, measure).where(series.is_not(None)).group_by(series)
    return {int(number): int(value) for number, value in connection.execute(query)}
