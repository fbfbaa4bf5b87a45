"""What a dialect is: one vocabulary of span attributes, as data and two pure functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exporter.signals import Span
from exporter.usage import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way in which emitters speak of model calls.  A new one is a file beside this and a line in `registry`."""

    name: str
    """Stored with each row and used as a label, so it never changes."""
    marks: frozenset[str]
    """Attribute keys of which a span must carry one to be asked about at all; they keep foreign spans cheap."""
    wanted: frozenset[str]
    """Keys of all span and resource attributes that `claims` and `read` look at; decode drops every other one."""
    claims: Callable[[Span], bool]
    """Whether a span with one of the marks is of this dialect."""
    read: Callable[[Span], Reading]
    """What a claimed span says: its kind, and its usage when there is something to account."""
