"""The board Exporter: the Collector in front of it."""

from __future__ import annotations

from grafana.boards.exporter_queries import COLLECTOR_JOB, collector, collector_each_step
from grafana.boards.layout import PanelBuilder, Tile
from grafana.boards.style import About, bars_panel, graph_panel
from grafana.boards.targets import over_time
from grafana.boards.units import RATIO

NO_COLLECTOR = "No Collector is scraped (job otel-collector)"


def tiles() -> tuple[Tile, ...]:
    """What goes through the Collector, what waits in it, what it lost."""
    return (Tile(_flow(), 8, 9), Tile(_queue(), 8, 9), Tile(_losses(), 8, 9))


def _flow() -> PanelBuilder:
    about = About(
        "In and out",
        "Spans, log records and metric points. Handed on far below taken? The exporter refuses or is slow; what waits "
        "is in the queue on disk.",
        "count:rec/s",
        NO_COLLECTOR,
    )
    flows = {"taken": "otelcol_receiver_accepted", "handed on": "otelcol_exporter_sent"}
    return graph_panel(
        about, *(over_time(collector(name, "rate", "$__rate_interval"), words) for words, name in flows.items())
    )


def _queue() -> PanelBuilder:
    about = About(
        "Queue",
        "Share of its capacity. It is on disk, so nothing is lost while it fills. Rising? The exporter is down or "
        "answers 503; full, senders are "
        "held back (alert AgentCollectorQueueFilling).",
        RATIO,
        NO_COLLECTOR,
    )
    size, capacity = (
        f"sum by (data_type) (otelcol_exporter_queue_{what}{{{COLLECTOR_JOB}}})" for what in ("size", "capacity")
    )
    return graph_panel(about, over_time(f"{size}\n/ {capacity}", "{{data_type}}")).max(1)


def _losses() -> PanelBuilder:
    about = About(
        "Losses",
        "Dropped on the way to us is lost money: its log says which answer it got. Turned away is safe, senders "
        "try again.",
        "count:rec",
        NO_COLLECTOR,
    )
    kinds = {
        "dropped": "otelcol_exporter_send_failed",
        "dropped, queue full": "otelcol_exporter_enqueue_failed",
        "turned away": "otelcol_receiver_refused",
    }
    return bars_panel(
        about,
        *(over_time(collector_each_step(name), words, interval="1m") for words, name in kinds.items()),
    )
