"""Everything that metrics show, read in one transaction, so that all families tell of the same instant."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection

from exporter.ledger.families import DISTRIBUTION_FAMILY, QUALITY_FAMILY
from exporter.views.budget_samples import BudgetSamples
from exporter.views.distributions import Distributions, rejected_sets
from exporter.views.fact_samples import TaskCosts, read_facts
from exporter.views.gauge_samples import GaugeSamples
from exporter.views.message_samples import MessageSamples, rejected_message_series
from exporter.views.points import Points
from exporter.views.quality_samples import QualitySamples
from exporter.views.samples import Totals, recent_calls

SECOND_NS: Final = 10**9
BIRTH_SECONDS: Final = 60.0
"""How long a new series shows 0: longer than any sensible scrape interval, so that `increase()` sees its birth."""


class MetricReader:
    """Reads the points of every feed.  Not safe for threads; remembers label sets between readings."""

    def __init__(self, *, birth_seconds: float = BIRTH_SECONDS) -> None:
        self._birth_ns = int(birth_seconds * SECOND_NS)
        self._totals = Totals()
        self._distributions = Distributions()
        self._budgets = BudgetSamples()
        self._tasks = TaskCosts()
        self._messages = MessageSamples()
        self._quality = QualitySamples()
        self._gauges = GaugeSamples()

    def read(self, connection: Connection, now_ns: int, *, exemplars: bool = False) -> dict[str, Points]:
        """Points by feed (telemetry/catalog.py says which family shows which)."""
        cutoff_ns = now_ns - self._birth_ns
        calls = recent_calls(connection) if exemplars else []
        points = self._totals.read(connection, cutoff_ns, calls=calls)
        label_sets = self._totals.label_sets()
        points |= self._distributions.read(connection, cutoff_ns, calls=calls, label_sets=label_sets)
        points |= self._budgets.read(connection, now_ns, cutoff_ns)
        points |= self._tasks.read(connection, now_ns)
        points |= self._messages.read(connection, cutoff_ns)
        points |= self._quality.read(connection, cutoff_ns)
        points |= self._gauges.read(connection)
        points |= read_facts(connection)
        return points

    def rejected(self, connection: Connection) -> dict[str, int]:
        """For each capped family, how many label sets it shows as `__other__`; as of the last reading."""
        apart = {family: rejected_sets(connection, family) for family in (DISTRIBUTION_FAMILY, QUALITY_FAMILY)}
        return {**self._totals.rejected(), **apart, **rejected_message_series(connection)}


def count_series(points: Points) -> int:
    """Series as Prometheus counts them: a histogram has one for each bucket, its sum and its count."""
    first: Any = points.values[0] if points.values else None
    width = len(first.buckets) + 2 if hasattr(first, "buckets") else 1
    return len(points.labels) * width
