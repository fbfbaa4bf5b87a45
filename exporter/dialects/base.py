"""What a dialect is: one vocabulary of span attributes, as data and pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exporter.dialects.spellings import Spellings
from exporter.signals import NO_LIFT, Lift, Span
from exporter.usage import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way in which emitters speak of model calls.  A new one is a file beside this and a line in `registry`."""

    name: str
    """Stored with each row and used as a label, so it never changes."""
    marks: frozenset[str]
    """Attribute keys of which a span of this dialect carries one; they keep foreign spans cheap."""
    wanted: frozenset[str]
    """Keys of all span and resource attributes that `read` looks at; decode drops every other one."""
    spellings: Spellings
    """All names of each field."""
    read: Callable[[Span, Spellings], Reading]
    """What a claimed span, which has these of the spellings, says: its kind, and its usage when there is something
    to account."""
    claims: Callable[[frozenset[str], str], bool] | None = None
    """Whether spans with these attribute keys, a mark among them, from this instrumentation scope are of this
    dialect; None where a mark is enough.  Asked once for each set of keys and scope, so it may take its time."""
    lift: Lift = NO_LIFT
    """What decode takes out of content for `read`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logs:
    """What a dialect says in log records."""

    dialect: str
    events: frozenset[str]
    """Names of the events that it reads; no other record leaves decode."""
    wanted: frozenset[str]
    spellings: Spellings
    read: Callable[[Span, Spellings], Reading]
    """A record in the shape of a span, named after its event."""
    claims: Callable[[str], bool] | None = None
    """Whether it reads records from this instrumentation scope; None where the event is enough."""
    numbered: frozenset[str] = frozenset()
    """Instrumentation scopes that number all events of a session (event.sequence, session.id), so that gaps show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What a dialect says in metric points."""

    dialect: str
    metrics: frozenset[str]
    """Names of the instruments that it reads; no other point leaves decode."""
    wanted: frozenset[str]
    types: tuple[str, ...]
    """Attributes in which the points of one record differ: the kind of token."""
    read: Callable[[Span, Mapping[tuple[str, str], int | float]], Reading]
    """The attributes that the points of one record share, in the shape of a span over the time that they count, and
    their values by instrument and type, "" where there is none: of a cumulative series, what was added."""
    claims: Callable[[str], bool] | None = None
    """Whether it reads points from this instrumentation scope; None where the instrument is enough."""
