"""Which starts of a cumulative series belong to one run, and how far each run is booked (`progress`).

A run is as old as its process, and few rows beside those of usage, so they stay: a counter that stood still for months
goes on from where it stood.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, Index, PrimaryKeyConstraint, Table, insert, or_, select, update

from exporter.errors import Unavailable
from exporter.ledger.columns import metadata, sums
from exporter.ledger.entry import Advance, Entry, Priced, Series
from exporter.ledger.progress import Added, Run, advanced, progress_of
from exporter.ledger.tables import TOKEN_COLUMNS
from exporter.usage import Tokens

cumulative_run = Table(
    "cumulative_run",
    metadata,
    Column("timeseries", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("home", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    *sums("points", *TOKEN_COLUMNS, "cost_reported_nano_usd"),
    PrimaryKeyConstraint("timeseries", "started_at"),
    Index("ix_cumulative_run_home", "timeseries", "home"),
)
"""One start of a cumulative series (entry.Series).  What is booked of a run stands at its home."""

_COLUMNS: Final = cumulative_run.c
_SUMS: Final = [_COLUMNS[name] for name in TOKEN_COLUMNS]
_BATCH: Final = 400
_Known = Mapping[int, Mapping[int, Run]]
"""Runs by series."""


def read_runs(connection: Connection, series: Series) -> dict[int, Run]:
    """The runs that these starts belong to."""
    found: dict[int, Run] = {}
    for first in range(0, len(series.starts), _BATCH):
        found |= _read(connection, series.number, series.starts[first : first + _BATCH])
    return found


def _read(connection: Connection, number: int, starts: Sequence[int]) -> dict[int, Run]:
    of_series, is_asked = _COLUMNS.timeseries == number, _COLUMNS.started_at.in_(starts)
    homes = select(_COLUMNS.home).where(of_series, is_asked)
    columns = (_COLUMNS.started_at, _COLUMNS.home, _COLUMNS.points, _COLUMNS.ended_at, _COLUMNS.cost_reported_nano_usd)
    query = select(*columns, *_SUMS).where(of_series, _COLUMNS.home.in_(homes), or_(is_asked, _COLUMNS.points > 0))
    return {
        start: Run(home, points, Tokens(*tokens), cost, until)
        for start, home, points, until, cost, *tokens in connection.execute(query)
    }


def read_unmoved(connection: Connection, traces: Mapping[bytes, list[Entry]]) -> dict[int, dict[int, Run]]:
    """The runs that the records of a booking belong to, by series.

    Unavailable when one is further than it was when what a record adds was worked out.
    """
    advances: dict[int, list[Advance]] = {}
    for _, advance, _ in _advancing(traces):
        advances.setdefault(advance.series.number, []).append(advance)
    found: dict[int, dict[int, Run]] = {}
    for number, own in sorted(advances.items()):
        starts = {start for advance in own for start in advance.series.starts}
        runs = found[number] = read_runs(connection, Series(number, tuple(sorted(starts))))
        if any(progress_of(runs, advance.series.starts).points != advance.points for advance in own):
            raise Unavailable("another point of the same series is being booked", retry_after=1)
    return found


def write_runs(
    connection: Connection,
    traces: Mapping[bytes, list[Entry]],
    booked: Collection[tuple[bytes, bytes]],
    before: _Known,
) -> None:
    """Bring runs forward by the records among those of a booking that have a row now, named by trace and span."""
    after = {number: dict(runs) for number, runs in before.items()}
    for entry, (series, _), priced in _advancing(traces):
        if (entry.trace_id, entry.node.span_id) in booked:
            added = Added(priced.tokens, priced.cost_reported_nano_usd or 0, priced.ended_at)
            after[series.number] = advanced(after[series.number], series.starts, added)
    for number in sorted(after):
        _write(connection, number, before[number], after[number])


def _write(connection: Connection, number: int, before: Mapping[int, Run], after: Mapping[int, Run]) -> None:
    of_series = _COLUMNS.timeseries == number
    moved = {run.home: after[start].home for start, run in before.items() if after[start].home != run.home}
    for old, new in sorted(moved.items()):
        connection.execute(update(cumulative_run).where(of_series, _COLUMNS.home == old).values(home=new))
    for start, run in sorted(after.items()):
        if start in before and run != before[start]:
            connection.execute(
                update(cumulative_run).where(of_series, _COLUMNS.started_at == start).values(_values(run))
            )
    added = [
        {"timeseries": number, "started_at": start, **_values(run)}
        for start, run in sorted(after.items())
        if start not in before
    ]
    if added:
        connection.execute(insert(cumulative_run), added)


def _values(run: Run) -> dict[str, Any]:
    sums_of = dict(zip(TOKEN_COLUMNS, run.tokens, strict=True))
    others = {"home": run.home, "ended_at": run.until_ns, "points": run.points}
    return {**others, **sums_of, "cost_reported_nano_usd": run.cost_reported_nano_usd}


def _advancing(traces: Mapping[bytes, list[Entry]]) -> Iterator[tuple[Entry, Advance, Priced]]:
    for entries in traces.values():
        for entry in entries:
            if entry.advance is not None and entry.usage is not None:
                yield entry, entry.advance, entry.usage
