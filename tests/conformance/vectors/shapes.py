"""What a vector is: telemetry as it is sent, and what the ledger must say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.usage import NO_TOKENS, Tokens

U = "gen_ai.usage."
OI = "llm.token_count."
OFFICIAL = "opentelemetry.instrumentation.genai.anthropic"
MINUTE, HOUR = 60, 3600


@dataclass(frozen=True)
class Told:
    """A span, a log record or a metric point; times are seconds after the vector's beginning."""

    name: str
    attributes: Mapping[str, Any]
    parent: str = ""
    trace: str = ""
    start: float = 0
    end: float = 1
    value: float = 0
    is_error: bool = False
    is_client: bool = False


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One request."""

    told: tuple[Told, ...]
    signal: str = "traces"
    scope: str = "my.tracer"
    service: str = ""
    resource: Mapping[str, Any] = field(default_factory=dict)
    """Beside the service's name."""
    is_json: bool = False
    is_delta: bool = True
    is_histogram: bool = False
    after: int = 0
    """Seconds that pass before it is sent, with the scheduler at work."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A row that is charged; what is None is not looked at."""

    tokens: Tokens = NO_TOKENS
    kind: str | None = None
    provider: str | None = None
    gateway: str | None = None
    model: str | None = None
    """That was priced."""
    cost: int | None = None
    """That was reported, in nano-USD."""
    cost_source: str | None = None
    units: Mapping[str, int] | None = None
    doubts: frozenset[str] = frozenset()
    """Flags that say what was guessed or bent."""
    says: Mapping[str, Any] = field(default_factory=dict)
    """Any other field of the row."""


@dataclass(frozen=True)
class Vector:
    title: str
    sent: tuple[Sent, ...]
    charged: tuple[Call, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    """Rows that are not charged, by billing and reason."""
    reversed_tokens: int = 0
    """What the adjustments took back."""


def tokens(*, F: int = 0, R: int = 0, W: int = 0, W1: int = 0, V: int = 0, T: int = 0) -> Tokens:
    """Fresh input, cache read, cache write, one-hour write, visible output, reasoning."""
    return Tokens(F, R, W, W1, V, T)


def used(**counts: Any) -> dict[str, Any]:
    """Usage under the names of the conventions; two underscores stand for a dot."""
    return {U + name.replace("__", "."): count for name, count in counts.items()}


def chat(provider: str = "", model: str = "some-model", **counts: Any) -> dict[str, Any]:
    """The attributes of a model call."""
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, **used(**counts)}
    return attributes | ({"gen_ai.provider.name": provider} if provider else {})


def operation(name: str, **counts: Any) -> dict[str, Any]:
    """The attributes of any other span of the conventions."""
    return {"gen_ai.operation.name": name, **used(**counts)}


def spans(*told: Told, **options: Any) -> Sent:
    return Sent(told=told, **options)


def call(attributes: Mapping[str, Any], **options: Any) -> tuple[Sent, ...]:
    """One span alone."""
    return (Sent(told=(Told("call", attributes),), **options),)
