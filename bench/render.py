"""How long a scrape's text takes to make when a family has many series and every value has changed."""

from __future__ import annotations

import statistics
import time

from exporter.telemetry.catalog import CATALOG
from exporter.telemetry.render import OPENMETRICS, Renderer
from exporter.views.points import Points

FAMILY = "agent_cost_usd_total"


def render_ms(series: int, *, rounds: int = 15) -> float:
    """Median milliseconds to render `series` series of one counter with six labels, all values new each time."""
    family = next(family for family in CATALOG if family.name == FAMILY)
    renderer = Renderer([family], OPENMETRICS)
    labels = [tuple(f"{name}-{number}" for name in family.label_names) for number in range(series)]
    times = []
    for number in range(rounds):
        values = [number * 1_000_003 + place for place in range(series)]
        begun = time.perf_counter()
        renderer.render({family.feed: Points(labels, values)})
        times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times)
