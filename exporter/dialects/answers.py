"""What billing needs out of a provider's answer, where an emitter sends nothing but the answer's JSON text.

The shipped Collector configuration lifts the same before it deletes content; the tests hold both to the same cases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from exporter.dialects.conventions import RESPONSE_ID
from exporter.dialects.json_text import find, parse_object
from exporter.dialects.raw_usage import read_usage_object
from exporter.signals import Value

_USAGES: Final = ("usage", "usage_metadata", "usageMetadata")
_MODELS: Final = ("model", "model_version", "modelVersion")
_LANGCHAIN: Final = ("generations", 0, 0, "message", "kwargs", "response_metadata")
"""Where LangChain keeps what it has of the answer."""
_FACTS: Final = (
    (RESPONSE_ID, ("id",), str),
    (RESPONSE_ID, ("response_id",), str),
    (RESPONSE_ID, ("responseId",), str),
    ("openai.response.service_tier", ("service_tier",), str),
    ("anthropic.response.service_tier", ("usage", "service_tier"), str),
    *(
        (f"anthropic.usage.cache_creation.{name}", ("usage", "cache_creation", name), int)
        for name in ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
    ),
)
"""Attribute that the official conventions or the provider's own SDK have for it, where it stands in an answer, type."""

_CUT: Final = re.compile(r'\s*\{\s*"id"\s*:\s*"((?:chatcmpl-|resp_|msg_)[^"\\]{1,240})"')
"""An answer that the SDK cut at its length limit still begins with its id."""


def read_answer(text: Value | None) -> dict[str, Value]:
    """Response id, service tier and lifetimes of cache writes, under the names of the conventions; nothing else."""
    answer = parse_object(text)
    return _beginning(text) if answer is None else _facts_of(_answer_in(answer))


def read_answer_with_usage(text: Value | None) -> dict[str, Value]:
    """The same and the counts, for emitters that leave some of those out."""
    parsed = parse_object(text)
    if parsed is None:
        return _beginning(text)
    answer = _answer_in(parsed)
    usage = next((found for name in _USAGES if (found := find(answer, (name,))) is not None), None)
    return read_usage_object(usage) | _facts_of(answer)


def _beginning(text: Value | None) -> dict[str, Value]:
    begins = _CUT.match(text) if type(text) is str else None
    return {RESPONSE_ID: begins[1]} if begins else {}


def _facts_of(answer: Any) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in _facts(answer):
        found.setdefault(name, value)
    return found


def _answer_in(parsed: Any) -> Any:
    """A provider's answer names its model beside its id; a JSON text that a model wrote is no such answer."""
    is_answer = any(type(find(parsed, (name,))) is str for name in _MODELS)
    return parsed if is_answer else find(parsed, _LANGCHAIN)


def _facts(answer: Any) -> Iterator[tuple[str, Value]]:
    for name, path, expected in _FACTS:
        value = find(answer, path)
        fits = type(value) is expected
        if fits:
            yield name, value
