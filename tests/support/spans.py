"""Plain spans, log records and points as they leave decode, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Mapping

from exporter.signals import Origin, Span, Value


def make_span(
    attributes: Mapping[str, Value],
    *,
    scope: str = "",
    resource: Mapping[str, Value] | None = None,
    name: str = "call",
    status: int = 0,
) -> Span:
    origin = Origin(resource or {}, scope, "")
    return Span(b"t" * 16, b"s" * 8, b"", name, 1_000, 2_000, status, attributes, origin)


def make_record(
    event: str,
    attributes: Mapping[str, Value],
    *,
    scope: str = "",
    resource: Mapping[str, Value] | None = None,
    at_ns: int = 60_000_000_000,
    ids: tuple[bytes, bytes] = (b"", b""),
) -> Span:
    """A log record, in the shape of a span; `ids` are those of its context."""
    return Span(*ids, b"", event, at_ns, at_ns, 0, attributes, Origin(resource or {}, scope, ""))


def make_points(
    attributes: Mapping[str, Value],
    *,
    scope: str = "",
    resource: Mapping[str, Value] | None = None,
    start_ns: int = 1_000,
    end_ns: int = 60_000_000_000,
) -> Span:
    """What the points of one record share, in the shape of a span."""
    return Span(b"", b"", b"", "", start_ns, end_ns, 0, attributes, Origin(resource or {}, scope, ""))
