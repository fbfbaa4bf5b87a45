"""Changing booked rows in short transactions of a bounded number, under the locks of the traces that they touch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, RowMapping, Select

from exporter.ledger.booking import Booking
from exporter.ledger.stores import Wanted
from exporter.ledger.sums import Sums
from exporter.ledger.tables import usage

BATCH: Final = 500
Row = RowMapping
Change = Callable[[Connection, Row, Sums], bool]
"""Carries out what happens to a row, and adds it to the sums; whether anything did."""


class Revised(NamedTuple):
    """How many rows were looked at and changed, and the id of the last one."""

    seen: int
    changed: int
    last: int


def revise(booking: Booking, query: Select[Any], change: Change, now_ns: int) -> Revised:
    """Change a batch of what a query finds: found without holding up any writer, read again under the locks.

    The query has the columns of `usage` and the trace's id.
    """
    with booking.database.read() as connection:
        found = connection.execute(query.limit(BATCH)).mappings().all()
    if not found:
        return Revised(0, 0, 0)
    return Revised(len(found), revise_rows(booking, query, found, change, now_ns), found[-1]["id"])


def revise_rows(
    booking: Booking,
    query: Select[Any],
    found: Sequence[Row],
    change: Change,
    now_ns: int,
    *,
    note: Callable[[Connection, Sequence[Row]], None] | None = None,
) -> int:
    """Change rows that were found, at most BATCH of them, as they are under the locks; how many were changed.

    `note` records in the same transaction which rows were changed, when any were.
    """
    try:
        with booking.database.write() as connection:
            store = booking.store(connection)
            store.lock_and_read(Wanted(sorted({bytes(row["trace_id"]) for row in found})))
            rows = connection.execute(query.where(usage.c.id.in_([row["id"] for row in found]))).mappings().all()
            sums = Sums()
            changed = [row for row in rows if change(connection, row, sums)]
            if changed and note is not None:
                note(connection, changed)
            booking.add_sums(connection, store, sums, now_ns)
    except BaseException:
        booking.dimensions.forget()
        raise
    return len(changed)
