"""Metric points to records: the points of one series that tell the kinds of token apart make one record.

Delta points count since their start alone, so series and both times are their identity; a resend cannot be told
otherwise.  Cumulative points count since their series began; what one adds is worked out in the ledger.
Source: specification of telemetry dialects, sections 3.5 and 5.1; OpenTelemetry metrics data model, "Temporality".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from exporter.dialects.base import Metrics
from exporter.signals import Point, Span, Value
from exporter.usage import Reading

APART_NS: Final = 500_000_000
"""The instruments of one export are read one after the other, so their times differ by less; exports by more."""
PROCESS: Final = ("service.namespace", "service.name", "service.instance.id", "host.name", "process.pid")
"""Attributes of a resource that tell processes apart."""
_NO_TYPE: Final = ""


class Record(NamedTuple):
    """Points read as one."""

    span: Span
    """What they share, in the shape of a span."""
    reading: Reading
    points: int
    series: str
    """Identity of the cumulative series; empty for delta points."""
    starts: tuple[int, ...] = ()
    """When counting began of what the points of a cumulative series count, in order; kinds of token may begin apart."""


class _Series(NamedTuple):
    metrics: Metrics
    identity: str
    is_delta: bool
    shared: Mapping[str, Value]
    points: list[Point]


def read_series(points: Iterable[tuple[Point, Metrics]]) -> list[Record]:
    """The records that points make, each with the dialect that reads it."""
    found: dict[tuple[str, str, bool, int], _Series] = {}
    for point, metrics in points:
        if not point.is_monotonic:
            # What can fall counts what is there, not what was used.
            continue
        identity, is_delta = _identity(point), bool(point.is_delta)
        # Processes that do not tell themselves apart send resources of their own, also in one request.
        key = (metrics.dialect, identity, is_delta, id(point.origin.resource))
        series = found.get(key)
        if series is None:
            shared = {name: value for name, value in point.attributes.items() if name not in metrics.types}
            series = found[key] = _Series(metrics, identity, is_delta, shared, [])
        series.points.append(point)
    return [_record(series, group) for series in found.values() for group in _exports(series)]


def _exports(series: _Series) -> Iterator[list[Point]]:
    """The points of each export, oldest first."""
    group: list[Point] = []
    times: dict[tuple[str, str], tuple[int, int]] = {}
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


def _record(series: _Series, group: list[Point]) -> Record:
    values: dict[tuple[str, str], int | float] = {}
    for point in group:
        kind = _kind_of(point, series.metrics)
        values[kind] = max(values.get(kind, point.value), point.value)
    span = _span(group, series.shared)
    reading = series.metrics.read(span, values)
    named = f"series:{series.metrics.dialect}\x1f{series.identity}"
    if reading.usage is not None:
        # A sender may tear the points of one time apart; then they are several records.
        reading.usage.record_key = f"{named}\x1f{span.start_ns}\x1f{span.end_ns}\x1f{sorted(values)}"
    if series.is_delta:
        return Record(span, reading, len(group), "")
    return Record(span, reading, len(group), named, tuple(sorted({point.start_ns for point in group})))


def _span(group: list[Point], shared: Mapping[str, Value]) -> Span:
    start, end = min(point.start_ns for point in group), max(point.end_ns for point in group)
    return Span(b"", b"", b"", group[0].metric, start, end, 0, shared, group[0].origin)


def _kind_of(point: Point, metrics: Metrics) -> tuple[str, str]:
    stated = (str(point.attributes[name]) for name in metrics.types if name in point.attributes)
    return point.metric, next(stated, _NO_TYPE)


def _identity(point: Point) -> str:
    """Of a series: its attributes and its process.  What the configuration wants must not change it."""
    resource = point.origin.resource
    said = (point.series, point.origin.scope, [str(resource.get(name, "")) for name in PROCESS])
    return blake2b(repr(said).encode(), digest_size=16).hexdigest()
