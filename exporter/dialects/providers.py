"""Who answered: provider names as the conventions spell them, out of what emitters send.

A framework is no provider and a reseller is a gateway; then the server's address or the model's name tells who
computed.  Source: specification of telemetry dialects, sections 1.4 and 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

_OPENAI, _AZURE, _FOUNDRY = "openai", "azure.ai.openai", "azure.ai.inference"
_ANTHROPIC, _BEDROCK = "anthropic", "aws.bedrock"
_GEMINI, _VERTEX, _GOOGLE = "gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai"
_MISTRAL, _MOONSHOT, _XAI, _WATSONX = "mistral_ai", "moonshot_ai", "x_ai", "ibm.watsonx.ai"

SPELLINGS: Final = {
    _OPENAI: ("openai", "openai-native"),
    _AZURE: ("azure", "azure.ai.openai", "azure.openai", "azure_openai", "azure-openai", "azureopenai", "az.ai.openai"),
    _FOUNDRY: ("azure.ai.inference", "az.ai.inference", "azure_ai", "azure-ai", "azure.ai", "foundry"),
    _ANTHROPIC: ("anthropic", "firstparty"),
    _BEDROCK: ("aws.bedrock", "aws", "bedrock", "aws_bedrock", "aws-bedrock", "amazon-bedrock", "amazon_bedrock"),
    _GEMINI: ("gcp.gemini", "gemini", "google", "google_genai", "google-genai", "google.generative-ai", "google_ai"),
    _VERTEX: ("gcp.vertex_ai", "vertex_ai", "vertexai", "vertex", "google_vertexai", "google-vertex", "google.vertex"),
    _GOOGLE: ("gcp.gen_ai", "gcp"),
    _MISTRAL: ("mistral_ai", "mistral", "mistralai", "mistral-ai"),
    _MOONSHOT: ("moonshot_ai", "moonshot", "moonshotai"),
    _XAI: ("x_ai", "xai", "x-ai", "x.ai"),
    _WATSONX: ("ibm.watsonx.ai", "watsonx", "watsonx.ai", "ibm"),
    "cohere": ("cohere",),
    "deepseek": ("deepseek",),
    "groq": ("groq",),
    "perplexity": ("perplexity",),
}
"""Canonical name → how it is written, in lower case."""

FRAMEWORKS: Final = frozenset(
    {
        *(
            "langchain",
            "langgraph",
            "crewai",
            "strands-agents",
            "strands",
            "autogen",
            "ag2",
            "gcp.vertex.agent",
            "agno",
        ),
        *("llama_index", "llamaindex", "haystack", "pydantic_ai", "pydantic-ai", "openai_agents", "openai-agents"),
        *("claude_agent_sdk", "claude-agent-sdk", "microsoft.agent_framework", "agent_framework", "semantic_kernel"),
        *("dspy", "smolagents", "mastra", "vercel", "unknown", "_other"),
    }
)
"""Values of the provider attribute that name the program that asked, not who answered."""

GATEWAYS: Final = frozenset({"github", "openrouter", "gateway", "litellm", "cline"})
"""Resellers and proxies."""

_CANONICAL: Final = {spelling: name for name, spellings in SPELLINGS.items() for spelling in spellings}

_INTERFACES: Final = frozenset(
    ("chat", "responses", "completion", "messages", "embedding", "image", "speech", "transcription", "reranking")
)
"""What Vercel's SDK writes behind a dot, after the name that the provider has in the program: openai.responses."""

_SELLERS: Final = frozenset(
    {
        *("alibaba", "baseten", "cerebras", "deepinfra", "fireworks", "huggingface", "novita", "nvidia", "replicate"),
        *("sambanova", "siliconflow", "together", "togetherai", "zai", "zhipu"),
        *("llamacpp", "llamafile", "lmstudio", "localai", "ollama", "sglang", "vllm"),
    }
)
"""Who computes what others made, or lets one compute it at home: their name says more than the model's."""

_CLOUDS: Final = frozenset({"aws", "azure", "gcp", "ibm"})
"""What follows their name and a dot is another service, not another interface."""

# A cloud that sells somebody else's model is the one that sends the bill.
_COMPOUND: Final = {
    "aws.anthropic": (_ANTHROPIC, _BEDROCK),
    "gcp.anthropic": (_ANTHROPIC, _VERTEX),
}

_HOSTS: Final = (
    ("openai.azure.com", _AZURE),
    ("services.ai.azure.com", _FOUNDRY),
    ("api.openai.com", _OPENAI),
    ("anthropic.com", _ANTHROPIC),
    ("aiplatform.googleapis.com", _VERTEX),
    ("generativelanguage.googleapis.com", _GEMINI),
    ("api.x.ai", _XAI),
    ("groq.com", "groq"),
    ("mistral.ai", _MISTRAL),
    ("deepseek.com", "deepseek"),
    ("cohere.com", "cohere"),
    ("cohere.ai", "cohere"),
    ("perplexity.ai", "perplexity"),
    ("moonshot.ai", _MOONSHOT),
    ("moonshot.cn", _MOONSHOT),
    ("openrouter.ai", "openrouter"),
    ("githubcopilot.com", "github"),
    ("models.github.ai", "github"),
)

_BEDROCK_VENDORS: Final = ("anthropic.", "amazon.", "meta.", "ai21.", "cohere.", "mistral.", "deepseek.", "openai.")
_BEDROCK_REGIONS: Final = ("us.", "eu.", "apac.", "au.", "jp.", "ca.", "us-gov.", "global.")

_MODELS: Final = (
    ("claude", _ANTHROPIC),
    ("gpt-", _OPENAI),
    ("chatgpt", _OPENAI),
    ("o1", _OPENAI),
    ("o3", _OPENAI),
    ("o4", _OPENAI),
    ("text-embedding-3", _OPENAI),
    ("text-embedding-ada", _OPENAI),
    ("dall-e", _OPENAI),
    ("whisper", _OPENAI),
    ("gemini", _GEMINI),
    ("grok", _XAI),
    ("command", "cohere"),
    ("embed-english", "cohere"),
    ("embed-multilingual", "cohere"),
    ("mistral", _MISTRAL),
    ("ministral", _MISTRAL),
    ("magistral", _MISTRAL),
    ("codestral", _MISTRAL),
    ("devstral", _MISTRAL),
    ("pixtral", _MISTRAL),
    ("deepseek", "deepseek"),
    ("kimi", _MOONSHOT),
    ("moonshot", _MOONSHOT),
    ("sonar", "perplexity"),
)


class Source(NamedTuple):
    """Who answered, and with what."""

    provider: str
    """As the conventions spell it, as sent when they do not know it, empty when nothing tells."""
    gateway: str
    request_model: str
    response_model: str


def identify(stated: Iterable[str], address: str, request_model: str, response_model: str) -> Source:
    """From the provider as stated under several names, the server's address and the two models; empty is unknown."""
    provider, gateway = _stated(stated)
    if not provider:
        hosted = provider_of_address(address)
        if hosted in GATEWAYS:
            gateway, hosted = gateway or hosted, ""
        provider = hosted or provider_of_model(request_model) or provider_of_model(response_model)
        if not provider and gateway not in GATEWAYS:
            # A name that a program chose is all that there is.
            provider, gateway = gateway, ""
    return Source(provider, gateway, request_model, response_model)


def normalise(stated: str) -> tuple[str, str]:
    """(provider, gateway) of a stated value; ("", "") when it names a framework or nothing."""
    name = stated.lower()
    if name in FRAMEWORKS:
        return "", ""
    if name in GATEWAYS:
        return "", name
    if name in _COMPOUND:
        return _COMPOUND[name]
    known = _CANONICAL.get(name)
    if known:
        return known, ""
    named, _, interface = name.rpartition(".")
    if interface in _INTERFACES:
        return _behind_interface(named, stated)
    maker, plugin = name.partition(".")[0], name.split("/")
    if plugin[0] == "langgenius" and len(plugin) > 1:
        # Dify's: langgenius/openai/openai.
        return normalise(plugin[1])
    return (_CANONICAL.get(maker) if maker not in _CLOUDS else None) or stated, ""


def _behind_interface(named: str, stated: str) -> tuple[str, str]:
    """A name that a program gave its provider: one that nobody knows is of a proxy, of which the model tells more."""
    if named in _SELLERS:
        return named, ""
    provider, gateway = normalise(named)
    is_known = gateway or provider != named or provider in SPELLINGS
    return (provider, gateway) if is_known else ("", stated[: len(named)])


def provider_of_address(address: str) -> str:
    """The provider or gateway behind a host name or URL, or empty."""
    host = address.lower().partition("://")[2] or address.lower()
    host = host.partition("/")[0].partition(":")[0]
    if host.startswith("bedrock") and host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return _BEDROCK
    # Regional endpoints of Vertex AI carry the region before the name, joined by a hyphen.
    return next((name for end, name in _HOSTS if host == end or host.endswith((f".{end}", f"-{end}"))), "")


def provider_of_model(model: str) -> str:
    """The provider whose names begin like this one, or empty."""
    name = model.lower()
    vendor, slash, rest = name.partition("/")
    if slash and vendor in _CANONICAL:
        return _CANONICAL[vendor]
    if slash and vendor in ("models", "publishers"):
        name = rest.rpartition("/")[2]
    bare = next((name[len(region) :] for region in _BEDROCK_REGIONS if name.startswith(region)), name)
    if bare.startswith(_BEDROCK_VENDORS) or name.startswith("arn:aws"):
        return _BEDROCK
    return next((provider for beginning, provider in _MODELS if name.startswith(beginning)), "")


def bare_model(model: str, provider: str) -> str:
    """The model's own name, where LiteLLM and its like write the provider of the call before it.

    Another vendor before the slash belongs to the name: Groq sells `openai/gpt-oss-120b` under that name.
    """
    vendor, slash, name = model.partition("/")
    return name if slash and name and _CANONICAL.get(vendor.lower()) == provider else model


def _stated(names: Iterable[str]) -> tuple[str, str]:
    gateway = ""
    for name in names:
        provider, through = normalise(name)
        gateway = gateway or through
        if provider:
            return provider, gateway
    return "", gateway
