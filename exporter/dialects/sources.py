"""Who sent a record, where one emitter reports the same usage in several signals (rule R6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects.fields import read_text
from exporter.dialects.series import PROCESS
from exporter.signals import Value

WANTED: Final = frozenset(PROCESS)


def anthropic_sdk_of(resource: Mapping[str, Value]) -> str:
    """The Anthropic SDK within a process; where processes do not tell themselves apart, within a service."""
    return "\x1f".join(("com.anthropic.sdk", *(read_text(resource.get(name)) for name in PROCESS)))
