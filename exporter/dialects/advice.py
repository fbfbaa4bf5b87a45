"""What to switch on at a sender whose calls report no usage, as data.

Shown by recorded telemetry, or read in the senders' documentation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple


class Advice(NamedTuple):
    """One thing that can be done about usage that is missing."""

    code: str
    """As the label `advice` shows it."""
    text: str
    """What to switch on, short enough for a cell of a table."""


STREAMS: Final = Advice("stream_usage", "stream_options={'include_usage': True}; LangChain: stream_usage=True")
MODEL_SDK: Final = Advice("instrument_sdk", "Trace the model SDK too: this traces agents and not their calls")
LITELLM: Final = Advice(
    "litellm_stream_usage", "stream_options={'include_usage': True}; proxy: always_include_stream_usage"
)
HAYSTACK: Final = Advice("content_tracing", "HAYSTACK_CONTENT_TRACING_ENABLED=true")
OTHER_TRACER: Final = Advice("other_tracer", "OpenTelemetry's own instrumentation: this drops the usage of streams")
EMBEDDINGS: Final = Advice("embeddings", "Nothing for Gemini's embeddings; else read streams to their end")
GENERAL: Final = Advice("general", "Usage in streams, content tracing, an update, or trace the model SDK")
ADVICE: Final = (STREAMS, MODEL_SDK, LITELLM, HAYSTACK, OTHER_TRACER, EMBEDDINGS, GENERAL)

BY_SCOPE: Final = {
    "@arizeai/openinference-instrumentation-openai": OTHER_TRACER,
    "autogen": MODEL_SDK,
    "autogen SingleThreadedAgentRuntime": MODEL_SDK,
    "autogen-core": MODEL_SDK,
    "exporter.demo": STREAMS,
    "gcp.vertex.agent": STREAMS,
    "haystack": HAYSTACK,
    "langfuse-sdk": STREAMS,
    "langsmith": STREAMS,
    "litellm": LITELLM,
    "mlflow": OTHER_TRACER,
    "openinference.instrumentation": STREAMS,
    "openinference.instrumentation.agno": MODEL_SDK,
    "openinference.instrumentation.crewai": MODEL_SDK,
    "openinference.instrumentation.dspy": MODEL_SDK,
    "openinference.instrumentation.google_genai": EMBEDDINGS,
    "openinference.instrumentation.litellm": LITELLM,
    "openlit": STREAMS,
    "opentelemetry.instrumentation.crewai": MODEL_SDK,
    "opentelemetry.instrumentation.genai": STREAMS,
    "opentelemetry.instrumentation.genai.agno": MODEL_SDK,
    "opentelemetry.instrumentation.genai.crewai": MODEL_SDK,
    "opentelemetry.instrumentation.genai.llama_index": MODEL_SDK,
    "opentelemetry.instrumentation.genai.openai_agents": MODEL_SDK,
    "opentelemetry.instrumentation.google_genai": EMBEDDINGS,
    "opentelemetry.instrumentation.langchain": STREAMS,
    "opentelemetry.instrumentation.openai": STREAMS,
    "opentelemetry.instrumentation.openai_agents": MODEL_SDK,
    "opentelemetry.instrumentation.openai_v2": STREAMS,
    "semantic_kernel": STREAMS,
}
"""By instrumentation scope, or the beginning of one up to a dot or slash; the longest counts."""


@lru_cache(maxsize=1024)
def advice_for(scope: str) -> Advice:
    """What to do about a scope's calls without usage."""
    fitting = [name for name in BY_SCOPE if scope == name or scope.startswith((f"{name}.", f"{name}/"))]
    return BY_SCOPE[max(fitting, key=len)] if fitting else GENERAL
