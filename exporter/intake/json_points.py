"""Data points of a JSON request."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from typing import Final

from exporter.intake.decoded import MALFORMED_DATA_POINT, TOO_MANY_ATTRIBUTES, Collected
from exporter.intake.json_fields import (
    WRONG,
    Node,
    WrongType,
    enum_at,
    flag_at,
    list_at,
    object_at,
    objects_at,
    text_at,
    time_at,
    whole_number,
)
from exporter.intake.json_values import read_attributes, read_double, read_value
from exporter.intake.json_walk import Scope, read_scopes, refuse_wrong_types
from exporter.intake.otlp import NO_RECORDED_VALUE, Head, delta_of, series_digest
from exporter.intake.values import MAX_INT64, MIN_INT64, Allowance, cut_text
from exporter.signals import Origin, Point, Value

Number = int | float | None


def read_points(body: bytes, metrics: frozenset[str], allowance: Allowance, collected: Collected[Point]) -> None:
    """Collect the points of an ExportMetricsServiceRequest that belong to one of `metrics`."""
    with refuse_wrong_types():
        for scope in read_scopes(body, "Metrics", allowance):
            for metric in objects_at(scope.node, "metrics"):
                for kind in _VALUE_OF:
                    if kind in metric:
                        _read_data(metric, kind, metrics, (scope, allowance), collected)


def _read_data(
    metric: Node, kind: str, metrics: frozenset[str], within: tuple[Scope, Allowance], collected: Collected[Point]
) -> None:
    scope, allowance = within
    data = object_at(metric, kind)
    points = objects_at(data, "dataPoints")
    collected.expect(len(points), allowance.limits)
    if scope.origin is None:
        collected.reject(TOO_MANY_ATTRIBUTES, len(points))
        return
    try:
        value_of = _VALUE_OF[kind]
        head = _head(metric, kind, data, allowance) if value_of and text_at(metric, "name") in metrics else None
    except WRONG:
        collected.reject(MALFORMED_DATA_POINT, len(points))
        return
    if head is None or value_of is None:
        collected.ignored += len(points)
        return
    for point in points:
        collected.add(_read_point(point, value_of, head, scope.origin, allowance))


def _head(metric: Node, kind: str, data: Node, allowance: Allowance) -> Head:
    # A histogram has a sum only where no measurement is negative, so it never falls.
    is_monotonic = kind != "sum" or flag_at(data, "isMonotonic")
    unit = cut_text("", text_at(metric, "unit"), allowance)
    return Head(text_at(metric, "name"), unit, delta_of(enum_at(data, "aggregationTemporality")), is_monotonic)


def _read_point(
    node: Node, value_of: Callable[[Node], Number], head: Head, origin: Origin, allowance: Allowance
) -> Point | str | None:
    """The point, the reason why it is rejected, or None when it holds no finite value."""
    try:
        if len(list_at(node, "attributes")) > allowance.limits.max_attributes:
            return TOO_MANY_ATTRIBUTES
        value = None if whole_number(node.get("flags")) & NO_RECORDED_VALUE else value_of(node)
        if value is None or not isfinite(value):
            return None
        start, end = time_at(node, "startTimeUnixNano"), time_at(node, "timeUnixNano")
        said = read_attributes(node, allowance)
        return Point(*head, start, end, value, said, origin, _series(node, allowance))
    except WRONG:
        return MALFORMED_DATA_POINT


def _series(node: Node, allowance: Allowance) -> int:
    kept = (pair for pair in objects_at(node, "attributes") if text_at(pair, "key") not in allowance.types)
    return series_digest((text_at(pair, "key"), _value_of_pair(pair, allowance)) for pair in kept)


def _value_of_pair(pair: Node, allowance: Allowance) -> Value | None:
    return read_value(text_at(pair, "key"), pair.get("value"), allowance, depth=0)


def _number(node: Node) -> Number:
    if node.get("asInt") is None:
        return _double(node, "asDouble")
    number = whole_number(node["asInt"])
    if not MIN_INT64 <= number <= MAX_INT64:
        raise WrongType("asInt is beyond 64 bits")
    return number


def _sum(node: Node) -> Number:
    return _double(node, "sum")


def _double(node: Node, name: str) -> float | None:
    return None if node.get(name) is None else read_double(node[name])


_VALUE_OF: Final[dict[str, Callable[[Node], Number] | None]] = {
    "gauge": None,
    "sum": _number,
    "histogram": _sum,
    "exponentialHistogram": _sum,
    "summary": None,
}
"""None where the points hold nothing that can be added up."""
