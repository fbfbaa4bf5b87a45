"""What an import brings: usage records, and what is known of each beyond them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from exporter.usage import IMPORTS, LOGS, METRICS, SPANS, UsageRecord

CLAUDE_CODE: Final = "claude_code"
CLAUDE_SERVICE: Final = "claude-code"
"""The service name under which Claude Code sends telemetry when told nothing else."""

AGGREGATE: Final = "aggregate"
"""Flag of a record that stands for many calls."""
BETTER: Final = frozenset({SPANS, LOGS, METRICS, IMPORTS})
"""Signals that tell of calls one by one, or with the session that they belong to."""

Identify = Callable[[str], str]
"""The provider of a model, empty when nobody knows."""


class Item(NamedTuple):
    """A record to be imported."""

    usage: UsageRecord
    project: str = ""
    """For want of a configured one."""
    is_replay: bool = False
    """It may repeat a record under another request id, so it counts only where no other has its key."""


class Tellers(NamedTuple):
    """Whose calls, told one by one, a sum stands for.  What is empty is not asked; all empty means anybody's."""

    names: tuple[str, ...] = ()
    """Services or dialects."""
    provider: str = ""
    model: str = ""


class Sum(NamedTuple):
    """A record that stands for many calls, and counts only where nobody told of them."""

    item: Item
    tellers: Tellers
    is_open: bool = False
    """Its time goes on."""


def session_source(session: str) -> str:
    """Who sent the telemetry of a session of Claude Code (rule R6), as its dialect writes it."""
    return f"{CLAUDE_CODE}\x1f{CLAUDE_SERVICE}\x1f\x1f{session}" if session else ""
