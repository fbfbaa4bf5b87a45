"""What scheduled jobs found last, as metric samples."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from exporter.ledger import aggregate_gap, completeness, numbering
from exporter.ledger.gauges import Labels, read_gauges
from exporter.views.points import Points

GAUGES: Final = (*completeness.GAUGES, *aggregate_gap.GAUGES, *numbering.GAUGES)


class GaugeSamples:
    """Reads the table of gauges.  Not safe for threads; one reader has one of these."""

    def __init__(self) -> None:
        self._labels: dict[str, list[Labels]] = {}

    def read(self, connection: Connection) -> dict[str, Points]:
        """Points of every gauge; one that no job ever found has none."""
        found = read_gauges(connection, GAUGES)
        return {name: self._points(name, found.get(name, {})) for name in GAUGES}

    def _points(self, name: str, values: dict[Labels, int]) -> Points:
        labels = list(values)
        if self._labels.get(name) != labels:
            self._labels[name] = labels
        return Points(self._labels[name], list(values.values()))
