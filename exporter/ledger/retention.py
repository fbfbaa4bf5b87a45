"""Pruning: skeletons go when the settle horizon of their trace is over; usage rows stay."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, func, select

from exporter.ledger.engine import Database
from exporter.ledger.tables import skeleton

BATCH: Final = 20_000
"""Traces pruned in one transaction, so that no booking waits long."""


MOST_BATCHES: Final = 200
"""Ranges looked at in one run: four million traces a minute are more than anybody books."""
PATIENCE: Final = 32
"""So many ranges in a row without anything to prune end a run.  Each writer of PostgreSQL takes numbers in blocks,
so an idle writer's young trace may stand below the old ones of a busy writer."""


def prune_skeletons(database: Database, before_ns: int) -> int:
    """Forget the shape of traces first seen before an instant; the number of rows removed.

    Trace numbers ascend with time but for the blocks that several writers hold, so ranges of them are looked at.
    """
    pruned, start, fruitless = 0, 0, 0
    for _ in range(MOST_BATCHES):
        with database.read() as connection:
            first = connection.scalar(select(func.min(skeleton.c.trace)).where(skeleton.c.trace >= start))
        if first is None or fruitless >= PATIENCE:
            break
        start = first + BATCH
        gone = _prune_range(database, first, start, before_ns)
        fruitless = 0 if gone else fruitless + 1
        pruned += gone
    return pruned


def _prune_range(database: Database, first: int, end: int, before_ns: int) -> int:
    old = (skeleton.c.trace >= first, skeleton.c.trace < end, skeleton.c.received_at < before_ns)
    with database.read() as connection:
        if connection.execute(select(skeleton.c.trace).where(*old).limit(1)).first() is None:
            return 0
    with database.write() as connection:
        return connection.execute(delete(skeleton).where(*old)).rowcount
