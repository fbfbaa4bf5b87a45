"""What becomes of the true calls of each recording, and why where it is not all of them, exactly.

Everything that an emitter sends must be counted right, so each entry here is a loss of the emitter, or two
tracers that report one call.
"""

from __future__ import annotations

from collections.abc import Mapping

from conformance.expectation import (
    ABORTED_CLAUDE_STREAM,
    STREAM_WITHOUT_USAGE,
    STREAMS_WITHOUT_USAGE,
    Expectation,
)
from conformance.platforms import PLATFORMS

OPENAI_V2 = (
    "3 merged: the emitter sends neither cached nor reasoning tokens",
    "2 absent: it does not trace the Responses API",
    f"2 unknown: {STREAMS_WITHOUT_USAGE}",
)
GOOGLE = (
    "1 absent: automatic function calling makes two calls, and the emitter reports the last one only",
    "1 unknown: the embedding interface reports no usage",
)

OPENINFERENCE = "openinference-instrumentation-"
OWN = frozenset({"openinference"})
BOTH = frozenset({"openinference", "genai"})

PYDANTIC_AI = frozenset({"pydantic_ai"})
PYDANTIC_AI_1 = (
    "1 merged: no lifetimes of cache writes (version 2 sends that of long-lived ones)",
    "1 absent: a stream of Anthropic that it retried by itself has no span",
    "agents repeat what their calls carry, and a sub-agent with shared usage what the agent above it has had so far",
)
VERCEL = frozenset({"vercel"})
VERCEL_ROOTS = "outer spans (ai.generateText and others) repeat or add up the calls below them, which are charged"

CLAUDE_CODE = frozenset({"claude_code"})
CLAUDE_SIGNALS = (
    "spans and metrics repeat the log records, which are charged; they alone tell lifetimes of cache writes",
    "failed tries before a success are in no signal",
)

EXPECTATIONS: Mapping[str, Expectation] = {
    **PLATFORMS,
    "ag2-0.14": Expectation(
        "AG2 0.14.0",
        {"exact": 4, "merged": 3},
        (
            "3 merged: the emitter sends neither cached nor reasoning tokens",
            "the span of a conversation repeats tokens and cost of the calls in it",
        ),
        {"exact": 4, "merged": 3, "extra": 2},
        dialects=frozenset({"ag2"}),
    ),
    "anthropic-sdk-native": Expectation(
        "spans of the Anthropic SDK itself, 2.11.0",
        {"exact": 12, "partial": 1},
        (f"1 partial: {ABORTED_CLAUDE_STREAM}",),
    ),
    "autogen-agentchat": Expectation(
        "AutoGen AgentChat 0.7.5, its own spans",
        {"absent": 6},
        ("6 absent: agent, tool and message spans only, without usage",),
    ),
    "claude-agent-sdk-python": Expectation(
        "claude-agent-sdk 0.2.186, which runs Claude Code 2.1.329",
        {"exact": 6},
        CLAUDE_SIGNALS,
        {"exact": 4, "merged": 2},
        dialects=CLAUDE_CODE,
    ),
    "claude-code-2.1.329-cumulative-metrics-only": Expectation(
        "Claude Code 2.1.329, metrics alone, with cumulative temporality",
        {"exact": 4, "summed": 6},
        (
            "6 summed: what a session used of a model, for itself and in its sub-agents, is one count each",
            "lifetimes of cache writes, which the metrics leave out, follow from the cost among them",
        ),
        {"absent": 10},
        dialects=CLAUDE_CODE,
    ),
    "claude-code-2.1.329-protobuf": Expectation(
        "Claude Code 2.1.329",
        {"exact": 10},
        CLAUDE_SIGNALS,
        {"exact": 8, "merged": 2},
        dialects=CLAUDE_CODE,
    ),
    "codex-cli-binary": Expectation(
        "Codex CLI 0.169.0",
        {"exact": 10},
        (
            "spans and metrics repeat the log records, which are charged; the spans of calls name no model",
            "a turn's span adds up the calls in it",
        ),
        {"exact": 10, "extra": 7},
        dialects=frozenset({"codex"}),
    ),
    "copilot-cli": Expectation(
        "GitHub Copilot CLI 1.0.102",
        {"exact": 7},
        ("its agent spans repeat the calls below them, which are charged",),
        {"exact": 7, "extra": 5},
        dialects=frozenset({"copilot"}),
    ),
    "gemini-cli": Expectation(
        "Gemini CLI 0.61; JSON",
        {"exact": 4},
        (
            "spans, metrics and the conventions' events repeat its log records, which are charged; spans leave out thoughts",
        ),
        {"exact": 1, "partial": 3},
        dialects=frozenset({"gemini_cli"}),
        understated=3,
    ),
    "google-adk-2.13": Expectation(
        "Google ADK 2.13.0, its own spans", {"exact": 11}, dialects=frozenset({"google_adk"})
    ),
    "haystack-native": Expectation(
        "Haystack 2.31.0, its own spans with content",
        {"exact": 5, "unknown": 1},
        (f"1 unknown: {STREAM_WITHOUT_USAGE}", "usage stands in the JSON of what a component puts out"),
        dialects=frozenset({"haystack"}),
    ),
    "js-oi-openai": Expectation(
        "@arizeai/openinference-instrumentation-openai 4.2.7 and -anthropic 0.2.8, over the SDK's own spans; JSON",
        {"exact": 8, "unknown": 3},
        (
            f"3 unknown: {STREAM_WITHOUT_USAGE}, one with it (the emitter drops the usage), an embedding",
            "the Anthropic SDK reports its calls as well; its span, a child, is charged once",
        ),
        {"exact": 8, "unknown": 3, "extra": 2},
        dialects=BOTH,
    ),
    "logfire": Expectation(
        "Logfire 5.2.0 with OpenAI, Anthropic and pydantic-ai",
        {"exact": 9, "unknown": 1},
        (
            f"1 unknown: {STREAM_WITHOUT_USAGE}",
            "a stream has its usage on a second span; of Anthropic's the SDK's own span is charged instead",
        ),
        {"exact": 9, "unknown": 1, "extra": 1},
        dialects=frozenset({"logfire", "pydantic_ai", "genai"}),
    ),
    "opencode": Expectation(
        "opencode 1.18.33, with a short export interval; JSON",
        {"exact": 11},
        (VERCEL_ROOTS,),
        {"exact": 11, "extra": 11},
        dialects=VERCEL,
    ),
    "opencode-default-flush": Expectation(
        "opencode 1.18.33 as it is; JSON",
        {"exact": 2, "absent": 3},
        (
            "3 absent: the program exits before its last spans are sent, and no other signal has their usage",
            VERCEL_ROOTS,
        ),
        {"exact": 2, "absent": 3, "extra": 2},
        dialects=VERCEL,
    ),
    "openinference-anthropic": Expectation(
        f"{OPENINFERENCE}anthropic 3.1.0, over the SDK's own spans",
        {"exact": 12, "partial": 1},
        (
            f"1 partial: {ABORTED_CLAUDE_STREAM}",
            "both tracers report every call, a stream in two traces; its id inside the content joins the reports",
        ),
        {"exact": 12, "partial": 1, "extra": 13},
        dialects=BOTH,
    ),
    "openinference-crewai": Expectation(f"{OPENINFERENCE}crewai 1.1.21 and -openai 0.1.66", {"exact": 7}, dialects=OWN),
    "openinference-crewai-only": Expectation(
        f"{OPENINFERENCE}crewai 1.1.21 alone",
        {"absent": 7},
        ("7 absent: agent, chain and tool spans only, without usage",),
        dialects=OWN,
    ),
    "openinference-dspy": Expectation(
        f"{OPENINFERENCE}dspy 0.1.48 alone",
        {"unknown": 6},
        ("6 unknown: its model calls carry no usage",),
        dialects=OWN,
    ),
    "openinference-dspy-plus-litellm": Expectation(
        f"{OPENINFERENCE}dspy 0.1.48 and -litellm 0.1.51", {"exact": 6}, dialects=OWN
    ),
    "openinference-google-genai": Expectation(
        f"{OPENINFERENCE}google-genai 1.4.14",
        {"exact": 7, "unknown": 1, "absent": 1},
        GOOGLE,
        dialects=OWN,
    ),
    "openinference-haystack": Expectation(
        f"{OPENINFERENCE}haystack 0.1.46",
        {"exact": 1, "merged": 4, "unknown": 1},
        ("4 merged: the emitter sends neither cached nor reasoning tokens", f"1 unknown: {STREAM_WITHOUT_USAGE}"),
        dialects=OWN,
    ),
    "openinference-langchain-openai": Expectation(
        f"{OPENINFERENCE}langchain 0.1.80, with ChatOpenAI",
        {"exact": 13, "unknown": 4},
        ("4 unknown: streams without include_usage, LangChain's default with a base_url",),
        dialects=OWN,
    ),
    "openinference-llama-index": Expectation(
        f"{OPENINFERENCE}llama-index 4.6.1",
        {"exact": 9, "unknown": 3},
        ("3 unknown: streams without include_usage, the default of its FunctionAgent",),
        dialects=OWN,
    ),
    "openinference-openai": Expectation(
        f"{OPENINFERENCE}openai 0.1.66",
        {"exact": 14, "unknown": 2},
        (f"2 unknown: {STREAMS_WITHOUT_USAGE}",),
        dialects=OWN,
    ),
    "openinference-openai-agents": Expectation(
        f"{OPENINFERENCE}openai-agents 2.6.0",
        {"exact": 11, "merged": 1, "unknown": 1},
        (
            "1 merged: of a chat completions model the emitter sends no cached tokens",
            f"1 unknown: {STREAM_WITHOUT_USAGE}",
        ),
        dialects=OWN,
    ),
    "otel-genai-agno": Expectation(
        "opentelemetry-instrumentation-genai-agno 1.3b0",
        {"exact": 3, "absent": 7},
        ("7 absent: agent and tool spans carry no usage; the 3 others come from the Anthropic SDK itself",),
    ),
    "otel-genai-anthropic": Expectation(
        "opentelemetry-instrumentation-genai-anthropic 1.3b0, over the SDK's own spans",
        {"exact": 12, "partial": 1},
        (
            f"1 partial: {ABORTED_CLAUDE_STREAM}",
            "both tracers report every call; the SDK's span, a child with the 5m/1h split, is charged once",
        ),
        {"exact": 12, "partial": 1, "extra": 13},
    ),
    "otel-genai-bedrock": Expectation("opentelemetry-instrumentation-genai-bedrock 1.3b0", {"exact": 6}),
    "otel-genai-llama-index": Expectation(
        "opentelemetry-instrumentation-genai-llama-index 1.3b0",
        {"absent": 12},
        ("12 absent: agent, workflow and tool spans only, without usage",),
    ),
    "otel-genai-openai-agents": Expectation(
        "opentelemetry-instrumentation-genai-openai-agents 1.3b0",
        {"absent": 13},
        ("13 absent: agent, workflow and tool spans only, without usage",),
    ),
    "otel-genai-openai-agents-plus-openai": Expectation(
        "the same with opentelemetry-instrumentation-genai-openai 1.3b0",
        {"exact": 12, "unknown": 1},
        (f"1 unknown: {STREAM_WITHOUT_USAGE}",),
    ),
    "otel-genai-openai-default": Expectation(
        "opentelemetry-instrumentation-genai-openai 1.3b0",
        {"exact": 14, "unknown": 2},
        (f"2 unknown: {STREAMS_WITHOUT_USAGE}",),
    ),
    "otel-genai-openai-experimental": Expectation(
        "the same, opted in to the latest conventions and with content",
        {"exact": 14, "unknown": 2},
        (f"2 unknown: {STREAMS_WITHOUT_USAGE}",),
    ),
    "otel-google-genai-default": Expectation(
        "opentelemetry-instrumentation-google-genai 1.3b0", {"exact": 7, "unknown": 1, "absent": 1}, GOOGLE
    ),
    "otel-google-genai-experimental": Expectation(
        "the same, opted in to the latest conventions", {"exact": 7, "unknown": 1, "absent": 1}, GOOGLE
    ),
    "otel-openai-v2-default": Expectation(
        "opentelemetry-instrumentation-openai-v2 2.4b0",
        {"exact": 9, "merged": 3, "unknown": 2, "absent": 2},
        OPENAI_V2,
    ),
    "otel-openai-v2-experimental": Expectation(
        "the same, opted in to the latest conventions",
        {"exact": 9, "merged": 3, "unknown": 2, "absent": 2},
        OPENAI_V2,
    ),
    "pydantic-ai-1x-default": Expectation(
        "pydantic-ai 1.107.10",
        {"exact": 11, "merged": 1, "absent": 1},
        PYDANTIC_AI_1,
        {"exact": 11, "merged": 1, "absent": 1, "extra": 9},
        dialects=PYDANTIC_AI,
    ),
    "pydantic-ai-1x-v1-logs": Expectation(
        "the same in format 1, with messages in log records",
        {"exact": 11, "merged": 1, "absent": 1},
        (*PYDANTIC_AI_1, "its log records are messages, without usage"),
        {"exact": 11, "merged": 1, "absent": 1, "extra": 9},
        dialects=PYDANTIC_AI,
    ),
    "pydantic-ai-default": Expectation(
        "pydantic-ai 2.68.0, over the Anthropic SDK's own spans",
        {"exact": 12},
        ("both tracers report Anthropic's calls; each is charged once",),
        {"exact": 12, "extra": 4},
        dialects=PYDANTIC_AI | {"genai"},
    ),
    "pydantic-ai-v2": Expectation(
        "the same in format 2",
        {"exact": 12},
        ("both tracers report Anthropic's calls; each is charged once",),
        {"exact": 12, "extra": 4},
        dialects=PYDANTIC_AI | {"genai"},
    ),
    "strands-agents-0.2.1": Expectation(
        "Strands Agents 0.2.1",
        {"exact": 5, "merged": 4, "partial": 1},
        (
            "4 merged: the emitter sends neither cached nor reasoning tokens",
            "1 partial: of Anthropic's input it sends what was not cached, and nothing of the rest",
            "agents repeat what their calls carry",
        ),
        {"exact": 5, "merged": 4, "partial": 1, "extra": 7},
        understated=1,
    ),
    "strands-agents-1.62-default": Expectation(
        "Strands Agents 1.62.0",
        {"exact": 10, "merged": 2},
        (
            "2 merged: the emitter sends neither reasoning tokens nor lifetimes of cache writes",
            "agents repeat what their calls carry",
        ),
        {"exact": 10, "merged": 2, "extra": 9},
    ),
    "vercel-ai-sdk-5": Expectation(
        "ai 5.0.277 (Vercel's AI SDK)",
        {"exact": 13, "merged": 4},
        (
            "4 merged: without streaming it sends neither cached nor reasoning tokens of OpenAI, in no attribute",
            "what it leaves out of Anthropic's is taken from the provider metadata of its inner spans",
            VERCEL_ROOTS,
        ),
        {"exact": 13, "merged": 4, "extra": 13},
        dialects=VERCEL,
    ),
    "vercel-ai-sdk-7": Expectation(
        "ai 7.0.173 with @ai-sdk/otel 1.0.173",
        {"exact": 14, "merged": 3},
        (
            "2 merged: the emitter sends no reasoning tokens unless supplementalAttributes.usage is on",
            "1 merged: nor the lifetime of cache writes unless supplementalAttributes.providerMetadata is on",
            "its invoke_agent spans repeat the calls below them",
        ),
        {"exact": 14, "merged": 3, "extra": 12},
    ),
}
