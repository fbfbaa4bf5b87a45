"""OpenLIT: the conventions' names, with counts that it makes up where the provider sent none.

It counts as the provider does (basis.EMITTERS) and prices cached tokens like others, or not at all, so its cost is an
estimate.  Sources: openlit 1.45.0; specification of telemetry dialects, section 3.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.fields import is_true
from exporter.dialects.kinds import operation_of
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Span, Value
from exporter.usage import ESTIMATED, LLM, REPORTED, Reading, UsageRecord

NAME: Final = "openlit"
GUESSED: Final = "guessed_by_emitter"
"""The emitter counted the tokens of the texts itself, because nobody told it the usage."""

_SCOPE: Final = "openlit"
_INSTRUMENTATION: Final = "openlit.instrumentation."
_STREAM: Final = ("gen_ai.request.stream", "gen_ai.request.is_stream")
_VERSIONED: Final = "openlit.agent.version_hash"
_CACHED: Final = frozenset({"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens"})

OWN: Final = Spellings(operation=(*_STREAM, _VERSIONED))
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)

_GUESS_ALWAYS: Final = frozenset({"gpt4all", "transformers", "vllm"})
_GUESS_AT_NEED: Final = frozenset(
    {"ai21", "anthropic", "azure_ai_inference", "bedrock", "google_ai_studio", "groq", "openai", "premai", "reka"}
) | {"vertexai"}
"""Instrumentations that read the cached tokens along with the usage, even when there are none, and otherwise guess."""


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span of OpenLIT."""
    reading = read_usage(span, present, NAME, operation_of(span))
    if reading.usage is not None and _is_guess(reading.usage, span.attributes):
        reading.usage.usage_status = ESTIMATED
        reading.usage.flags += (GUESSED,)
    return reading


def _is_guess(usage: UsageRecord, attributes: Mapping[str, Value]) -> bool:
    """Counts without a word on cached tokens were not read from an answer.

    Versions that know no cached tokens at all are told by their lack of a version mark; they guess on streams.
    """
    if usage.kind != LLM or usage.usage_status != REPORTED:
        return False
    library = usage.scope.removeprefix(_INSTRUMENTATION).partition(".")[0]
    if library in _GUESS_ALWAYS:
        return True
    if library not in _GUESS_AT_NEED or not _CACHED.isdisjoint(attributes):
        return False
    return _VERSIONED in attributes or any(is_true(attributes.get(name)) for name in _STREAM)


def claims(_: frozenset[str], scope: str) -> bool:
    """By its instrumentation scope alone: its attributes are those of the conventions."""
    return scope == _SCOPE or scope.startswith(f"{_SCOPE}.")


DIALECT: Final = Dialect(
    name=NAME,
    marks=conventions.MARKS,
    wanted=conventions.WANTED | OWN.all_names(),
    spellings=SPELLINGS,
    read=read,
    claims=claims,
)
