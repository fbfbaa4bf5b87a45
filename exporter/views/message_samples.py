"""Messages between agents as metric samples."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select

from exporter.ledger.message_series import MESSAGE_FAMILIES, REFUSED
from exporter.ledger.message_tables import message_series, message_total
from exporter.messages.message import REASONS
from exporter.views.points import Points, hide_newborn
from exporter.views.samples import sums_of

FEEDS: Final = {family.name: f"agent_messages_{family.name}" for family in MESSAGE_FAMILIES}
"""Feed of each family of the ledger."""


class _Series(NamedTuple):
    family: str
    created_at: int
    labels: tuple[str, ...]


class MessageSamples:
    """Reads the counts of messages.  Not safe for threads; one reader has one of these."""

    def __init__(self) -> None:
        self._known: dict[int, _Series] = {}
        self._labels: dict[str, list[tuple[str, ...]]] = {}

    def read(self, connection: Connection, cutoff_ns: int) -> dict[str, Points]:
        """Points of every message family; label sets made after the cutoff show 0, refusals show from the start."""
        self._learn(connection)
        counts = _counts(connection)
        points: dict[str, Points] = {}
        for name, feed in FEEDS.items():
            members = [(number, one) for number, one in self._known.items() if one.family == name]
            born = [one.created_at for _, one in members]
            values: list[Any] = [counts.get(number, 0) for number, _ in members]
            labels = self._same(name, [one.labels for _, one in members])
            points[feed] = Points(labels, hide_newborn(values, born, cutoff_ns), born)
        points[FEEDS[REFUSED.name]] = self._with_every_reason(points[FEEDS[REFUSED.name]])
        return points

    def _learn(self, connection: Connection) -> None:
        table = message_series.c
        last = max(self._known, default=0)
        # A series has the next number only under the lock that admits it, but commits may overtake one another.
        size = connection.scalar(select(func.count()).where(table.shown.is_(None))) or 0
        if size == len(self._known) and last:
            return
        query = select(table.id, table.family, table.created_at, table.labels).where(table.shown.is_(None))
        self._known = {
            number: _Series(family, created_at, tuple(json.loads(labels)))
            for number, family, created_at, labels in connection.execute(query.order_by(table.id))
        }

    def _same(self, name: str, labels: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
        """The list of the last reading when nothing came, by which a renderer knows its lines again."""
        if self._labels.get(name) != labels:
            self._labels[name] = labels
        return self._labels[name]

    def _with_every_reason(self, found: Points) -> Points:
        counted = {reason: value for (reason,), value in zip(found.labels, found.values, strict=True)}
        labels = self._same("every reason", [(reason,) for reason in REASONS])
        return Points(labels, [counted.get(reason, 0) for reason in REASONS])


def rejected_message_series(connection: Connection) -> dict[str, int]:
    """For each family of messages, how many label sets it shows as `__other__`."""
    table = message_series.c
    rows = connection.execute(select(table.family, func.count(table.shown)).group_by(table.family))
    counts = {family: count for family, count in rows}  # noqa: C416 - a Result has keys(), which dict() would take for a mapping
    return {feed: counts.get(name, 0) for name, feed in FEEDS.items()}


def _counts(connection: Connection) -> dict[int, int]:
    (count,) = sums_of(message_total, ("count",))
    rows = connection.execute(select(message_total.c.series, count).group_by(message_total.c.series))
    return {series: value for series, value in rows}  # noqa: C416 - as above
