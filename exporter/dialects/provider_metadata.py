"""What billing needs out of `ai.response.providerMetadata`, where Vercel's AI SDK keeps what a provider says beyond
its own counts: cached input that older versions leave out, lifetimes of cache writes, the tier, a gateway's price.

The JSON text is one object for each provider, whose names are the SDK's and whose contents are the providers' own.
Sources: @ai-sdk/anthropic, -amazon-bedrock, -google, -openai, -deepseek and -gateway for AI SDK 4 to 7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from exporter.dialects.json_text import parse_object, whole
from exporter.signals import Value

UNCACHED: Final = "ai.usage.inputTokenDetails.noCacheTokens"
_READ, _WRITE = "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.inputTokenDetails.cacheWriteTokens"
_REASONING, _TOTAL = "ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.totalTokens"
_LIFETIME: Final = "anthropic.usage.cache_creation.ephemeral_"
_NUMBERS: Final = (
    # Anthropic: the answer's own usage, which leaves cached tokens out of its input.
    (UNCACHED, ("usage", "input_tokens")),
    (_READ, ("usage", "cache_read_input_tokens")),
    (_WRITE, ("usage", "cache_creation_input_tokens")),
    (_WRITE, ("cacheCreationInputTokens",)),
    (f"{_LIFETIME}5m_input_tokens", ("usage", "cache_creation", "ephemeral_5m_input_tokens")),
    (f"{_LIFETIME}1h_input_tokens", ("usage", "cache_creation", "ephemeral_1h_input_tokens")),
    # Bedrock.
    (_READ, ("usage", "cacheReadInputTokens")),
    (_WRITE, ("usage", "cacheWriteInputTokens")),
    # Google: its total tells thoughts beside the output from thoughts inside.
    (_READ, ("usageMetadata", "cachedContentTokenCount")),
    (_REASONING, ("usageMetadata", "thoughtsTokenCount")),
    (_TOTAL, ("usageMetadata", "totalTokenCount")),
    # OpenAI, as AI SDK 4 passes it on.
    (_READ, ("cachedPromptTokens",)),
    (_REASONING, ("reasoningTokens",)),
    (_READ, ("promptCacheHitTokens",)),
    # OpenRouter.
    (_READ, ("usage", "promptTokensDetails", "cachedTokens")),
    (_REASONING, ("usage", "completionTokensDetails", "reasoningTokens")),
)
_TEXTS: Final = (
    ("openai.response.service_tier", ("serviceTier",)),
    ("anthropic.response.service_tier", ("usage", "service_tier")),
)
COST: Final = "gen_ai.usage.cost"
_PRICES: Final = {"gateway": ("cost",), "openrouter": ("usage", "cost")}
"""Who of them states in USD what a call cost."""


def read_metadata(text: Value | None) -> dict[str, Value]:
    """Counts, tier and price, under the names of the SDK and the conventions; nothing else."""
    found: dict[str, Value] = {}
    for provider, said in (parse_object(text) or {}).items():
        for name, value in _facts(provider, said):
            found.setdefault(name, value)
    return found


def _facts(provider: str, said: Any) -> Iterator[tuple[str, Value]]:
    for name, path in _NUMBERS:
        number = whole(_at(said, path))
        # A provider that has nothing to say of its cache says 0, and another name may say more.
        if type(number) is int and (number or name == UNCACHED):
            yield name, number
    for name, path in _TEXTS:
        text = _at(said, path)
        if type(text) is str:
            yield name, text
    cost: Any = _at(said, _PRICES[provider]) if provider in _PRICES else None
    if type(cost) in (str, int, float):
        yield COST, cost


def _at(node: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        node = node.get(step) if isinstance(node, Mapping) else None
    return node
