"""Who sells a model, under the spelling of the conventions and under the one of the price book.

Telemetry names providers in many ways (`gcp.gemini`, `google`, `gemini`, `openai.chat`); usage is stored as
the OpenTelemetry conventions spell them, the price library has spellings of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

_CONVENTION_TO_BOOK: Final = MappingProxyType(
    {
        "anthropic": "anthropic",
        "aws.bedrock": "aws",
        "azure.ai.inference": "azure",
        "azure.ai.openai": "azure",
        "cohere": "cohere",
        "deepseek": "deepseek",
        "gcp.gemini": "google",
        "gcp.gen_ai": "google",
        "gcp.vertex_ai": "google",
        "groq": "groq",
        "mistral_ai": "mistral",
        "moonshot_ai": "moonshotai",
        "openai": "openai",
        "perplexity": "perplexity",
        "x_ai": "x-ai",
    }
)
_SPELLINGS: Final = MappingProxyType(
    {
        "amazon": "aws.bedrock",
        "amazon_bedrock": "aws.bedrock",
        "aws": "aws.bedrock",
        "aws_bedrock": "aws.bedrock",
        "azure": "azure.ai.openai",
        "azure_ai": "azure.ai.inference",
        "azure_openai": "azure.ai.openai",
        "bedrock": "aws.bedrock",
        "bedrock_converse": "aws.bedrock",
        "claude": "anthropic",
        "copilot": "github-copilot",
        "deep_seek": "deepseek",
        "fireworks_ai": "fireworks",
        "gcp.vertex.agent": "gcp.vertex_ai",
        "gemini": "gcp.gemini",
        "github_copilot": "github-copilot",
        "google": "gcp.gemini",
        "google_ai": "gcp.gemini",
        "google_genai": "gcp.gemini",
        "google_vertex": "gcp.vertex_ai",
        "google_vertexai": "gcp.vertex_ai",
        "grok": "x_ai",
        "mistral": "mistral_ai",
        "mistralai": "mistral_ai",
        "moonshot": "moonshot_ai",
        "moonshotai": "moonshot_ai",
        "open_ai": "openai",
        "together_ai": "together",
        "vertex": "gcp.vertex_ai",
        "vertex_ai": "gcp.vertex_ai",
        "vertexai": "gcp.vertex_ai",
        "voyage": "voyageai",
        "voyage_ai": "voyageai",
        "x.ai": "x_ai",
        "xai": "x_ai",
    }
)
"""Lower case, `-` and blanks written as `_`."""
_NOBODY: Final = frozenset(
    {
        "", "_other", "ag2", "agent_framework", "agno", "autogen", "crewai", "custom", "haystack", "langchain",
        "langgraph", "litellm", "llama_index", "microsoft.agent_framework",
        "other", "semantic_kernel", "smolagents", "strands_agents", "unknown",
    }
)  # fmt: skip
"""Frameworks and placeholders that stand where a provider belongs; then the model says who sells it."""
_ENDPOINT_SUFFIXES: Final = (".chat", ".responses", ".messages", ".completion", ".embedding", ".embeddings")
"""Vercel's SDK appends the kind of endpoint: `openai.responses`."""
_BOOK_TO_CONVENTION: Final[Mapping[str, str]] = MappingProxyType(
    {book: name for name, book in _CONVENTION_TO_BOOK.items()} | {"google": "gcp.gemini", "azure": "azure.ai.openai"}
)


class Provider(NamedTuple):
    """A seller: `name` as stored and labelled, `book` as the price library calls it (also when it has none)."""

    name: str
    book: str

    @property
    def known(self) -> bool:
        return bool(self.name)


NOBODY: Final = Provider("", "")


def find_provider(spelling: str) -> Provider:
    """The seller behind any spelling; NOBODY for an empty one, a placeholder or the name of a framework."""
    text = spelling.strip().lower()
    key = text.replace("-", "_").replace(" ", "_")
    for suffix in _ENDPOINT_SUFFIXES:
        key = key.removesuffix(suffix)
    if key in _NOBODY:
        return NOBODY
    name = _SPELLINGS.get(key, key)
    book = _CONVENTION_TO_BOOK.get(name)
    if book is not None:
        return Provider(name, book)
    own = name if name != key else text
    return Provider(own, own)


def convention_name(book: str) -> str:
    """How usage rows and labels spell a provider of the price library."""
    return _BOOK_TO_CONVENTION.get(book, book)


def row_key(provider: str) -> str:
    """The key under which a price row of that provider is filed.

    It is its own spelling when the book uses that, else the stored one.  A row for `google` holds for
    every Google endpoint, one for `gcp.vertex_ai` for Vertex only.
    """
    text = provider.strip().lower()
    return text if text in _BOOK_TO_CONVENTION else find_provider(text).name
