"""Plain telemetry, as it leaves decode: allow-listed attributes only, no wire types, no content."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Generic, NamedTuple, TypeVar

Value = str | int | float | bool | tuple["Value", ...]

STATUS_ERROR = 2

T = TypeVar("T")

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")


def clean_text(text: str) -> str:
    """The text with U+FFFD in place of NUL and lone surrogates, which PostgreSQL does not store."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def plain_text(value: Value | None, limit: int) -> str:
    """A value as a label or column may hold it: trimmed, without control characters, at most `limit` characters.

    Numbers and booleans become text; a list, like an absent value, is empty.
    """
    if type(value) is str:
        if len(value) <= limit and value.isprintable():
            return value.strip()
        return _CONTROL.sub("", value).strip()[:limit].rstrip()
    if type(value) is bool:
        return "true" if value else "false"
    return str(value)[:limit] if type(value) in (int, float) else ""


class Origin(NamedTuple):
    """What a group of spans, log records or points shares: its resource and instrumentation scope."""

    resource: Mapping[str, Value]
    scope: str
    scope_version: str


class Span(NamedTuple):
    """One span, or a log record or group of points in the same shape.

    Ids are raw bytes (16 and 8), times are Unix nanoseconds as sent, 0 when absent.  A log record has the event's name,
    the ids of its context, which may be empty, and one time; points have the time that they count over, and no ids.
    """

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    """b"" for a root span."""
    name: str
    start_ns: int
    end_ns: int
    status: int
    """OTLP status code: 0 unset, 1 ok, 2 error."""
    attributes: Mapping[str, Value]
    origin: Origin


class Point(NamedTuple):
    """One data point of a sum or histogram.  Times are Unix nanoseconds as sent, 0 when absent."""

    metric: str
    unit: str
    """As sent: one unit has several spellings (`{token}`, `token`, `tokens`)."""
    is_delta: bool | None
    """Whether it counts since `start_ns` alone; else since the series began, at `start_ns`; None when the sender did
    not say which."""
    is_monotonic: bool
    """Whether the series never falls, as the sender says of a sum; always of a histogram."""
    start_ns: int
    end_ns: int
    value: int | float
    """Finite; of a histogram the sum of what was observed."""
    attributes: Mapping[str, Value]
    origin: Origin
    series: int = 0
    """Digest of all attributes but those that tell kinds of token apart, also of those that stayed in decode: points
    that differ in one of them are of different series."""


class Lift(NamedTuple):
    """How to take out of content what billing needs, before the content goes."""

    content: frozenset[str]
    """Keys of attributes that hold content; their texts are read whole and go no further than `take`."""
    take: Callable[[Mapping[str, Value]], Mapping[str, Value]]
    """Attributes with content among them → further attributes, which count where the span has none of that name."""


NO_LIFT: Final = Lift(frozenset(), lambda _: {})


class OfResource(Generic[T]):
    """Something that follows from a resource alone, derived once for a run of spans that share it.

    Telemetry comes grouped by resource, so remembering the last one is enough.
    """

    def __init__(self, derive: Callable[[Mapping[str, Value]], T]) -> None:
        self._derive = derive
        self._last: tuple[Mapping[str, Value], T] | None = None

    def __call__(self, resource: Mapping[str, Value]) -> T:
        last = self._last
        if last is not None and last[0] is resource:
            return last[1]
        derived = self._derive(resource)
        # A pair in one assignment: another thread sees the old or the new one, and both are right.
        self._last = (resource, derived)
        return derived
