"""One model call of the fleet: how long, how many tokens, how it fails, and what its span says.

Attribute names are those of the current OpenTelemetry GenAI conventions.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final, NamedTuple

from exporter.demo.planned import Attribute
from exporter.demo.rhythm import SECOND_NS
from exporter.demo.roster import Model
from exporter.usage import Tokens

RATE_LIMITED: Final = "429"
TIMED_OUT: Final = "timeout"

_INPUT: Final = "gen_ai.usage.input_tokens"
_OUTPUT: Final = "gen_ai.usage.output_tokens"
_CACHE_READ: Final = "gen_ai.usage.cache_read.input_tokens"
_CACHE_WRITE: Final = "gen_ai.usage.cache_write.input_tokens"
_REASONING: Final = "gen_ai.usage.reasoning.output_tokens"

_CACHE_MINIMUM: Final = 1_024
"""Shorter prompts are not cached, by Anthropic as by OpenAI."""
_CACHE_BLOCK: Final = 128
_SILENT_STREAMS: Final = 0.04
"""Share of OpenAI streams whose client did not ask for `include_usage`."""
_ID_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ID_FORMS: Final = {"anthropic": ("msg_01", 22), "openai": ("resp_", 48), "gcp.gemini": ("", 22)}


class Outcome(NamedTuple):
    """How a call went.  `tokens` is None when its span reports no usage."""

    duration_ns: int
    tokens: Tokens | None
    error: str = ""
    streamed: bool = False


def prompt_tokens(model: Model, *, context: int, cached: int) -> Tokens:
    """Split a prompt of `context` tokens of which `cached` were sent by the call before."""
    if context < _CACHE_MINIMUM:
        return Tokens(input_uncached=context)
    read = cached if cached >= _CACHE_MINIMUM else 0
    if model.writes_cache:
        written = (context - read) * 9 // 10
        return Tokens(input_uncached=context - read - written, cache_read=read, cache_write_5m=written)
    read -= read % _CACHE_BLOCK
    return Tokens(input_uncached=context - read, cache_read=read)


def answer_tokens(rng: random.Random, model: Model, prompt: Tokens) -> Tokens:
    """The prompt's tokens together with an answer of 30 to some thousand tokens."""
    output = 30 + int(rng.triangular(0, 4_000, 350))
    reasoning = output * rng.randrange(20, 75) // 100 if model.reasons else 0
    return prompt._replace(output_visible=output - reasoning, reasoning=reasoning)


def draw_outcome(rng: random.Random, model: Model, prompt: Tokens, *, retried: bool) -> Outcome:
    """An answer, or one of the ways to fail.  A retry succeeds, so that no session hangs."""
    luck = 1.0 if retried else rng.random()
    if luck < 0.03:
        return Outcome(rng.randrange(60, 400) * SECOND_NS // 1_000, None, RATE_LIMITED)
    tokens = answer_tokens(rng, model, prompt)
    if luck < 0.04:
        cut = tokens._replace(output_visible=tokens.output_visible // 3, reasoning=0)
        return Outcome(30 * SECOND_NS, cut, TIMED_OUT, streamed=True)
    duration = 400 * SECOND_NS // 1_000 + tokens.output_total * rng.randrange(6, 18) * SECOND_NS // 1_000
    streamed = rng.random() < 0.5
    silent = streamed and model.provider == "openai" and rng.random() < _SILENT_STREAMS
    return Outcome(duration, None if silent else tokens, streamed=streamed)


def embedding_outcome(rng: random.Random) -> Outcome:
    return Outcome(rng.randrange(40, 300) * SECOND_NS // 1_000, Tokens(input_uncached=rng.randrange(200, 9_000)))


def response_id(rng: random.Random, provider: str) -> str:
    prefix, length = _ID_FORMS.get(provider, ("chatcmpl-", 32))
    return prefix + "".join(rng.choices(_ID_ALPHABET, k=length))


def describe_request(model: Model, operation: str, outcome: Outcome) -> dict[str, Attribute]:
    """The attributes that every model call carries, whether it succeeded or not."""
    attributes: dict[str, Attribute] = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": model.provider,
        "gen_ai.request.model": model.name,
        "server.address": model.server,
        "server.port": 443,
    }
    if outcome.streamed:
        attributes["gen_ai.request.stream"] = True
    if outcome.error:
        attributes["error.type"] = outcome.error
    return attributes


def describe_response(rng: random.Random, model: Model, operation: str, outcome: Outcome) -> dict[str, Attribute]:
    """What only an answered call knows; empty after a failure."""
    if outcome.error:
        return {}
    attributes: dict[str, Attribute] = {"gen_ai.response.model": model.answered_as}
    if operation == "chat":
        attributes["gen_ai.response.id"] = response_id(rng, model.provider)
        attributes["gen_ai.response.finish_reasons"] = ("stop",)
        if model.provider == "openai":
            attributes |= {"openai.api.type": "responses", "openai.response.service_tier": "default"}
    return attributes


def describe_usage(tokens: Tokens | None) -> dict[str, Attribute]:
    """Usage as the conventions count it: totals, with cache and reasoning as subsets of them."""
    if tokens is None:
        return {}
    subsets = {_CACHE_READ: tokens.cache_read, _CACHE_WRITE: tokens.cache_write_5m, _REASONING: tokens.reasoning}
    output = {_OUTPUT: tokens.output_total} if tokens.output_total else {}
    return {_INPUT: tokens.input_total, **output, **{name: count for name, count in subsets.items() if count}}


def read_usage(attributes: Mapping[str, object]) -> Tokens | None:
    """The inverse of `describe_usage`."""
    if _INPUT not in attributes:
        return None

    def count(name: str) -> int:
        value = attributes.get(name, 0)
        return value if isinstance(value, int) else 0

    read, write, reasoning = count(_CACHE_READ), count(_CACHE_WRITE), count(_REASONING)
    return Tokens(
        input_uncached=count(_INPUT) - read - write,
        cache_read=read,
        cache_write_5m=write,
        output_visible=count(_OUTPUT) - reasoning,
        reasoning=reasoning,
    )
