"""Plain spans as they leave decode, for tests of what reads them."""

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
