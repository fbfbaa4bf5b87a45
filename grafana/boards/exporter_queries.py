"""PromQL of the board Exporter.

Each replica counts what itself received, so these are added up; what all read from the one ledger is taken once.
"""

from __future__ import annotations

from typing import Final

from grafana.boards.queries import LOOKBACK, ONE_STEP_LATER

EXPORTER_JOB: Final = 'job="agent-exporter"'
COLLECTOR_JOB: Final = 'job="otel-collector"'
COLLECTOR_UP: Final = f"count(up{{{COLLECTOR_JOB}}})"
NOTHING: Final = f"0 * count(up{{{EXPORTER_JOB}}} == 1)"
"""What a replica that is up has counted, while it shows no such counter."""
SIGNALS: Final = ("spans", "log_records", "metric_points")


def added(counter: str, *matchers: str, window: str = "$__range") -> str:
    """What all replicas counted in a window; 0 for what was never counted."""
    return f"round(sum(increase({_selected(counter, *matchers)}[{window}]))) or {NOTHING}"


def risen(counter: str, since: str = "", until: str = "") -> str:
    """What each series of a counter rose between two instants, given as offsets; all of it where it began in between.

    `increase` sees nothing of a series that was born with its last value, and loses what rises between two windows.
    """
    earlier, later = (f"last_over_time({counter}[{LOOKBACK}]{at})" for at in (since, until))
    return f"(({later} - {earlier}) >= 0\nor {later})"


def added_by(label: str, counter: str, none: str) -> str:
    """For bars: what all replicas counted in each step, by a label; a 0 named `none` when nothing was."""
    found = f"sum by ({label}) ({risen(counter, until=ONE_STEP_LATER)})"
    return f'{found}\nor on () label_replace({NOTHING}, "{label}", "{none}", "", "")'


def quantile(share: float, histogram: str, *matchers: str, window: str = "$__rate_interval") -> str:
    """A quantile over all replicas."""
    buckets = _selected(f"{histogram}_bucket", *matchers)
    return f"histogram_quantile({share}, sum by (le) (rate({buckets}[{window}])))"


def collector(counter: str, function: str = "increase", window: str = "$__range") -> str:
    """What a Collector counted of spans, log records and metric points; 0 for what it never had to count."""
    parts = (
        f"(sum({function}({counter}_{signal}{{{COLLECTOR_JOB}}}[{window}])) or {COLLECTOR_UP} * 0)"
        for signal in SIGNALS
    )
    return "\n+ ".join(parts)


def collector_each_step(counter: str) -> str:
    """For bars: the same in each step."""
    selected = (f"{counter}_{signal}{{{COLLECTOR_JOB}}}" for signal in SIGNALS)
    parts = (f"(sum({risen(one, until=ONE_STEP_LATER)}) or {COLLECTOR_UP} * 0)" for one in selected)
    return "\n+ ".join(parts)


def collector_losses() -> str:
    """Records that the Collector dropped in the range."""
    return f"{collector('otelcol_exporter_send_failed')}\n+ {collector('otelcol_exporter_enqueue_failed')}"


def _selected(metric: str, *matchers: str) -> str:
    return f"{metric}{{{', '.join(matchers)}}}" if matchers else metric
