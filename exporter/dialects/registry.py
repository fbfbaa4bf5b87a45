"""All dialects in the order in which they are asked; the first that claims a span reads it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from exporter.dialects import (
    ag2,
    claude_code,
    cline,
    codex,
    copilot,
    dify,
    gemini_cli,
    genai,
    google_adk,
    goose,
    haystack,
    langfuse,
    langsmith,
    litellm,
    logfire,
    mlflow,
    openinference,
    openlit,
    openllmetry,
    pydantic_ai,
    qwen_code,
    vercel,
)
from exporter.dialects.base import Dialect, Logs, Metrics
from exporter.dialects.kinds import barrier_of_name
from exporter.dialects.reading import NOTHING
from exporter.dialects.series import PROCESS, Group, group_points
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Point, Span, Value
from exporter.usage import BARRIER_KINDS, OTHER, Reading

DIALECTS: Final[tuple[Dialect, ...]] = (
    # The most specific first: what every other dialect leaves is read by the official conventions.
    claude_code.DIALECT,
    codex.DIALECT,
    gemini_cli.DIALECT,
    qwen_code.DIALECT,
    copilot.DIALECT,
    goose.DIALECT,
    vercel.DIALECT,
    langsmith.DIALECT,
    dify.DIALECT,
    litellm.DIALECT,
    openinference.DIALECT,
    langfuse.DIALECT,
    mlflow.DIALECT,
    ag2.DIALECT,
    haystack.DIALECT,
    google_adk.DIALECT,
    logfire.DIALECT,
    pydantic_ai.DIALECT,
    openlit.DIALECT,
    openllmetry.DIALECT,
    genai.DIALECT,
)

LOGS: Final[tuple[Logs, ...]] = (
    claude_code.LOGS,
    codex.LOGS,
    gemini_cli.LOGS,
    qwen_code.LOGS,
    cline.LOGS,
    copilot.LOGS,
    dify.LOGS,
    genai.LOGS,
)
METRICS: Final[tuple[Metrics, ...]] = (
    claude_code.METRICS,
    codex.METRICS,
    gemini_cli.METRICS,
    qwen_code.METRICS,
    cline.METRICS,
    copilot.HISTOGRAMS,
    copilot.COUNTED,
    genai.HISTOGRAMS,
    genai.COUNTED,
)

METRIC_DIALECTS: Final[frozenset[str]] = frozenset(metrics.dialect for metrics in METRICS)
"""Dialects that read metric points."""
EVENTS: Final[frozenset[str]] = frozenset().union(*(logs.events for logs in LOGS))
"""Names of the events that any dialect reads; no other log record leaves decode."""
NUMBERED: Final[frozenset[str]] = frozenset().union(*(logs.numbered for logs in LOGS))
"""Instrumentation scopes that number all events of a session."""
WANTED_OF_LOGS: Final[frozenset[str]] = frozenset().union(*(logs.wanted for logs in LOGS))
TYPES: Final[frozenset[str]] = frozenset().union(*(metrics.types for metrics in METRICS))
"""Attributes in which the points of one record differ."""
WANTED_OF_METRICS: Final[frozenset[str]] = TYPES.union(PROCESS, *(metrics.wanted for metrics in METRICS))

WANTED: Final[frozenset[str]] = frozenset().union(*(dialect.wanted for dialect in DIALECTS))
"""Keys of the span and resource attributes that any dialect reads."""

_BARE: Final = {OTHER: NOTHING} | {kind: Reading(kind, None) for kind in BARRIER_KINDS}
_MARKS: Final[frozenset[str]] = frozenset().union(*(dialect.marks for dialect in DIALECTS))
_LIFTS: Final = tuple(dialect.lift for dialect in DIALECTS if dialect.lift.content)


class _Known(NamedTuple):
    """What follows from the keys and the scope of a span."""

    dialect: Dialect
    present: Spellings


def read_span(span: Span) -> Reading:
    """What the first dialect that claims the span makes of it."""
    if _MARKS.isdisjoint(span.attributes):
        return _read_bare(span.name)
    known = _recognise(tuple(span.attributes), span.origin.scope)
    return known.dialect.read(span, known.present) if known is not None else NOTHING


def read_log(record: Span) -> Reading:
    """What a dialect makes of a log record that is named after its event."""
    known = _recognise_event(record.name, record.origin.scope, tuple(record.attributes))
    return known.logs.read(record, known.present) if known is not None else NOTHING


def instruments_of(dialects: Collection[str]) -> frozenset[str]:
    """Names of the metrics that these dialects read."""
    return frozenset(name for metrics in METRICS if metrics.dialect in dialects for name in metrics.metrics)


def groups_of(points: Iterable[Point], dialects: Collection[str]) -> list[Group]:
    """The metric points that these dialects read, those together that make one record."""
    known = ((point, metrics_of(point.metric, point.origin.scope)) for point in points)
    return group_points((point, metrics) for point, metrics in known if metrics and metrics.dialect in dialects)


class _KnownEvent(NamedTuple):
    logs: Logs
    present: Spellings


@lru_cache(maxsize=1024)
def _recognise_event(name: str, scope: str, keys: tuple[str, ...]) -> _KnownEvent | None:
    for logs in LOGS:
        if name in logs.events and (logs.claims is None or logs.claims(scope)):
            return _KnownEvent(logs, logs.spellings.present_in(keys))
    return None


@lru_cache(maxsize=256)
def metrics_of(metric: str, scope: str) -> Metrics | None:
    """Who reads the points of a metric from a scope; None when nobody does."""
    for metrics in METRICS:
        if metric in metrics.metrics and (metrics.claims is None or metrics.claims(scope)):
            return metrics
    return None


@lru_cache(maxsize=4096)
def _read_bare(name: str) -> Reading:
    return _BARE[barrier_of_name(name)]


@lru_cache(maxsize=1024)
def _recognise(keys: tuple[str, ...], scope: str) -> _Known | None:
    """The first that claims, unless it knows no number or no model of what a later one knows both of.

    Two instrumentations of one program may write on the same spans.  Who is known by its scope wrote the span itself,
    and its dialect leaves names out with intent.
    """
    present = frozenset(keys)
    claimants = [
        _Known(dialect, dialect.spellings.present_in(present))
        for dialect in DIALECTS
        if not dialect.marks.isdisjoint(present) and (dialect.claims is None or dialect.claims(present, scope))
    ]
    if not claimants:
        return None
    first = claimants[0]
    if first.dialect.claims is not None and first.dialect.claims(frozenset(), scope):
        return first
    return next((known for known in claimants if _tells_of_a_call(known.present)), first)


def _tells_of_a_call(present: Spellings) -> bool:
    return bool((present.input or present.output) and (present.request_model or present.response_model))


def _lift(attributes: Mapping[str, Value]) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for lift in _LIFTS:
        if not lift.content.isdisjoint(attributes):
            found |= lift.take(attributes)
    return found


LIFT: Final = Lift(frozenset().union(*(lift.content for lift in _LIFTS)), _lift)
"""What all dialects together want to be taken out of content."""
