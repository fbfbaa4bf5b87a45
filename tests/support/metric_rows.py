"""Rows behind metrics, written through the ledger's tables as a booking would leave them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection, insert

from exporter.budgets.definition import Budget
from exporter.ledger import tables
from exporter.ledger.engine import Database
from exporter.ledger.quality_tables import QUALITY_TEXTS, quality, quality_series

SECOND = 10**9
Measures = Mapping[int, tuple[int, Mapping[int, int]]]
"""Measure (0 input, 1 output, 2 duration) to its sum and its filled buckets."""
NOW = 1_795_000_000 * SECOND
LONG_AGO = NOW - 86_400 * SECOND


def make_database(url: str) -> Database:
    """A database with the ledger's tables and nothing in them."""
    database = Database(url)
    tables.metadata.create_all(database.engine)
    return database


def add_series(connection: Connection, texts: Mapping[str, str], *, at: int = LONG_AGO, overflow: int = 0) -> int:
    """A label set; texts that are not given are empty."""
    row = {name: texts.get(name, "") for name in tables.SERIES_TEXTS}
    return _insert(
        connection, tables.series, digest=_digest(*row.values(), overflow), created_at=at, overflow=overflow, **row
    )


def add_total(connection: Connection, series: int, *, slot: int = 0, **sums: int) -> None:
    connection.execute(insert(tables.total).values(series=series, slot=slot, **sums))


def add_adjustment(connection: Connection, series: int, *, slot: int = 0, **sums: int) -> None:
    connection.execute(insert(tables.adjustment).values(series=series, slot=slot, **sums))


def add_exemplar(connection: Connection, series: int, **values: Any) -> None:
    row = {"slot": 0, "trace_id": b"\xab" * 16, "span_id": b"\xcd" * 8, "at": NOW, "cost_nano_usd": 5, "duration_ns": 7}
    connection.execute(insert(tables.exemplar).values(series=series, **(row | values)))


def add_distribution(
    connection: Connection, texts: Mapping[str, str], measures: Measures, *, at: int = LONG_AGO
) -> int:
    """A label set of the client histograms."""
    row = {name: texts.get(name, "") for name in tables.DISTRIBUTION_TEXTS}
    number = _insert(connection, tables.distribution_series, digest=_digest(*row.values()), created_at=at, **row)
    for measure, (total, buckets) in measures.items():
        filled = {f"bucket_{bucket}": count for bucket, count in buckets.items()}
        connection.execute(
            insert(tables.distribution).values(series=number, measure=measure, slot=0, sum=total, **filled)
        )
    return number


def add_doubts(connection: Connection, texts: tuple[str, ...], *, at: int = LONG_AGO, **sums: int) -> None:
    """Calls whose usage is missing or estimated: dialect, scope, service, status and reason."""
    row = dict(zip(QUALITY_TEXTS, texts, strict=True))
    number = _insert(connection, quality_series, digest=_digest(*texts), created_at=at, **row)
    connection.execute(insert(quality).values(series=number, slot=0, **sums))


def add_budget(connection: Connection, budget: Budget, *, at: int = LONG_AGO, deleted_at: int | None = None) -> int:
    return _insert(
        connection,
        tables.budget,
        "ref",
        id=budget.id,
        origin="file",
        definition=json.dumps(budget.to_mapping()),
        shape=budget.shape,
        created_at=at,
        updated_at=at,
        deleted_at=deleted_at,
    )


def add_window(connection: Connection, ref: int, budget: Budget, spent: int, *, slot: int = 0, now: int = NOW) -> None:
    start = budget.period_at(now).start_ns
    connection.execute(insert(tables.budget_window).values(ref=ref, period_start=start, slot=slot, spent=spent))


def add_counter(connection: Connection, budget: Budget, amount: int, adjustments: int = 0, *, slot: int = 0) -> None:
    connection.execute(
        insert(tables.budget_counter).values(
            id=budget.id, period=budget.period, unit=budget.unit, slot=slot, amount=amount, adjustments=adjustments
        )
    )


def add_breach(connection: Connection, budget: Budget, percent: int, *, at: int, period: int = 0) -> None:
    connection.execute(
        insert(tables.breach).values(
            budget=budget.id, period=budget.period, period_start=period, period_end=period + 1, percent=percent,
            severity="critical", at=at, spent=1, limit=1, unit=budget.unit,
        )
    )  # fmt: skip


def add_task(connection: Connection, project: str, name: str, costs: dict[int, int]) -> None:
    """A task and what it cost in quarters of an hour (Unix time / 900 s)."""
    number = _insert(connection, tables.task, project=project, name=name)
    for quarter, cost in costs.items():
        connection.execute(
            insert(tables.task_rollup).values(task=number, quarter=quarter, slot=0, calls=1, cost_nano_usd=cost)
        )


def _insert(connection: Connection, table: Any, key: str = "id", **values: Any) -> int:
    row = connection.execute(insert(table).values(**values).returning(table.c[key]))
    return int(row.scalar_one())


def _digest(*parts: object) -> bytes:
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).digest()
