"""A recent call for each label set, so that a metric leads to a trace."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from exporter.ledger.sums import Counted
from exporter.ledger.tables import exemplar

RENEW_NS: Final = 10 * 10**9
"""A label set gets a new exemplar at most this often; fresher ones would cost a write for each booking."""
_REMEMBERED: Final = 50_000


class Exemplars:
    """Which label sets got an exemplar from this worker lately."""

    def __init__(self) -> None:
        self._renewed: dict[int, int] = {}

    def write(self, connection: Connection, latest: list[Counted], slot: int, now_ns: int) -> None:
        """Store the calls of label sets that are due for a new exemplar."""
        due = [row for row in latest if self._renewed.get(row.dimension.series, 0) <= now_ns - RENEW_NS]
        if not due:
            return
        if len(self._renewed) > _REMEMBERED:
            self._renewed.clear()
        self._renewed.update((row.dimension.series, now_ns) for row in due)
        build: Any = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
        statement = build(exemplar)
        replaced = {name: statement.excluded[name] for name in _CONTENT}
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["series", "slot"],
                set_=replaced,
                # A late call is no news, and Prometheus takes no exemplar that is older than its last.
                where=statement.excluded.at > exemplar.c.at,
            ),
            [_values(row, slot) for row in due],
        )


_CONTENT: Final = ("trace_id", "span_id", "at", "cost_nano_usd", "duration_ns")


def _values(row: Counted, slot: int) -> dict[str, Any]:
    return {
        "series": row.dimension.series,
        "slot": slot,
        "trace_id": row.trace_id,
        "span_id": row.span_id,
        "at": row.started_at,
        "cost_nano_usd": row.cost_nano_usd,
        "duration_ns": row.duration_ns,
    }
