"""Metric points to records: the points of one series that tell the kinds of token apart make one record.

Delta points count since their start alone, so series and both times are their identity; a resend cannot be told
otherwise.  Cumulative points count since their series began; what one adds is worked out in the ledger.
Source: specification of telemetry dialects, sections 3.5 and 5.1; OpenTelemetry metrics data model, "Temporality".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from exporter.dialects.base import Metrics
from exporter.signals import Point, Span
from exporter.usage import Reading

Values = Mapping[tuple[str, str], int | float]


class Record(NamedTuple):
    """Points read as one."""

    span: Span
    """What they share, in the shape of a span."""
    reading: Reading
    points: int
    series: str
    """Identity of the cumulative series; empty for delta points."""


class _Group(NamedTuple):
    metrics: Metrics
    span: Span
    is_delta: bool
    values: dict[tuple[str, str], int | float]
    points: list[Point]


PROCESS: Final = ("service.namespace", "service.name", "service.instance.id", "host.name", "process.pid")
"""Attributes of a resource that tell processes apart."""
_NO_TYPE: Final = ""


def read_series(points: Iterable[tuple[Point, Metrics]]) -> list[Record]:
    """The records that points make, each with the dialect that reads it."""
    groups: dict[tuple[object, ...], _Group] = {}
    for point, metrics in points:
        if not point.is_monotonic:
            # What can fall counts what is there, not what was used.
            continue
        shared = {name: value for name, value in point.attributes.items() if name not in metrics.types}
        key = (metrics.dialect, _identity(point), point.start_ns, point.end_ns, point.is_delta)
        group = groups.get(key)
        if group is None:
            span = Span(b"", b"", b"", point.metric, point.start_ns, point.end_ns, 0, shared, point.origin)
            group = groups[key] = _Group(metrics, span, bool(point.is_delta), {}, [])
        kind = (point.metric, _type_of(point, metrics.types))
        group.values[kind] = group.values.get(kind, 0) + point.value
        group.points.append(point)
    return [_record(key, group) for key, group in groups.items()]


def _record(key: tuple[object, ...], group: _Group) -> Record:
    reading = group.metrics.read(group.span, group.values)
    begun = f"{key[0]}\x1f{key[1]}\x1f{group.span.start_ns}"
    if reading.usage is not None:
        # A sender may tear the points of one time apart; then they are several records.
        kinds = sorted(group.values)
        reading.usage.record_key = f"series:{begun}\x1f{group.span.end_ns}\x1f{kinds}"
    return Record(group.span, reading, len(group.points), "" if group.is_delta else f"series:{begun}")


def _type_of(point: Point, types: tuple[str, ...]) -> str:
    return next((str(point.attributes[name]) for name in types if name in point.attributes), _NO_TYPE)


def _identity(point: Point) -> str:
    """Of a series: its attributes and its process.  What the configuration wants must not change it."""
    resource = point.origin.resource
    said = (point.series, point.origin.scope, [str(resource.get(name, "")) for name in PROCESS])
    return blake2b(repr(said).encode(), digest_size=16).hexdigest()
