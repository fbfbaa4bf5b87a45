"""What the simulation decides: spans with their ids, times and attributes, before anything is sent."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final, NamedTuple

from exporter.demo.roster import Agent
from exporter.usage import Tokens

Attribute = str | int | float | bool | tuple[str, ...]

CLIENT: Final = "client"
INTERNAL: Final = "internal"


class PlannedSpan(NamedTuple):
    span_id: int
    parent_id: int | None
    name: str
    kind: str
    """CLIENT or INTERNAL, as the conventions demand for the operation."""
    start_ns: int
    end_ns: int
    error: str
    """The `error.type`, or empty."""
    attributes: Mapping[str, Attribute]
    tokens: Tokens | None
    """What a model call consumed; None when the span reports no usage."""


class PlannedTrace(NamedTuple):
    """One agent's session: spans sorted by their start, the root first."""

    trace_id: int
    agent: Agent
    spans: tuple[PlannedSpan, ...]

    @property
    def start_ns(self) -> int:
        return self.spans[0].start_ns

    @property
    def end_ns(self) -> int:
        return max(span.end_ns for span in self.spans)


def seeded(*path: object) -> random.Random:
    """A random stream of its own for each path, the same in every process and on every machine."""
    return random.Random("/".join(str(part) for part in path))


def draw_id(rng: random.Random, bits: int) -> int:
    """A trace id (128 bits) or span id (64 bits); never 0, which OTLP calls invalid."""
    return rng.getrandbits(bits) or 1
