"""Who sent calls, and how many of them said what they used: from the quarter-hour rollups."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, case, func, select

from exporter.ledger.tables import dimension, rollup
from exporter.usage import ESTIMATED, MISSING, REPORTED

FAILED: Final = "failed"
"""A call that ended with an error and reported nothing: there was most likely nothing to report."""
USAGE: Final = (REPORTED, ESTIMATED, MISSING, FAILED)


class Sender(NamedTuple):
    """What sends calls: the vocabulary it speaks, its instrumentation scope, and the service."""

    dialect: str
    scope: str
    service: str


def calls_by_sender(connection: Connection, first: int, end: int) -> dict[Sender, dict[str, int]]:
    """Net calls of the quarters [first, end), by sender and by what is known of their usage (USAGE)."""
    failed = (dimension.c.usage_status == MISSING) & (dimension.c.error_type != "")
    usage = case((failed, FAILED), else_=dimension.c.usage_status)
    within = (
        select(rollup.c.dimension, func.sum(rollup.c.calls).label("calls"))
        .where(rollup.c.quarter >= first, rollup.c.quarter < end)
        .group_by(rollup.c.dimension)
        .subquery()
    )
    keys = (dimension.c.dialect, dimension.c.scope, dimension.c.service, usage)
    query = (
        select(*keys, func.sum(within.c.calls))
        .join(dimension, dimension.c.id == within.c.dimension)
        .group_by(*keys)
        .order_by(*keys)
    )
    found: dict[Sender, dict[str, int]] = {}
    for dialect, scope, service, status, calls in connection.execute(query):
        found.setdefault(Sender(dialect, scope, service), {})[status] = int(calls)
    return {sender: calls for sender, calls in found.items() if any(calls.values())}
