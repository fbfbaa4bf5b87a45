"""SQL text of the hot path, built once from the tables, for both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Integer, LargeBinary, SmallInteger, Table

from exporter.ledger import quality_tables, tables

USAGE_COLUMNS: Final = tuple(column.name for column in tables.usage.columns if column.name != "id")
TRACE_COLUMNS: Final = ("id", "trace_id", "first_seen_at")
SKELETON_COLUMNS: Final = ("trace", "part", "received_at", "spans")
TRACES: Final = "SELECT t.trace_id, t.id, s.part, s.spans FROM trace t LEFT JOIN skeleton s ON s.trace = t.id"
REPORTS: Final = (
    "SELECT t.trace_id, u.span_id, u.call_key, u.output_visible + u.reasoning, u.started_at, u.ended_at,"
    " u.received_at, u.billing, u.flags FROM usage u JOIN trace t ON t.id = u.trace"
    " WHERE u.call_ref IS NOT NULL AND u.call_ref"
)
"""Ends before the list of references; the columns are those of stores.Report."""
SUMMED: Final = (
    tables.rollup,
    tables.task_rollup,
    tables.total,
    tables.adjustment,
    tables.distribution,
    quality_tables.quality,
    tables.budget_window,
    tables.budget_counter,
)
"""Tables whose rows are added to, in the order in which every booking touches them."""


def columns_of(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)


def postgres_type(table: Table, name: str) -> str:
    kind = table.c[name].type
    if isinstance(kind, LargeBinary):
        return "bytea"
    if isinstance(kind, SmallInteger):
        return "smallint"
    if isinstance(kind, BigInteger):
        return "bigint"
    return "integer" if isinstance(kind, Integer) else "text"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _conflict(table: Table) -> str:
    keys = [column.name for column in table.primary_key.columns]
    sums = [name for name in columns_of(table) if name not in keys]
    changes = ", ".join(f'"{name}" = {table.name}."{name}" + excluded."{name}"' for name in sums)
    return f"ON CONFLICT ({_quoted(keys)}) DO UPDATE SET {changes}"


def sqlite_insert(table: Table, names: Sequence[str], *, ignoring: bool = False) -> str:
    marks = ", ".join("?" * len(names))
    ending = " ON CONFLICT DO NOTHING" if ignoring else ""
    return f"INSERT INTO {table.name} ({_quoted(names)}) VALUES ({marks}){ending}"


def sqlite_addition(table: Table) -> str:
    return f"{sqlite_insert(table, columns_of(table))} {_conflict(table)}"


def postgres_insert(table: Table, names: Sequence[str], *, ignoring: bool = False) -> str:
    arrays = ", ".join(f"%s::{postgres_type(table, name)}[]" for name in names)
    ending = " ON CONFLICT DO NOTHING" if ignoring else ""
    return f"INSERT INTO {table.name} ({_quoted(names)}) SELECT * FROM unnest({arrays}){ending}"


def postgres_addition(table: Table) -> str:
    return f"{postgres_insert(table, columns_of(table))} {_conflict(table)}"


def postgres_copy(table: Table, names: Sequence[str]) -> str:
    return f"COPY {table.name} ({_quoted(names)}) FROM STDIN (FORMAT BINARY)"
