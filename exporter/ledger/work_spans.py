"""Spans of agents and tools that carry no usage, by who sent them: a service with these and no calls says no usage.

Counted for each quarter of an hour of receipt, beside the bookings: a diagnostic that a crash may cost some seconds of.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, delete
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from exporter.budgets.periods import QUARTER_NS
from exporter.ledger.gauges import read_gauges
from exporter.ledger.quality_tables import gauge

Sender = tuple[str, str]
"""Instrumentation scope and service."""
KEPT_QUARTERS: Final = 7 * 96
_NAME: Final = "work/"


def add_work(connection: Connection, spans: Mapping[Sender, int], now_ns: int) -> None:
    """Count spans as received now."""
    name = f"{_NAME}{now_ns // QUARTER_NS:010d}"
    rows = [
        {"name": name, "labels": json.dumps(sender, ensure_ascii=False), "value": count}
        for sender, count in sorted(spans.items())
    ]
    if not rows:
        return
    build = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    new = build(gauge)
    grow = {"value": gauge.c.value + new.excluded.value}
    connection.execute(new.on_conflict_do_update(index_elements=["name", "labels"], set_=grow), rows)


def work_by_sender(connection: Connection, quarters: Iterable[int]) -> dict[Sender, int]:
    """Spans received in these quarters (Unix time / 900 s)."""
    found: dict[Sender, int] = {}
    for spans in read_gauges(connection, [f"{_NAME}{quarter:010d}" for quarter in quarters]).values():
        for (scope, service), count in spans.items():
            found[(scope, service)] = found.get((scope, service), 0) + count
    return found


def forget_work(connection: Connection, now_ns: int) -> None:
    """Drop what is older than a week."""
    oldest = f"{_NAME}{now_ns // QUARTER_NS - KEPT_QUARTERS:010d}"
    connection.execute(delete(gauge).where(gauge.c.name >= _NAME, gauge.c.name < oldest))
