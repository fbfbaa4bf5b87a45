"""Pruning: skeletons go when the settle horizon of their trace is over; usage rows stay."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, func, select

from exporter.ledger.engine import Database
from exporter.ledger.tables import skeleton, trace

BATCH: Final = 20_000
"""Traces pruned in one transaction, so that no booking waits long."""


def prune_skeletons(database: Database, before_ns: int) -> int:
    """Forget the shape of traces first seen before an instant; the number of rows removed, in one batch.

    Trace numbers ascend with time but for the blocks that several writers hold, so a range of them is looked at.
    """
    with database.read() as connection:
        oldest = connection.scalar(select(func.min(skeleton.c.trace)))
    if oldest is None:
        return 0
    numbers = select(trace.c.id).where(
        trace.c.id >= oldest, trace.c.id < oldest + BATCH, trace.c.first_seen_at < before_ns
    )
    with database.read() as connection:
        if connection.execute(numbers.limit(1)).first() is None:
            return 0
    with database.write() as connection:
        in_range = (skeleton.c.trace >= oldest, skeleton.c.trace < oldest + BATCH)
        gone = connection.execute(delete(skeleton).where(*in_range, skeleton.c.trace.in_(numbers)))
    return gone.rowcount
