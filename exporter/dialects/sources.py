"""Who sent a record, where one emitter reports the same usage in several signals (rule R6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects.fields import read_text
from exporter.signals import Value

SERVICE_NAME, SERVICE_INSTANCE = "service.name", "service.instance.id"
WANTED: Final = frozenset({SERVICE_NAME, SERVICE_INSTANCE})


def anthropic_sdk_of(resource: Mapping[str, Value]) -> str:
    """The Anthropic SDK within a process; where processes do not tell their ids, within a service."""
    names = (read_text(resource.get(name)) for name in (SERVICE_NAME, SERVICE_INSTANCE))
    return "\x1f".join(("com.anthropic.sdk", *names))
