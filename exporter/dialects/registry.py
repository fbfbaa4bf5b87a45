"""All dialects in the order in which they are asked; the first that claims a span reads it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from exporter.dialects import genai, openinference
from exporter.dialects.base import Dialect
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import OTHER, Reading

DIALECTS: Final[tuple[Dialect, ...]] = (
    # The most specific first: what every other dialect leaves is read by the official conventions.
    openinference.DIALECT,
    genai.DIALECT,
)

WANTED: Final[frozenset[str]] = frozenset().union(*(dialect.wanted for dialect in DIALECTS))
"""Keys of the span and resource attributes that any dialect reads."""

NOTHING: Final = Reading(OTHER, None)
"""The reading of a span that no dialect knows."""

_MARKS: Final[frozenset[str]] = frozenset().union(*(dialect.marks for dialect in DIALECTS))
_LIFTS: Final = tuple(dialect.lift for dialect in DIALECTS if dialect.lift.content)


class _Known(NamedTuple):
    """What follows from the keys and the scope of a span."""

    dialect: Dialect
    present: Spellings


def read_span(span: Span) -> Reading:
    """What the first dialect that claims the span makes of it."""
    if _MARKS.isdisjoint(span.attributes):
        return NOTHING
    known = _recognise(tuple(span.attributes), span.origin.scope)
    return known.dialect.read(span, known.present) if known is not None else NOTHING


@lru_cache(maxsize=1024)
def _recognise(keys: tuple[str, ...], scope: str) -> _Known | None:
    present = frozenset(keys)
    for dialect in DIALECTS:
        if not dialect.marks.isdisjoint(present) and (dialect.claims is None or dialect.claims(present, scope)):
            return _Known(dialect, dialect.spellings.present_in(present))
    return None


def _lift(attributes: Mapping[str, Value]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for lift in _LIFTS:
        found |= lift.take(attributes)
    return found


LIFT: Final = Lift(frozenset().union(*(lift.content for lift in _LIFTS)), _lift)
"""What all dialects together want to be taken out of content."""
