"""Recordings of observability SDKs and gateways."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.expectation import (
    ABORTED_CLAUDE_STREAM,
    STREAM_WITHOUT_USAGE,
    STREAMS_WITHOUT_USAGE,
    Expectation,
)

LANGFUSE, LITELLM, MLFLOW = (frozenset({name}) for name in ("langfuse", "litellm", "mlflow"))
OPENLIT, OPENLLMETRY = (frozenset({name}) for name in ("openlit", "openllmetry"))
LITELLM_LOSSES = (
    "1 absent: of a fallback the emitter reports the failed call and not the one that succeeded",
    f"1 unknown: {STREAM_WITHOUT_USAGE}, reported as 0 tokens at no cost",
)

PLATFORMS: Mapping[str, Expectation] = {
    "js-langfuse-openai": Expectation(
        "@langfuse/openai 5.11.1 (JavaScript), JSON",
        {"exact": 7, "unknown": 2},
        (f"2 unknown: {STREAM_WITHOUT_USAGE}, an embedding",),
        dialects=LANGFUSE,
    ),
    "langfuse-sdk": Expectation(
        "langfuse 5.0.4, with its OpenAI wrapper, its LangChain callback and the Anthropic SDK's own spans",
        {"exact": 20, "unknown": 2},
        (
            f"2 unknown: {STREAMS_WITHOUT_USAGE}",
            "3 calls are reported by the callback and the wrapper inside it, 1 by the user and the SDK inside; once charged",
        ),
        {"exact": 20, "unknown": 2, "extra": 4},
        dialects=LANGFUSE | {"genai"},
    ),
    "litellm-otel-callback": Expectation(
        "callback of litellm 1.109.1", {"exact": 13, "unknown": 1, "absent": 1}, LITELLM_LOSSES, dialects=LITELLM
    ),
    "litellm-otel-callback-metrics": Expectation(
        "the same, with metrics and logs", {"exact": 13, "unknown": 1, "absent": 1}, LITELLM_LOSSES, dialects=LITELLM
    ),
    "mlflow-openai": Expectation(
        "mlflow 3.17.2 (openai.autolog); reasoning and embeddings by the answer in its content",
        {"exact": 14, "unknown": 1, "absent": 1},
        (f"1 unknown: {STREAM_WITHOUT_USAGE}", "1 absent: an aborted stream has no span"),
        dialects=MLFLOW,
    ),
    "openlit-anthropic": Expectation(
        "openlit 1.45.0 with the Anthropic SDK",
        {"exact": 11, "merged": 1, "absent": 1},
        ("1 merged: the emitter does not send the lifetime of cache writes", "1 absent: an aborted stream has no span"),
        dialects=OPENLIT,
    ),
    "openlit-openai": Expectation(
        "openlit 1.45.0 with the OpenAI SDK",
        {"exact": 13, "merged": 1, "partial": 1, "absent": 1},
        (
            "1 merged: of chat completions the emitter sends no reasoning tokens",
            f"1 partial: {STREAM_WITHOUT_USAGE}, whose tokens the emitter guesses; charged as an estimate",
            "1 absent: an aborted stream has no span",
        ),
        dialects=OPENLIT,
    ),
    "openllmetry-anthropic": Expectation(
        "opentelemetry-instrumentation-anthropic 0.62.4 (OpenLLMetry), beside the SDK's own spans",
        {"exact": 12, "partial": 1},
        (
            f"1 partial: {ABORTED_CLAUDE_STREAM}",
            "both tracers report every call, mostly in two traces; the SDK's span, exact on streams, is charged once",
        ),
        {"exact": 12, "partial": 1, "extra": 12},
        dialects=OPENLLMETRY | {"genai"},
    ),
    "openllmetry-bedrock": Expectation(
        "opentelemetry-instrumentation-bedrock 0.62.4 (OpenLLMetry)",
        {"exact": 5, "partial": 1},
        ("1 partial: of invoke_model the emitter sends no cached tokens",),
        dialects=OPENLLMETRY,
        understated=1,
    ),
    "openllmetry-langchain": Expectation(
        "opentelemetry-instrumentation-langchain 0.62.4 (OpenLLMetry), with ChatOpenAI",
        {"exact": 12, "merged": 1, "unknown": 4},
        (
            "1 merged: the emitter sends no reasoning tokens",
            "4 unknown: streams without include_usage, LangChain's default with a base_url",
        ),
        dialects=OPENLLMETRY,
    ),
    "openllmetry-openai": Expectation(
        "opentelemetry-instrumentation-openai 0.62.4 (OpenLLMetry)",
        {"exact": 14, "unknown": 2},
        (f"2 unknown: {STREAMS_WITHOUT_USAGE}",),
        dialects=OPENLLMETRY,
    ),
    "openllmetry-vertexai": Expectation(
        "opentelemetry-instrumentation-vertexai 0.62.4 (OpenLLMetry); thinking, left out of the output, by the total",
        {"exact": 2, "absent": 1},
        ("1 absent: the client failed on the recording server's stream, and the emitter sends no span of it",),
        dialects=OPENLLMETRY,
    ),
    "traceloop-sdk": Expectation(
        "traceloop-sdk 0.62.4, over the Anthropic SDK's own spans",
        {"exact": 6},
        ("both tracers report the call to Claude; the SDK's span, which knows the lifetime of writes, is charged",),
        {"exact": 6, "extra": 1},
        dialects=OPENLLMETRY,
    ),
}
