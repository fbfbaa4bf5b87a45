"""Data points of a binary protobuf request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite
from typing import Any, Final

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
)

from exporter.intake.decoded import TOO_MANY_ATTRIBUTES, Collected
from exporter.intake.otlp import NO_RECORDED_VALUE, Head, delta_of, series_digest
from exporter.intake.protobuf_walk import Walk, parse, walk_of
from exporter.intake.values import MAX_INT64, Allowance, cut_text, read_attributes, read_value
from exporter.intake.wire import METRICS, pieces
from exporter.signals import Origin, Point

DataPoint = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint


def read_points(body: bytes, metrics: frozenset[str], allowance: Allowance, collected: Collected[Point]) -> None:
    """Collect the points of an ExportMetricsServiceRequest that belong to one of `metrics`."""
    walk = walk_of(allowance)
    for request in parse(ExportMetricsServiceRequest, pieces(body, METRICS, allowance, collected.reject)):
        for group in request.resource_metrics:
            resource = walk.resource(group.resource)
            for scoped in group.scope_metrics:
                origin = None if resource is None else walk.origin(resource, scoped.scope)
                for metric in scoped.metrics:
                    _read_metric(metric, metrics, origin, walk, collected)


def _read_metric(
    metric: Metric, metrics: frozenset[str], origin: Origin | None, walk: Walk, collected: Collected[Point]
) -> None:
    if (kind := metric.WhichOneof("data")) is None:
        return
    data: Any = getattr(metric, kind)
    points = data.data_points
    collected.expect(len(points), walk.allowance.limits)
    if origin is None:
        collected.reject(TOO_MANY_ATTRIBUTES, len(points))
    elif kind not in _VALUE_OF or metric.name not in metrics:
        collected.ignored += len(points)
    else:
        unit = cut_text("", metric.unit, walk.allowance)
        # A histogram has a sum only where no measurement is negative, so it never falls.
        is_monotonic = kind != "sum" or data.is_monotonic
        head = Head(metric.name, unit, delta_of(data.aggregation_temporality), is_monotonic)
        walk.count(_read_points(points, _VALUE_OF[kind], head, (origin, walk.allowance), collected))


def _read_points(
    points: Iterable[DataPoint],
    value_of: Callable[[Any], int | float | None],
    head: Head,
    within: tuple[Origin, Allowance],
    collected: Collected[Point],
) -> int:
    """How many attributes were looked at."""
    origin, allowance = within
    most, looked = allowance.limits.max_attributes, 0
    for point in points:
        attributes = point.attributes
        if (count := len(attributes)) > most:
            collected.reject(TOO_MANY_ATTRIBUTES)
            continue
        value = None if point.flags & NO_RECORDED_VALUE else value_of(point)
        if value is None or not isfinite(value):
            collected.ignored += 1
            continue
        looked += count
        start, end = min(point.start_time_unix_nano, MAX_INT64), min(point.time_unix_nano, MAX_INT64)
        said = read_attributes(attributes, allowance)
        collected.kept.append(Point(*head, start, end, value, said, origin, _series(attributes, allowance)))
    return looked


def _series(attributes: Iterable[KeyValue], allowance: Allowance) -> int:
    kept = (pair for pair in attributes if pair.key not in allowance.types)
    return series_digest((pair.key, read_value(pair.key, pair.value, allowance, depth=0)) for pair in kept)


def _number(point: NumberDataPoint) -> int | float | None:
    match point.WhichOneof("value"):
        case "as_int":
            return point.as_int
        case "as_double":
            return point.as_double
    return None


def _sum(point: HistogramDataPoint | ExponentialHistogramDataPoint) -> float | None:
    return point.sum if point.HasField("sum") else None


_VALUE_OF: Final[dict[str, Callable[[Any], int | float | None]]] = {
    "sum": _number,
    "histogram": _sum,
    "exponential_histogram": _sum,
}
