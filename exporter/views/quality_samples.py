"""Missing and estimated usage as metric samples: counters by who sent it and why."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select

from exporter.ledger.quality_tables import QUALITY_TEXTS, quality, quality_series
from exporter.usage import ESTIMATED, MISSING
from exporter.views.points import Points, hide_newborn
from exporter.views.samples import sums_of

_STATUS: Final = QUALITY_TEXTS.index("status")
_COLUMNS: Final = tuple(column.name for column in quality.columns if not column.primary_key)


class _Feed(NamedTuple):
    name: str
    status: str
    column: str


FEEDS: Final = (
    _Feed("missing_calls", MISSING, "calls"),
    _Feed("missing_calls_adjustments", MISSING, "reversed_calls"),
    _Feed("estimated_calls", ESTIMATED, "calls"),
    _Feed("estimated_calls_adjustments", ESTIMATED, "reversed_calls"),
    _Feed("estimated_tokens", ESTIMATED, "tokens"),
    _Feed("estimated_tokens_adjustments", ESTIMATED, "reversed_tokens"),
    _Feed("estimated_cost", ESTIMATED, "cost_nano_usd"),
    _Feed("estimated_cost_adjustments", ESTIMATED, "reversed_cost_nano_usd"),
)


class _Series(NamedTuple):
    created_at: int
    status: str
    labels: tuple[str, ...]
    """Dialect, scope, service and reason."""


class QualitySamples:
    """Reads the sums of `quality`.  Not safe for threads; one reader has one of these."""

    def __init__(self) -> None:
        self._known: dict[int, _Series] = {}
        self._labels: dict[str, list[tuple[str, ...]]] = {MISSING: [], ESTIMATED: []}

    def read(self, connection: Connection, cutoff_ns: int) -> dict[str, Points]:
        """Points of every feed; label sets made after the cutoff show 0."""
        self._learn(connection)
        sums = _sums(connection)
        nothing = dict.fromkeys(_COLUMNS, 0)
        members = {
            status: [(number, one) for number, one in self._known.items() if one.status == status]
            for status in (MISSING, ESTIMATED)
        }
        points: dict[str, Points] = {}
        for feed in FEEDS:
            born = [one.created_at for _, one in members[feed.status]]
            values: list[Any] = [sums.get(number, nothing)[feed.column] for number, _ in members[feed.status]]
            points[feed.name] = Points(self._labels[feed.status], hide_newborn(values, born, cutoff_ns), born)
        return points

    def _learn(self, connection: Connection) -> None:
        size = connection.scalar(select(func.count()).select_from(quality_series)) or 0
        if size == len(self._known):
            return
        columns = [quality_series.c[name] for name in QUALITY_TEXTS]
        query = select(quality_series.c.id, quality_series.c.created_at, *columns).order_by(quality_series.c.id)
        self._known = {
            row[0]: _Series(row[1], row[2 + _STATUS], (*row[2 : 2 + _STATUS], *row[3 + _STATUS :]))
            for row in connection.execute(query)
        }
        for status in self._labels:
            self._labels[status] = [one.labels for one in self._known.values() if one.status == status]


def _sums(connection: Connection) -> dict[int, dict[str, int]]:
    query = select(quality.c.series, *sums_of(quality, _COLUMNS)).group_by(quality.c.series)
    return {row[0]: dict(zip(_COLUMNS, row[1:], strict=True)) for row in connection.execute(query)}
