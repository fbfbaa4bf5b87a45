"""Logfire's own integrations: the conventions, with the provider's usage object in JSON beside them.

A stream is two spans: one that ends when the answer begins, without usage, and when the last of the answer has come
a second one in the form of a log, with the usage.  With the Claude Agent SDK the agent has the usage and the cost, its
calls only `gen_ai.usage.partial`, which is no usage.  Source: logfire 5.2.0, `logfire/_internal/integrations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions, raw_usage
from exporter.dialects.base import Dialect
from exporter.dialects.json_text import parse_object
from exporter.dialects.kinds import operation_of
from exporter.dialects.reading import USAGE_MISSING, read_usage
from exporter.dialects.records import anthropic_sdk_of
from exporter.dialects.series import PROCESS
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import LLM, LOGS, SPANS, Reading, UsageRecord

NAME: Final = "logfire"

PARTIAL_USAGE: Final = "partial_usage"
"""Of a call only a part of its usage is known; the whole stands on the agent above it."""

_SCOPE: Final = "logfire"
_RAW: Final = "gen_ai.usage.raw"
_TYPE, _DURATION = "logfire.span_type", "duration"
_PARTIAL: Final = tuple(f"gen_ai.usage.partial.{name}_tokens" for name in ("input", "output"))
SPELLINGS: Final = conventions.SPELLINGS.followed_by(Spellings(operation=(_TYPE,)))
_OF_ANTHROPIC: Final = f"{_SCOPE}.anthropic"
_OF_CLIENTS: Final = (f"{_SCOPE}.openai", _OF_ANTHROPIC)
"""Scopes in which a stream is two spans."""


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span of Logfire."""
    attributes, scope = span.attributes, span.origin.scope
    is_stream_end = attributes.get(_TYPE) == "log"
    reading = read_usage(_from_start(span) if is_stream_end else span, present, NAME, operation_of(span))
    usage = reading.usage
    if usage is None or reading.kind != LLM:
        return reading
    if is_stream_end:
        return _or_of_sdk(reading, usage, span) if scope == _OF_ANTHROPIC else reading
    if USAGE_MISSING in usage.flags:
        if any(name in attributes for name in _PARTIAL):
            usage.flags = tuple(PARTIAL_USAGE if flag == USAGE_MISSING else flag for flag in usage.flags)
        elif scope in _OF_CLIENTS and not usage.call_key and not usage.error_type:
            # The beginning of a stream, of which another span will tell.
            return Reading(LLM, None)
    return reading


def _from_start(span: Span) -> Span:
    """The end of a stream says in seconds how long it took."""
    seconds = span.attributes.get(_DURATION)
    if type(seconds) is not float or not 0 <= seconds <= 86_400:
        return span
    return span._replace(start_ns=max(span.end_ns - round(seconds * 10**9), 0))


def _or_of_sdk(reading: Reading, usage: UsageRecord, span: Span) -> Reading:
    """The Anthropic SDK has spans of its own, which Logfire leaves in place for streams, without an id in common."""
    usage.signal, usage.outranked_by = LOGS, frozenset({SPANS})
    usage.source = anthropic_sdk_of(span.origin.resource)
    return reading


def _claims(keys: frozenset[str], scope: str) -> bool:
    return scope == _SCOPE or scope.startswith(f"{_SCOPE}.") or not keys.isdisjoint(_PARTIAL)


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Everything; of an attribute that the span has itself, that one counts."""
    return raw_usage.read_usage_object(parse_object(attributes.get(_RAW)))


DIALECT: Final = Dialect(
    name=NAME,
    marks=conventions.MARKS | {*_PARTIAL},
    wanted=conventions.WANTED | {_TYPE, _DURATION, *_PARTIAL, *PROCESS},
    spellings=SPELLINGS,
    read=read,
    claims=_claims,
    lift=Lift(frozenset({_RAW}), _take),
)
