"""The booking's statements on each database: locks and reads first, then each row written once.

Both take the driver's own connection, inside a transaction that `Database.write` opened: per row,
SQLAlchemy's execution would cost more than the insert.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import Connection, Table

from exporter.ledger import statements as sql
from exporter.ledger import tables

Row = tuple[Any, ...]
KnownTrace = tuple[bytes, int, int | None, bytes | None]
"""Trace id, its number, and a part of its skeleton with the part's number."""
_EVERY_CALL: Final = 0x6167_656E_7401
"""Lock that stands for all calls: shared by bookings that lock their own, exclusive for one with too many."""
MOST_LOCKS: Final = 1_500
"""Traces and calls locked one by one; PostgreSQL's lock table is bounded."""
_VARIABLES: Final = 500
_COPY_FROM: Final = 64
"""From so many rows on, COPY is cheaper than arrays."""
_TRACE_BLOCK: Final = 4096
_UNIQUE_VIOLATION: Final = "23505"


class RowsExist(Exception):
    """A row that was believed new is there already: roll back and book on the exact path."""


class NewRows(NamedTuple):
    """Rows that are believed new, each in the column order of its statement."""

    traces: list[Row]
    skeletons: list[Row]
    usage: list[Row]


class Report(NamedTuple):
    """A stored row that may report the same call as another."""

    trace_id: bytes
    span_id: bytes
    call_key: str
    output_tokens: int
    started_at: int
    ended_at: int
    received_at: int
    billing: int
    flags: str | None


class Wanted(NamedTuple):
    """What a booking locks and reads: traces, identities of calls, and where reports of them may stand."""

    traces: Sequence[bytes]
    calls: Sequence[int] = ()
    refs: Sequence[int] = ()


class Found(NamedTuple):
    """What the ledger holds of it."""

    traces: list[KnownTrace]
    reports: list[Report]


class Store(Protocol):
    """One transaction's access to the tables of the hot path."""

    reads_again: bool
    """Whether more may be locked after reading: where locks are taken one by one, all must be taken in one order."""

    def lock_and_read(self, wanted: Wanted) -> Found:
        """Hold traces and calls against other writers until the end, and read what is known of them then."""
        ...

    def new_trace_numbers(self, count: int) -> Iterator[int]: ...

    def insert(self, rows: NewRows) -> None:
        """Insert rows.  RowsExist when a usage row or a trace is there already."""
        ...

    def together(self) -> AbstractContextManager[Any]:
        """A block whose statements need no answer before the next one is sent."""
        ...

    def add(self, table: Table, rows: list[Row]) -> None:
        """Add rows of sums to those that are there."""
        ...


class SqliteStore:
    """On SQLite the writer lock is held already, so nothing else has to be locked."""

    reads_again = True
    _traces = sql.sqlite_insert(tables.trace, sql.TRACE_COLUMNS)
    _skeletons = sql.sqlite_insert(tables.skeleton, sql.SKELETON_COLUMNS)
    _usage = sql.sqlite_insert(tables.usage, sql.USAGE_COLUMNS, ignoring=True)
    _additions = {table.name: sql.sqlite_addition(table) for table in sql.SUMMED}  # noqa: RUF012 - a constant

    def __init__(self, connection: Connection) -> None:
        self._driver: sqlite3.Connection = driver_of(connection)

    def lock_and_read(self, wanted: Wanted) -> Found:
        traces = self._select(f"{sql.TRACES} WHERE t.trace_id", wanted.traces)
        return Found(traces, [_report(row) for row in self._select(sql.REPORTS, wanted.refs)])

    def _select(self, query: str, keys: Sequence[Any]) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(keys), _VARIABLES):
            batch = keys[start : start + _VARIABLES]
            found += self._driver.execute(f"{query} IN ({','.join('?' * len(batch))})", batch).fetchall()
        return found

    def new_trace_numbers(self, count: int) -> Iterator[int]:
        (last,) = self._driver.execute("SELECT max(id) FROM trace").fetchone()
        return iter(range((last or 0) + 1, (last or 0) + 1 + count))

    def insert(self, rows: NewRows) -> None:
        self._driver.executemany(self._traces, rows.traces)
        self._driver.executemany(self._skeletons, rows.skeletons)
        if rows.usage and self._driver.executemany(self._usage, rows.usage).rowcount != len(rows.usage):
            raise RowsExist

    def together(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def add(self, table: Table, rows: list[Row]) -> None:
        if rows:
            self._driver.executemany(self._additions[table.name], rows)


class PostgresStore:
    """On PostgreSQL traces and calls are locked in one sorted order; under the locks nothing conflicts."""

    reads_again = False
    _inserts = {  # noqa: RUF012 - a constant
        table.name: (table, names, sql.postgres_insert(table, names), sql.postgres_copy(table, names))
        for table, names in (
            (tables.trace, sql.TRACE_COLUMNS),
            (tables.skeleton, sql.SKELETON_COLUMNS),
            (tables.usage, sql.USAGE_COLUMNS),
        )
    }
    _additions = {table.name: sql.postgres_addition(table) for table in sql.SUMMED}  # noqa: RUF012 - a constant

    def __init__(self, connection: Connection, numbers: Iterator[int]) -> None:
        self._driver = driver_of(connection)
        self._numbers = numbers

    def lock_and_read(self, wanted: Wanted) -> Found:
        with self._driver.pipeline():
            # Locks and reads apart: the reads must see what the holders of the locks committed.
            self._lock(wanted)
            found = self._driver.execute(
                f"{sql.TRACES} WHERE t.trace_id = ANY(%s::bytea[])", (list(wanted.traces),), binary=True
            )
            if wanted.refs:
                reports = self._driver.execute(
                    f"{sql.REPORTS} = ANY(%s::bigint[])", (as_array(list(wanted.refs)),), binary=True
                )
        return Found(found.fetchall(), [_report(row) for row in reports.fetchall()] if wanted.refs else [])

    def _lock(self, wanted: Wanted) -> None:
        keys = {int.from_bytes(trace_id[8:], "big", signed=True) for trace_id in wanted.traces}
        if wanted.calls:
            is_many = len(keys) + len(wanted.calls) > MOST_LOCKS
            if not is_many:
                keys.update(wanted.calls)
            mode = "" if is_many else "_shared"
            self._driver.execute(f"SELECT pg_advisory_xact_lock{mode}({_EVERY_CALL})")
        self._driver.execute(
            "SELECT count(pg_advisory_xact_lock(k)) FROM unnest(%s::bigint[]) AS k", (as_array(sorted(keys)),)
        )

    def new_trace_numbers(self, count: int) -> Iterator[int]:
        return (self._next_number() for _ in range(count))

    def _next_number(self) -> int:
        number = next(self._numbers, None)
        if number is None:
            (first,) = self._driver.execute("SELECT nextval('trace_block')").fetchone()
            self._numbers = iter(range(first, first + _TRACE_BLOCK))
            number = next(self._numbers)
        return number

    @property
    def unused_numbers(self) -> Iterator[int]:
        """What is left of this writer's block of trace numbers."""
        return self._numbers

    def insert(self, rows: NewRows) -> None:
        pairs = ((tables.trace, rows.traces), (tables.skeleton, rows.skeletons), (tables.usage, rows.usage))
        try:
            # COPY ends a pipeline, and a request may bring many traces and few calls.
            is_copied = any(len(new) >= _COPY_FROM for _, new in pairs)
            with nullcontext() if is_copied else self.together():
                for table, new in pairs:
                    self._insert(table, new)
        except Exception as error:
            if getattr(error, "sqlstate", None) == _UNIQUE_VIOLATION:
                raise RowsExist from error
            raise

    def _insert(self, table: Table, rows: list[Row]) -> None:
        _, names, insert, copy = self._inserts[table.name]
        if rows and len(rows) < _COPY_FROM:
            self._driver.execute(insert, columns(rows))
        elif rows:
            self._copy(copy, [sql.postgres_type(table, name) for name in names], rows)

    def _copy(self, statement: str, types: Sequence[str], rows: Iterable[Row]) -> None:
        with self._driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def together(self) -> AbstractContextManager[Any]:
        pipeline: AbstractContextManager[Any] = self._driver.pipeline()
        return pipeline

    def add(self, table: Table, rows: list[Row]) -> None:
        if rows:
            self._driver.execute(self._additions[table.name], columns(rows))


def _report(row: Row) -> Report:
    return Report(bytes(row[0]), bytes(row[1]), *row[2:])


def columns(rows: list[Row]) -> list[Any]:
    """Rows turned on their side: one array for each column."""
    width = len(rows[0])
    flat = list(chain.from_iterable(rows))
    return [as_array(flat[n::width]) for n in range(width)]


def as_array(values: list[Any]) -> Any:
    """Numbers as the text of a PostgreSQL array, six times as fast as the driver's; other values as they are."""
    if all(value is None or type(value) is int for value in values):
        return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
    return values


def driver_of(connection: Connection) -> Any:
    """The driver's own connection below SQLAlchemy's, in the same transaction."""
    return connection.connection.driver_connection
