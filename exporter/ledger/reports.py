"""Reports of sums beside the calls that they sum: a report counts only where nobody told of the calls.

Both may come first.  A report is compared with what is booked before it is taken in; what is booked later
retires the reports of its time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, or_, select, update

from exporter.budgets.periods import QUARTER_NS
from exporter.imports.record import Tellers
from exporter.ledger import changes
from exporter.ledger.batches import in_batches
from exporter.ledger.booking import Booking
from exporter.ledger.revising import BATCH, Row, revise
from exporter.ledger.sums import Sums
from exporter.ledger.tables import dimension, rollup, source, trace, usage
from exporter.usage import BILLING, CHARGED, IMPORTS, PENDING, REPORTS, SIGNAL_BITS

_OPEN: Final = (BILLING.index(CHARGED), BILLING.index(PENDING))
_BETTER: Final = sum(bit for signal, bit in SIGNAL_BITS.items() if signal != REPORTS)
_MODELS: Final = ("response_model", "request_model", "price_model")
_PART: Final = 400


class Standing(NamedTuple):
    """A report that counts."""

    id: int
    key: tuple[bytes, bytes]
    """Its trace and span."""
    dialect: str
    scope: str
    provider: str
    model: str
    session: str
    start_ns: int
    end_ns: int


def standing_reports(connection: Connection) -> list[Standing]:
    """Every report that counts, or will."""
    columns = (
        usage.c.id, trace.c.trace_id, usage.c.span_id, dimension.c.dialect, dimension.c.scope, dimension.c.provider,
        dimension.c.response_model, func.coalesce(usage.c.conversation_id, ""), usage.c.started_at, usage.c.ended_at,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(trace, trace.c.id == usage.c.trace)
        .join(dimension, dimension.c.id == usage.c.dimension)
        .where(dimension.c.signal == REPORTS, usage.c.billing.in_(_OPEN))
        .order_by(usage.c.id)
    )
    return [
        Standing(number, (bytes(trace_id), bytes(span_id)), *told)
        for number, trace_id, span_id, *told in connection.execute(query)
    ]


def is_told(connection: Connection, tellers: Tellers, start_ns: int, end_ns: int) -> bool:
    """Whether calls of these that began in a time are counted one by one."""
    inside = (rollup.c.quarter >= start_ns // QUARTER_NS, rollup.c.quarter <= max(end_ns - 1, start_ns) // QUARTER_NS)
    query = (
        select(rollup.c.dimension)
        .join(dimension, dimension.c.id == rollup.c.dimension)
        .where(*inside, dimension.c.signal != REPORTS)
        .group_by(rollup.c.dimension)
        .having(func.sum(rollup.c.calls) > 0)
        .limit(1)
    )
    if tellers.names:
        query = query.where(dimension.c.service.in_(tellers.names) | dimension.c.dialect.in_(tellers.names))
    if tellers.provider:
        query = query.where(dimension.c.provider == tellers.provider)
    if tellers.model:
        query = query.where(or_(*(dimension.c[name] == tellers.model for name in _MODELS)))
    return connection.execute(query).first() is not None


def told_sessions(connection: Connection, sessions: Collection[str]) -> set[str]:
    """Those of the sessions of which calls are counted one by one."""
    found: set[str] = set()
    wanted = sorted(sessions)
    for start in range(0, len(wanted), _PART):
        query = (
            select(usage.c.conversation_id)
            .join(dimension, dimension.c.id == usage.c.dimension)
            .where(
                usage.c.conversation_id.in_(wanted[start : start + _PART]),
                usage.c.billing.in_(_OPEN),
                dimension.c.signal != REPORTS,
            )
            .distinct()
        )
        found.update(session for session in connection.scalars(query) if session)
    return found


def retire(booking: Booking, reports: Sequence[int], now_ns: int) -> int:
    """Supersede reports (rows of the ledger) of whose calls somebody told; how many that were."""

    def supersede(connection: Connection, row: Row, sums: Sums) -> bool:
        # What is settled again later must see it the same way.
        bit = SIGNAL_BITS[IMPORTS]
        unseen = source.c.signals.op("&")(_BETTER) == 0
        seen = update(source).where(source.c.id == row["source"], unseen)
        connection.execute(seen.values(signals=source.c.signals + bit))
        moment = changes.Moment(now_ns, now_ns)
        changes.supersede(connection, booking.dimensions, (bytes(row["trace_id"]), row), sums, moment)
        return True

    open_rows = select(usage, trace.c.trace_id).join(trace, trace.c.id == usage.c.trace).order_by(usage.c.id)
    open_rows = open_rows.where(usage.c.billing.in_(_OPEN))
    return sum(
        revise(booking, open_rows.where(usage.c.id.in_(part)), supersede, now_ns).changed
        for part in in_batches(reports, min(BATCH, _PART))
    )
