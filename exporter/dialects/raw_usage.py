"""A provider's own usage object, which some emitters pass on as it came, in the terms of the conventions.

Each provider counts in its own way.  What leaves here counts as the conventions do: the input contains what was
cached, the output contains the reasoning.  Sources: specification of telemetry dialects, section 2.1; the usage
objects of OpenAI (chat and responses), Anthropic, Gemini (REST and Python) and Bedrock Converse.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from exporter.dialects.fields import LARGEST_COUNT
from exporter.dialects.json_text import find, whole
from exporter.signals import Value

INPUT, OUTPUT, TOTAL = (f"gen_ai.usage.{name}_tokens" for name in ("input", "output", "total"))
CACHE_READ, CACHE_WRITE, REASONING = (
    f"gen_ai.usage.{name}_tokens" for name in ("cache_read.input", "cache_write.input", "reasoning.output")
)
_LIFETIMES: Final = "anthropic.usage.cache_creation."
WRITE_5M, WRITE_1H = (f"{_LIFETIMES}ephemeral_{lifetime}_input_tokens" for lifetime in ("5m", "1h"))
SPLITS: Final = (CACHE_READ, CACHE_WRITE, WRITE_5M, WRITE_1H, REASONING)
"""What the conventions' two totals leave out."""

_Path = tuple[str, ...]
_IN_DETAILS: Final = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUT_DETAILS: Final = ("completion_tokens_details", "output_tokens_details", "output_token_details")


def _alone(*names: str) -> tuple[_Path, ...]:
    return tuple((name,) for name in names)


def _within(objects: Iterable[str], *names: str) -> tuple[_Path, ...]:
    return tuple((outer, name) for outer in objects for name in names)


_INPUTS: Final = _alone("input_tokens", "prompt_tokens", "inputTokens", "promptTokenCount", "prompt_token_count")
_OUTPUTS: Final = _alone(
    "output_tokens", "completion_tokens", "outputTokens", "candidatesTokenCount", "candidates_token_count"
)
_TOTALS: Final = _alone("total_tokens", "totalTokens", "totalTokenCount", "total_token_count")
_READS_INSIDE: Final = (
    *_within(_IN_DETAILS, "cached_tokens", "cache_read"),
    *_alone("cachedContentTokenCount", "cached_content_token_count"),
)
_WRITES_INSIDE: Final = _within(_IN_DETAILS, "cache_write_tokens", "cache_creation_tokens", "cache_creation")
_READS_BESIDE: Final = _alone("cache_read_input_tokens", "cacheReadInputTokens")
_WRITES_BESIDE: Final = _alone("cache_creation_input_tokens", "cacheWriteInputTokens")
_LIFETIME_5M, _LIFETIME_1H = (
    (
        ("cache_creation", f"ephemeral_{lifetime}_input_tokens"),
        # LiteLLM puts what Anthropic says into OpenAI's details.
        ("prompt_tokens_details", "cache_creation_token_details", f"ephemeral_{lifetime}_input_tokens"),
    )
    for lifetime in ("5m", "1h")
)
_REASONING_INSIDE: Final = _within(_OUT_DETAILS, "reasoning_tokens", "thinking_tokens", "reasoning")
_REASONING_BESIDE: Final = _alone("thoughtsTokenCount", "thoughts_token_count")
_TOOL_PROMPTS: Final = _alone("toolUsePromptTokenCount", "tool_use_prompt_token_count")


def read_usage_object(usage: Any) -> dict[str, Value]:
    """The counts of a usage object under the conventions' names; empty when it has no total of input or output."""
    tokens_in, tokens_out = _count(usage, _INPUTS), _count(usage, _OUTPUTS)
    if tokens_in is None and tokens_out is None:
        return {}
    whole_in = (tokens_in or 0) + (_count(usage, _TOOL_PROMPTS) or 0)
    read, write, beside = _cached(usage)
    reasoning, on_top = _reasoning(usage, whole_in + (tokens_out or 0))
    found = {
        INPUT: None if tokens_in is None else whole_in + beside,
        OUTPUT: None if tokens_out is None else tokens_out + on_top,
        CACHE_READ: read,
        CACHE_WRITE: write,
        WRITE_5M: _count(usage, _LIFETIME_5M),
        WRITE_1H: _count(usage, _LIFETIME_1H),
        REASONING: reasoning,
        TOTAL: _count(usage, _TOTALS),
    }
    return {name: count for name, count in found.items() if count is not None}


def _cached(usage: Any) -> tuple[int | None, int | None, int]:
    """Reads, writes, and how much of them the stated input leaves out, as the keys of Anthropic and Bedrock mean.

    Gateways send these keys beside OpenAI's, whose input contains everything.
    """
    read, write = _count(usage, _READS_INSIDE), _count(usage, _WRITES_INSIDE)
    if read is not None or write is not None:
        return read, write if write is not None else _count(usage, _WRITES_BESIDE), 0
    read, write = _count(usage, _READS_BESIDE), _count(usage, _WRITES_BESIDE)
    return read, write, (read or 0) + (write or 0)


def _reasoning(usage: Any, plain_total: int) -> tuple[int | None, int]:
    """Reasoning, and how much of it the stated output leaves out: Gemini's does, unless its total says otherwise."""
    inside = _count(usage, _REASONING_INSIDE)
    if inside is not None:
        return inside, 0
    beside = _count(usage, _REASONING_BESIDE)
    return beside, beside if beside and _count(usage, _TOTALS) != plain_total else 0


def _count(usage: Any, paths: Iterable[_Path]) -> int | None:
    for path in paths:
        value = whole(find(usage, path))
        if type(value) is int and 0 <= value <= LARGEST_COUNT:
            return value
    return None
