"""What scheduled jobs found last, as numbers with labels, for every replica to show."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select

from exporter.ledger.quality_tables import gauge

Labels = tuple[str, ...]


def replace_gauges(connection: Connection, found: Mapping[str, Mapping[Labels, int]]) -> None:
    """Keep these values of the named gauges, and no older ones of them."""
    names = sorted(found)
    connection.execute(delete(gauge).where(gauge.c.name.in_(names)))
    rows = [
        {"name": name, "labels": json.dumps(labels, ensure_ascii=False), "value": value}
        for name in names
        for labels, value in sorted(found[name].items())
    ]
    if rows:
        connection.execute(insert(gauge), rows)


def read_gauges(connection: Connection, names: Iterable[str]) -> dict[str, dict[Labels, int]]:
    """The values of those of the gauges that were ever kept, in the order of their labels."""
    found: dict[str, dict[Labels, int]] = {}
    query = select(gauge.c.name, gauge.c.labels, gauge.c.value).where(gauge.c.name.in_(list(names)))
    for name, labels, value in connection.execute(query.order_by(gauge.c.name, gauge.c.labels)):
        found.setdefault(name, {})[tuple(json.loads(labels))] = value
    return found
