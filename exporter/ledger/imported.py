"""What the ledger knows of records that are to be imported."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from exporter.ledger.batches import in_batches
from exporter.ledger.entry import Entry
from exporter.ledger.tables import TOKEN_COLUMNS, dimension, trace, usage
from exporter.settle.call_identity import reach_of, refs_around
from exporter.usage import BILLING, CHARGED, IMPORTS, LOGS, PENDING, SIGNAL_BITS, SPANS, Tokens

_OPEN: Final = (BILLING.index(CHARGED), BILLING.index(PENDING))
_PART: Final = 400


class Outcome(NamedTuple):
    """What the ledger did with a record."""

    billing: str
    cost_nano_usd: int | None
    tokens: Tokens


def traces_among(connection: Connection, trace_ids: Collection[bytes]) -> set[bytes]:
    """Those that the ledger has; a record without a span of its own stands in a trace of its own."""
    found: set[bytes] = set()
    for part in in_batches(sorted(trace_ids), _PART):
        rows = connection.scalars(select(trace.c.trace_id).where(trace.c.trace_id.in_(part)))
        found.update(bytes(trace_id) for trace_id in rows)
    return found


def calls_among(connection: Connection, entries: Iterable[Entry]) -> set[str]:
    """Ids of the calls among these that the ledger knows by another report."""
    nodes = [entry.node for entry in entries if entry.node.call]
    refs = {ref for one in nodes for ref in refs_around(one.call, one.start_ns, reach_of(one.start_ns, one.end_ns))}
    found: set[str] = set()
    for part in in_batches(sorted(refs), _PART):
        rows = connection.scalars(select(usage.c.call_key).where(usage.c.call_ref.in_(part)))
        found.update(key for key in rows if key)
    return found


def rows_in(connection: Connection, trace_ids: Collection[bytes]) -> Iterator[Outcome]:
    """The rows that stand in traces."""
    columns = (usage.c.billing, usage.c.cost_nano_usd, *(usage.c[name] for name in TOKEN_COLUMNS))
    for part in in_batches(sorted(trace_ids), _PART):
        query = select(*columns).join(trace, trace.c.id == usage.c.trace).where(trace.c.trace_id.in_(part))
        for billing, cost, *tokens in connection.execute(query):
            yield Outcome(BILLING[billing], cost, Tokens(*tokens))


def sessions_without_ids(connection: Connection, dialect: str) -> set[str]:
    """Sessions of a dialect whose telemetry counts and names no request, so that nothing can be joined with it."""
    query = (
        select(usage.c.conversation_id)
        .join(dimension, dimension.c.id == usage.c.dimension)
        .where(
            dimension.c.dialect == dialect,
            dimension.c.signal.in_((SPANS, LOGS)),
            usage.c.billing.in_(_OPEN),
            usage.c.call_key.is_(None),
        )
        .distinct()
    )
    return {session for session in connection.scalars(query) if session}


def outranked_by_imports(connection: Connection, sources: Collection[int]) -> list[int]:
    """Rows of these sources that count although an import of the same source tells it better (rule R6).

    Of any age: the shape of a trace by which telemetry is settled again is kept for the settle horizon only.
    """
    found: list[int] = []
    for part in in_batches(sorted(sources), _PART):
        rows = connection.scalars(
            select(usage.c.id).where(
                usage.c.source.in_(part),
                usage.c.outranked_by.op("&")(SIGNAL_BITS[IMPORTS]) != 0,
                usage.c.billing.in_(_OPEN),
            )
        )
        found += rows
    return sorted(found)
