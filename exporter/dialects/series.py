"""Metric points to records: the points of one series that tell the kinds of token apart make one record.

Delta points count since their start alone, so series and both times are their identity; a resend cannot be told
otherwise.  Cumulative points count since their series began; what they have more than all before (`cumulative`) is read
as delta points are.  Kinds of token that contain each other, as cached input is a part of all input, say the truth only
together: a sender that tears one export over two requests has the parts counted beside the whole.
Source: specification of telemetry dialects, sections 3.5 and 5.1; OpenTelemetry metrics data model, "Temporality".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from exporter.dialects.base import Metrics
from exporter.dialects.cumulative import Gain, Kind
from exporter.signals import Point, Span, Value
from exporter.usage import Reading

APART_NS: Final = 500_000_000
"""The instruments of one export are read one after the other, so their times differ by less; exports by more."""
PROCESS: Final = ("service.namespace", "service.name", "service.instance.id", "host.name", "process.pid")
"""Attributes of a resource that tell processes apart."""
_NO_TYPE: Final = ""


class Group(NamedTuple):
    """The points of one export of one series: together they tell what was used."""

    metrics: Metrics
    series: str
    """Identity of the series."""
    is_delta: bool
    span: Span
    """What they share, in the shape of a span over the time that they count."""
    values: Mapping[Kind, int | float]
    starts: Mapping[Kind, int]
    """When counting of each kind began: kinds may begin apart."""
    points: int


class _Series(NamedTuple):
    metrics: Metrics
    identity: str
    is_delta: bool
    shared: Mapping[str, Value]
    points: list[Point]


def group_points(points: Iterable[tuple[Point, Metrics]]) -> list[Group]:
    """The exports of each series among points, each point with the dialect that reads it."""
    found: dict[tuple[str, str, bool], _Series] = {}
    for point, metrics in points:
        if not point.is_monotonic:
            # What can fall counts what is there, not what was used.
            continue
        identity, is_delta = _identity(point), bool(point.is_delta)
        key = (metrics.dialect, identity, is_delta)
        series = found.get(key)
        if series is None:
            shared = {name: value for name, value in point.attributes.items() if name not in metrics.types}
            series = found[key] = _Series(metrics, identity, is_delta, shared, [])
        series.points.append(point)
    return [_group(series, points_of) for series in found.values() for points_of in _exports(series)]


def _exports(series: _Series) -> Iterator[list[Point]]:
    """The points of each export, oldest first."""
    group: list[Point] = []
    times: dict[Kind, tuple[int, int]] = {}
    for point in sorted(series.points, key=lambda point: (point.end_ns, point.start_ns, point.metric)):
        kind = _kind_of(point, series.metrics)
        if group and not _is_together(point, group[0], times.get(kind), is_delta=series.is_delta):
            yield group
            group, times = [], {}
        group.append(point)
        times[kind] = (point.start_ns, point.end_ns)
    if group:
        yield group


def _is_together(point: Point, first: Point, twin: tuple[int, int] | None, *, is_delta: bool) -> bool:
    if point.end_ns - first.end_ns > APART_NS:
        return False
    if is_delta and abs(point.start_ns - first.start_ns) > APART_NS:
        return False
    # The same point twice in a request is a resend.
    return twin is None or twin == (point.start_ns, point.end_ns)


def _group(series: _Series, points: list[Point]) -> Group:
    values: dict[Kind, int | float] = {}
    starts: dict[Kind, int] = {}
    for point in points:
        kind = _kind_of(point, series.metrics)
        values[kind] = max(values.get(kind, point.value), point.value)
        starts[kind] = point.start_ns
    named = f"series:{series.metrics.dialect}\x1f{series.identity}"
    span = _span(points, series.shared)
    return Group(series.metrics, named, series.is_delta, span, values, starts, len(points))


def read_delta(group: Group) -> Reading:
    """What delta points say: their series and both times make them the same again."""
    span = group.span
    # A sender may tear the points of one time apart; then they are several records.
    said = f"{span.start_ns}\x1f{span.end_ns}\x1f{sorted(group.values)}"
    return _read(group, span, group.values, said)


def read_gain(group: Group, gain: Gain) -> Reading:
    """What cumulative points say beyond what was booked of their series, as delta points would."""
    start = min(max(group.span.start_ns, gain.since_ns), group.span.end_ns)
    # No stream goes the same way twice.
    said = [(move.stream.hex(), move.before, move.after) for _, move in sorted(gain.moves.items())]
    return _read(group, group.span._replace(start_ns=start), gain.values, str(said))


def _read(group: Group, span: Span, values: Mapping[Kind, int | float], said: str) -> Reading:
    reading = group.metrics.read(span, values)
    if reading.usage is not None:
        reading.usage.record_key = f"{group.series}\x1f{said}"
    return reading


def _span(group: list[Point], shared: Mapping[str, Value]) -> Span:
    start, end = min(point.start_ns for point in group), max(point.end_ns for point in group)
    return Span(b"", b"", b"", group[0].metric, start, end, 0, shared, group[0].origin)


def _kind_of(point: Point, metrics: Metrics) -> Kind:
    stated = (str(point.attributes[name]) for name in metrics.types if name in point.attributes)
    return point.metric, next(stated, _NO_TYPE)


def _identity(point: Point) -> str:
    """Of a series: its attributes and its process.  What the configuration wants must not change it."""
    resource = point.origin.resource
    said = (point.series, point.origin.scope, [str(resource.get(name, "")) for name in PROCESS])
    return blake2b(repr(said).encode(), digest_size=16).hexdigest()
