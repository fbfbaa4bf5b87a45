"""The same values pushed over OTLP, as cumulative points of the OpenTelemetry SDK."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import export as otlp
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import Metric

from exporter.telemetry.catalog import PROCESS
from exporter.telemetry.family import COUNTER, HISTOGRAM, Family
from exporter.telemetry.gather import Gatherer
from exporter.telemetry.selfmetrics import SelfMetrics
from exporter.views.points import Distribution, Points

SCOPE: Final = "agent-exporter"
MOST_POINTS: Final = 5_000
"""Points in one request; receivers refuse bodies of a few megabytes."""
_CUMULATIVE: Final = otlp.AggregationTemporality.CUMULATIVE


class Push:
    """Sends one reading each time it is asked.  Safe for threads."""

    def __init__(
        self,
        gatherer: Gatherer,
        selfmetrics: SelfMetrics,
        *,
        endpoint: str,
        headers: Mapping[str, str] | None = None,
        resource: Mapping[str, str] | None = None,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """`endpoint` is the whole URL, with /v1/metrics; `resource` says who we are beside service.name."""
        self._gatherer = gatherer
        self._selfmetrics = selfmetrics
        self._clock_ns = clock_ns
        self._started_ns = clock_ns()
        self._resource = Resource({"service.name": SCOPE, **(resource or {})})
        self._exporter = OTLPMetricExporter(
            endpoint=endpoint, headers=dict(headers or {}), max_export_batch_size=MOST_POINTS
        )

    def push(self) -> bool:
        """Read and send; whether the receiver took all of it."""
        now_ns = self._clock_ns()
        points = self._gatherer.gather()
        metrics = [
            _metric(family, _points_of(family, points[family.feed], now_ns))
            for family in self._gatherer.families
            if points.get(family.feed) and points[family.feed].labels
        ]
        metrics += _own_metrics(self._selfmetrics.collect(), self._started_ns, now_ns)
        return self._exporter.export(self._data(metrics)) is otlp.MetricExportResult.SUCCESS

    def close(self) -> None:
        self._exporter.shutdown()

    def _data(self, metrics: Sequence[otlp.Metric]) -> otlp.MetricsData:
        scope = otlp.ScopeMetrics(InstrumentationScope(SCOPE), metrics, "")
        return otlp.MetricsData([otlp.ResourceMetrics(self._resource, [scope], "")])


def _metric(family: Family, points: list[Any]) -> otlp.Metric:
    data: otlp.Sum | otlp.Gauge | otlp.Histogram
    if family.kind == HISTOGRAM:
        data = otlp.Histogram(points, _CUMULATIVE)
    elif family.kind == COUNTER:
        data = otlp.Sum(points, _CUMULATIVE, is_monotonic=True)
    else:
        data = otlp.Gauge(points)
    return otlp.Metric(family.otel, family.help, family.unit, data)


def _points_of(family: Family, points: Points, now_ns: int) -> list[Any]:
    born = points.born or [0] * len(points.labels)
    return [
        _point(family, _attributes(family.labels, labels), value, (start, now_ns))
        for labels, value, start in zip(points.labels, points.values, born, strict=True)
    ]


def _attributes(names: Sequence[str], values: Sequence[str]) -> dict[str, str]:
    """An empty value is an absent label in Prometheus, and an absent attribute here."""
    return {name: value for name, value in zip(names, values, strict=True) if value}


def _point(family: Family, attributes: dict[str, str], value: Any, times: tuple[int, int]) -> Any:
    if isinstance(value, Distribution):
        return _histogram_point(attributes, times, value.buckets, value.sum / family.divisor, family.edges)
    return _number_point(attributes, times, value if family.divisor == 1 else value / family.divisor)


def _number_point(attributes: dict[str, str], times: tuple[int, int], value: float) -> otlp.NumberDataPoint:
    return otlp.NumberDataPoint(attributes, *times, value)


def _histogram_point(
    attributes: dict[str, str], times: tuple[int, int], buckets: Sequence[int], total: float, edges: Sequence[float]
) -> otlp.HistogramDataPoint:
    # Nobody keeps the extremes; the protocol has both optional, the SDK's type has not.
    unknown: Any = None
    return otlp.HistogramDataPoint(attributes, *times, sum(buckets), total, buckets, edges, unknown, unknown)


def _own_metrics(collected: Iterable[Metric], started_ns: int, now_ns: int) -> Iterator[otlp.Metric]:
    """What prometheus_client holds, by its samples."""
    families = {family.base: family for family in PROCESS}
    for metric in collected:
        family = families[metric.name]
        times = (started_ns, now_ns)
        points = _histograms(family, metric, times) if family.kind == HISTOGRAM else _numbers(family, metric, times)
        if points:
            yield _metric(family, points)


def _numbers(family: Family, metric: Metric, times: tuple[int, int]) -> list[Any]:
    return [_number_point(_attributes_of(family, sample.labels), times, sample.value) for sample in metric.samples]


def _histograms(family: Family, metric: Metric, times: tuple[int, int]) -> list[Any]:
    counts: dict[tuple[tuple[str, str], ...], list[int]] = {}
    sums: dict[tuple[tuple[str, str], ...], float] = {}
    for sample in metric.samples:
        key = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "le"))
        if sample.name.endswith("_bucket"):
            counts.setdefault(key, [0]).append(int(sample.value))
        elif sample.name.endswith("_sum"):
            sums[key] = sample.value
    return [
        _histogram_point(
            _attributes_of(family, dict(key)), times, [b - a for a, b in pairwise(cumulative)], sums[key], family.edges
        )
        for key, cumulative in counts.items()
    ]


def _attributes_of(family: Family, labels: Mapping[str, str]) -> dict[str, str]:
    return _attributes(family.labels, [labels.get(name, "") for name in family.label_names])
