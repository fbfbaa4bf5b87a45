"""Log records and metric points, alone and beside the spans of the same calls."""

from __future__ import annotations

from typing import Any

from conformance.vectors.shapes import Call, Sent, Told, Vector, chat, spans, tokens

OUTRANKED = "superseded signal"
SESSION = {"session.id": "0e1f7f1c-5f07-4d7b-9f4e-d2a0f9c1b3aa"}
MODEL = {"model": "claude-sonnet-4-5-20250929"}
EVENTS, METRICS, SPANS = (f"com.anthropic.claude_code{part}" for part in (".events", "", ".tracing"))
REQUEST = "req_011CVKyWc3nLq8XfTz2mRb7D"


def records(*told: Told, **options: Any) -> Sent:
    return Sent(told=told, signal="logs", **options)


def points(*told: Told, **options: Any) -> Sent:
    return Sent(told=told, signal="metrics", **options)


def api_request(session: str = SESSION["session.id"], request: str = REQUEST, **counts: Any) -> Told:
    """What Claude Code logs of a call, in the context of the interaction around it."""
    stated = {"event.name": "api_request", "session.id": session, "request_id": request, "duration_ms": 900, **MODEL}
    return Told("claude_code.api_request", stated | counts)


def claude_points(session: str, counts: dict[str, float], end: float = 60, start: float = 0) -> tuple[Told, ...]:
    """Claude Code's counter of tokens."""
    shared = {"session.id": session, "model": "claude-sonnet-4-5", "query_source": "main"}
    return tuple(
        Told("claude_code.token.usage", shared | {"type": kind}, start=start, end=end, value=count)
        for kind, count in counts.items()
    )


def typed(metric: str, attribute: str, shared: dict[str, Any], counts: dict[str, float]) -> tuple[Told, ...]:
    return tuple(Told(metric, shared | {attribute: kind}, end=60, value=count) for kind, count in counts.items())


USED = {
    "input_tokens": 3, "output_tokens": 120, "cache_read_tokens": 15000, "cache_creation_tokens": 800,
    "cache_creation_5m_tokens": 800, "cache_creation_1h_tokens": 0, "cost_usd": 0.0123,
}  # fmt: skip
COUNTED = {"input": 3, "output": 120, "cacheRead": 15000, "cacheCreation": 800}
CLAUDE_CALL = Call(
    tokens=tokens(F=3, R=15000, W=800, V=120), provider="anthropic", cost=12_300_000, cost_source="estimate",
    says={"signal": "log", "dialect": "claude_code"},
)  # fmt: skip
IN_SPAN = {
    "gen_ai.system": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5", "input_tokens": 3, "output_tokens": 120,
    "cache_read_tokens": 15000, "cache_creation_tokens": 800, "request_id": REQUEST, "gen_ai.response.id": REQUEST,
}  # fmt: skip
METRICS_ONLY = claude_points("metrics-only", COUNTED)
CODEX = {
    "event.name": "codex.sse_event", "event.kind": "response.completed", "input_token_count": "12000",
    "cached_token_count": 9000, "output_token_count": "800", "reasoning_token_count": 300, "tool_token_count": "12800",
    "model": "gpt-5", "conversation.id": "01a1fc97-0455-7c23-a3f8-f61d554241a8",
}  # fmt: skip
CODEX_CALL = Call(tokens=tokens(F=3000, R=9000, V=500, T=300), provider="openai", says={"dialect": "codex"})
GEMINI = {
    "event.name": "gemini_cli.api_response", "input_token_count": 1000, "cached_content_token_count": 600,
    "output_token_count": 50, "thoughts_token_count": 200, "tool_token_count": 30, "total_token_count": 1280,
    "model": "gemini-2.5-flash", "duration_ms": 900, "auth_type": "gemini-api-key",
}  # fmt: skip
GEMINI_CALL = Call(
    tokens=tokens(F=430, R=600, V=50, T=200), provider="gcp.gemini", says={"signal": "log", "dialect": "gemini_cli"}
)
DETAILS = "gen_ai.client.inference.operation.details"
TEN = chat("openai", "gpt-5", input_tokens=100, output_tokens=10)


def gemini_in(session: str) -> Told:
    return Told("API response from gemini-2.5-flash.", GEMINI | {"session.id": session})


def gemini_again(session: str) -> tuple[Sent, ...]:
    """The same call twice more: under the conventions' event, and as a span."""
    stated = chat("gcp.gemini", "gemini-2.5-flash", input_tokens=1000, output_tokens=50)
    return (
        records(
            Told("GenAI operation details", stated | {"event.name": DETAILS, "session.id": session}), scope="gemini-cli"
        ),
        spans(
            Told("llm_call", stated | {"gen_ai.operation.name": "llm_call", "session.id": session}, start=0.1, end=1),
            scope="gemini-cli",
        ),
    )


VECTORS = {
    37: Vector("Claude Code's log", (records(api_request("log-only", "req_011CVKyWb2mKp7WeSy1lQa6C", **USED), scope=EVENTS),), (CLAUDE_CALL,)),
    38: Vector(
        "the same with its span and its metric",
        (
            points(*claude_points(SESSION["session.id"], COUNTED), scope=METRICS),
            spans(Told("claude_code.llm_request", IN_SPAN | SESSION, start=0.1, end=1), scope=SPANS),
            records(api_request(**USED), scope=EVENTS),
        ),
        (CLAUDE_CALL,),
        {OUTRANKED: 2},
    ),
    39: Vector(
        "Claude Code's writes of an hour",
        (
            records(
                api_request(
                    "one-hour", "req_011CVKyWd7pMs2YgUa3nSc8E", input_tokens=1, output_tokens=1, cache_creation_tokens=1000,
                    cache_creation_5m_tokens=200, cache_creation_1h_tokens=800,
                ),
                scope=EVENTS,
            ),
        ),
        (Call(tokens=tokens(F=1, W=200, W1=800, V=1), provider="anthropic"),),
    ),
    40: Vector(
        "Claude Code's metrics alone, delta, sent twice",
        (points(*METRICS_ONLY, scope=METRICS), points(*METRICS_ONLY, scope=METRICS)),
        (Call(tokens=tokens(F=3, R=15000, W=800, V=120), provider="anthropic", says={"signal": "metric"}),),
    ),
    41: Vector(
        "Claude Code's metrics, cumulative",
        (
            points(*claude_points("adding-up", {"input": 100}, 60), scope=METRICS, is_delta=False),
            points(*claude_points("adding-up", {"input": 150}, 120), scope=METRICS, is_delta=False),
            points(*claude_points("adding-up", {"input": 20}, 240, 180), scope=METRICS, is_delta=False),
        ),
        (Call(tokens=tokens(F=20)), Call(tokens=tokens(F=50)), Call(tokens=tokens(F=100))),
    ),
    42: Vector("Codex's log", (records(Told("", CODEX), scope="codex_otel.log_only"),), (CODEX_CALL,)),
    43: Vector(
        "Codex's metric alone, which is charged by setting",
        (
            points(
                *typed(
                    "codex.turn.token_usage", "token_type", {"model": "gpt-5", "session_source": "exec"},
                    {"total": 12800, "input": 12000, "cached_input": 9000, "output": 800, "reasoning_output": 300},
                ),
                scope="codex",
                is_histogram=True,
            ),
        ),
        (CODEX_CALL,),
    ),
    44: Vector("Gemini CLI's log", (records(gemini_in("gemini-1"), scope="gemini-cli"),), (GEMINI_CALL,)),
    45: Vector(
        "the same with the conventions' event and a span",
        (*gemini_again("gemini-2"), records(gemini_in("gemini-2"), scope="gemini-cli")),
        (GEMINI_CALL,),
        {OUTRANKED: 1},
    ),
    53: Vector(
        "Envoy's metric, which is charged by setting",
        (
            points(
                *typed(
                    "gen_ai.client.token.usage", "gen_ai.token.type",
                    {"gen_ai.provider.name": "aws.anthropic", "gen_ai.request.model": "claude-sonnet-4-5",
                     "gen_ai.operation.name": "chat", "gen_ai.original.model": "claude"},
                    {"input": 710, "cached_input": 500, "cache_creation_input": 200, "output": 40, "reasoning": 10},
                ),
                scope="envoyproxy/ai-gateway",
                is_histogram=True,
            ),
        ),
        (Call(tokens=tokens(F=10, R=500, W=200, V=30, T=10), provider="anthropic", gateway="aws.bedrock"),),
    ),
    81: Vector(
        "two calls in the context of one interaction",
        (
            records(
                api_request("two-calls", "req_011CVKyWe1qNt6ZhVb4oTd9F", input_tokens=3, output_tokens=120),
                api_request("two-calls", "req_011CVKyWf5rPu0AjWc5pUe1G", input_tokens=5, output_tokens=80),
                scope=EVENTS,
            ),
        ),
        (Call(tokens=tokens(F=3, V=120), provider="anthropic"), Call(tokens=tokens(F=5, V=80), provider="anthropic")),
    ),
    82: Vector(
        "the conventions' event beside its span",
        (
            records(Told("call", TEN | {"event.name": DETAILS}, end=1), scope="opentelemetry.util.genai.handler"),
            spans(Told("call", TEN), scope="opentelemetry.util.genai.handler"),
        ),
        (Call(tokens=tokens(F=100, V=10), says={"signal": "span"}),),
        reversed_tokens=110,
    ),
}  # fmt: skip
