"""What becomes of the true calls of one recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Expectation:
    emitter: str
    outcomes: Mapping[str, int]
    why: tuple[str, ...] = ()
    unsettled: Mapping[str, int] | None = None
    """The outcomes before the billing rules, where they differ."""
    dialects: frozenset[str] = frozenset({"genai"})
    """Which the charged rows may be read by."""
    understated: int = 0
    """How many calls its spans report short although it saw their usage whole."""


STREAM_WITHOUT_USAGE = "a stream without include_usage"
STREAMS_WITHOUT_USAGE = "a stream without include_usage and an aborted one: the client never saw their usage"
ABORTED_CLAUDE_STREAM = "an aborted stream: the input is known, the output never reached the client"
