"""All dialects in the order in which they are asked; the first that claims a span reads it."""

from __future__ import annotations

from typing import Final

from exporter.dialects import genai
from exporter.dialects.base import Dialect
from exporter.signals import Span
from exporter.usage import OTHER, Reading

DIALECTS: Final[tuple[Dialect, ...]] = (
    # The most specific first: what every other dialect leaves is read by the official conventions.
    genai.DIALECT,
)

WANTED: Final[frozenset[str]] = frozenset().union(*(dialect.wanted for dialect in DIALECTS))
"""Keys of the span and resource attributes that any dialect reads."""

NOTHING: Final = Reading(OTHER, None)
"""The reading of a span that no dialect knows."""

_MARKS: Final[frozenset[str]] = frozenset().union(*(dialect.marks for dialect in DIALECTS))


def read_span(span: Span) -> Reading:
    """What the first dialect that claims the span makes of it."""
    if _MARKS.isdisjoint(span.attributes):
        return NOTHING
    for dialect in DIALECTS:
        if dialect.claims(span):
            return dialect.read(span)
    return NOTHING
