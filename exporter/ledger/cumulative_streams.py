"""How far cumulative streams are booked (dialects.cumulative): what the next points add depends on it.

There is a row for each process, series and kind of token, few beside those of usage, so they stay: a counter that
stood still for months goes on from where it stood.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, Table, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from exporter.dialects.cumulative import BILLION, Count
from exporter.errors import Unavailable
from exporter.ledger.columns import metadata
from exporter.ledger.entry import Entry

cumulative_stream = Table(
    "cumulative_stream",
    metadata,
    Column("id", LargeBinary(16), primary_key=True, autoincrement=False),
    Column("whole", BigInteger, nullable=False),
    Column("billionths", Integer, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
)
"""One stream of points: the highest count that was booked, and when the point ended that told it."""

_BATCH: Final = 400


def read_counts(connection: Connection, streams: Collection[bytes]) -> dict[bytes, Count]:
    """How far streams are booked; all 0 for an unknown one."""
    columns, ordered = cumulative_stream.c, sorted(streams)
    found = dict.fromkeys(ordered, Count())
    for first in range(0, len(ordered), _BATCH):
        query = select(columns.id, columns.whole, columns.billionths, columns.ended_at)
        for stream, whole, rest, ended_at in connection.execute(
            query.where(columns.id.in_(ordered[first : first + _BATCH]))
        ):
            found[bytes(stream)] = Count(whole * BILLION + rest, ended_at)
    return found


def bring_forward(connection: Connection, traces: Mapping[bytes, list[Entry]]) -> None:
    """Move streams as the records of a booking say, in the transaction that books them.

    Unavailable when one is further than it was when what a record adds was worked out.
    """
    advancing = [
        (entry.advance.moves, entry.usage.ended_at)
        for entries in traces.values()
        for entry in entries
        if entry.advance is not None and entry.usage is not None
    ]
    counts = read_counts(connection, {move.stream for moves, _ in advancing for move in moves})
    for moves, ended_at in advancing:
        for stream, before, after in moves:
            count = counts[stream]
            if count.nano != before:
                raise Unavailable("another point of the same series is being booked", retry_after=1)
            counts[stream] = Count(after, max(count.until_ns, ended_at))
    _write(connection, counts)


def _write(connection: Connection, counts: Mapping[bytes, Count]) -> None:
    build = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    new = build(cumulative_stream)
    changed = {name: new.excluded[name] for name in ("whole", "billionths", "ended_at")}
    rows = []
    for stream, count in sorted(counts.items()):
        whole, rest = divmod(count.nano, BILLION)
        rows.append({"id": stream, "whole": whole, "billionths": rest, "ended_at": count.until_ns})
    connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=changed), rows)
