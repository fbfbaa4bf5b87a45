"""Agents, workflows and steps over the calls that they repeat, or alone."""

from __future__ import annotations

from conformance.vectors.shapes import MINUTE, OI, Call, Told, Vector, call, chat, operation, spans, tokens, used

AGGREGATE, QUIET = "superseded aggregate", "not_billable no_usage"
VERCEL = {"ai.model.provider": "openai.responses", "ai.model.id": "gpt-5", "gen_ai.system": "openai.responses"}
CLAUDE = ("anthropic", "claude-sonnet-4-5")


def vercel(stated: str, **counts: int) -> dict[str, object]:
    return VERCEL | {"ai.operationId": stated} | {f"ai.usage.{name}": count for name, count in counts.items()}


def openinference(kind: str, tokens_in: int, tokens_out: int) -> dict[str, object]:
    counts = {OI + "prompt": tokens_in, OI + "completion": tokens_out}
    return {"openinference.span.kind": kind, "llm.model_name": "gpt-5", **counts}


LATE_CHILD = Told("child", chat("openai", "gpt-5", input_tokens=700), "agent", start=1, end=2)

VECTORS = {
    15: Vector(
        "Strands' agent counts over its lifetime",
        (
            spans(
                Told("agent", operation("invoke_agent", input_tokens=1800, output_tokens=200), end=9),
                Told("chat", chat("strands-agents", CLAUDE[1], input_tokens=900, output_tokens=100), "agent", start=1),
                scope="strands.telemetry.tracer",
            ),
        ),
        (Call(tokens=tokens(F=900, V=100)),),
        {AGGREGATE: 1},
    ),
    16: Vector(
        "pydantic-ai names its aggregate differently",
        (
            spans(
                Told("agent", operation("invoke_agent") | {"gen_ai.aggregated_usage.input_tokens": 100,
                                                           "gen_ai.aggregated_usage.output_tokens": 20}, end=9),
                Told("chat", chat("openai", "gpt-5", input_tokens=100, output_tokens=20) | {"operation.cost": 0.001}, "agent"),
                scope="pydantic-ai",
            ),
        ),
        (Call(tokens=tokens(F=100, V=20), cost=1_000_000, cost_source="estimate"),),
    ),
    17: Vector(
        "pydantic-ai with plain usage on the agent",
        (
            spans(
                Told("agent", operation("invoke_agent", input_tokens=100, output_tokens=20), end=9),
                Told("chat", chat("openai", "gpt-5", input_tokens=100, output_tokens=20), "agent"),
                scope="pydantic-ai",
            ),
        ),
        (Call(tokens=tokens(F=100, V=20)),),
        {AGGREGATE: 1},
    ),
    19: Vector(
        "Logfire with the Claude Agent SDK: only the root has the usage",
        (
            spans(
                Told("root", operation("invoke_agent", input_tokens=3000, output_tokens=500)
                     | {"operation.cost": 0.05, "gen_ai.provider.name": "anthropic"}, end=9),
                Told("first", chat(*CLAUDE, partial__input_tokens=900, partial__output_tokens=1), "root"),
                Told("second", chat(*CLAUDE, partial__input_tokens=950, partial__output_tokens=2), "root"),
                scope="logfire.claude_agent_sdk",
            ),
        ),
        (Call(tokens=tokens(F=3000, V=500), provider="anthropic", cost=50_000_000),),
        {QUIET: 2},
    ),
    20: Vector(
        "Vercel's legacy spans",
        (
            spans(
                Told("root", vercel("ai.generateText", inputTokens=300, outputTokens=30), end=9),
                Told("one", vercel("ai.generateText.doGenerate", inputTokens=100, outputTokens=10), "root", start=1),
                Told("two", vercel("ai.generateText.doGenerate", inputTokens=200, outputTokens=20), "root", start=3),
                scope="ai",
            ),
        ),
        (Call(tokens=tokens(F=100, V=10), provider="openai"), Call(tokens=tokens(F=200, V=20), provider="openai")),
        {AGGREGATE: 1},
    ),
    21: Vector(
        "Vercel's new spans, three levels",
        (
            spans(
                Told("agent", operation("invoke_agent", input_tokens=300, output_tokens=30), end=9),
                Told("step1", operation("agent_step", input_tokens=100, output_tokens=10), "agent"),
                Told("chat1", chat("openai", "gpt-5", input_tokens=100, output_tokens=10), "step1"),
                Told("step2", operation("agent_step", input_tokens=200, output_tokens=20), "agent", start=2, end=4),
                Told("chat2", chat("openai", "gpt-5", input_tokens=200, output_tokens=20), "step2", start=2, end=4),
                scope="gen_ai",
            ),
        ),
        (Call(tokens=tokens(F=100, V=10)), Call(tokens=tokens(F=200, V=20))),
        {AGGREGATE: 3},
    ),
    22: Vector(
        "Vercel's embed, outer and inner",
        (
            spans(
                Told("outer", vercel("ai.embed", tokens=12), end=3),
                Told("inner", vercel("ai.embed.doEmbed", tokens=12), "outer", start=1, end=2),
                scope="ai",
            ),
        ),
        (Call(tokens=tokens(F=12), kind="embedding"),),
        {AGGREGATE: 1},
    ),
    23: Vector(
        "Vercel's transcription",
        call(operation("ai.transcribe", seconds=42) | {"gen_ai.request.model": "whisper-1"}, scope="gen_ai"),
        (Call(units={"seconds": 42}, kind="media"),),
    ),
    25: Vector(
        "OpenInference: agent and chain repeat one call",
        (
            spans(
                Told("agent", openinference("AGENT", 100, 20), end=9),
                Told("chain", openinference("CHAIN", 100, 20), "agent", end=8),
                Told("llm", openinference("LLM", 100, 20), "chain"),
            ),
        ),
        (Call(tokens=tokens(F=100, V=20)),),
        {AGGREGATE: 2},
    ),
    26: Vector(
        "OpenInference: counting tokens",
        call({"openinference.span.kind": "TOKEN_COUNTER", "llm.model_name": "gpt-5", OI + "prompt": 5000}),
        others={"not_billable token_count": 1},
    ),
    56: Vector(
        "a child after its agent was charged",
        (
            spans(Told("agent", operation("invoke_agent", input_tokens=700) | {"gen_ai.request.model": "gpt-5"}, end=9)),
            spans(LATE_CHILD, after=10 * MINUTE),
        ),
        (Call(tokens=tokens(F=700), kind="llm"),),
        {AGGREGATE: 1},
        reversed_tokens=700,
    ),
    57: Vector(
        "a remote agent alone",
        (
            spans(
                Told("agent", operation("invoke_agent", input_tokens=900, output_tokens=80)
                     | {"gen_ai.provider.name": "aws.bedrock"}, is_client=True)
            ),
        ),
        (Call(tokens=tokens(F=900, V=80), provider="aws.bedrock", kind="agent"),),
    ),
    58: Vector(
        "a call whose parent never came, within an agent's time",
        (
            spans(
                Told("agent", operation("invoke_agent", input_tokens=300, output_tokens=30), end=9),
                Told("chat", chat("openai", "gpt-5", input_tokens=300, output_tokens=30), "lost", start=1, end=2),
            ),
        ),
        (Call(tokens=tokens(F=300, V=30), kind="llm"),),
        {AGGREGATE: 1},
    ),
    59: Vector(
        "a workflow over two agents without calls",
        (
            spans(
                Told("flow", operation("invoke_workflow", input_tokens=300), end=9),
                Told("one", operation("invoke_agent", input_tokens=100), "flow"),
                Told("two", operation("invoke_agent", input_tokens=200), "flow"),
            ),
        ),
        (Call(tokens=tokens(F=100), kind="agent"), Call(tokens=tokens(F=200), kind="agent")),
        {AGGREGATE: 1},
    ),
    65: Vector(
        "Copilot",
        (
            spans(
                Told("agent", operation("invoke_agent", input_tokens=300, output_tokens=30)
                     | {"gen_ai.provider.name": "github"}, end=9),
                Told("one", chat("github", "gpt-5", input_tokens=100, output_tokens=10), "agent"),
                Told("two", chat("github", "gpt-5", input_tokens=200, output_tokens=20), "agent"),
                scope="github.copilot",
            ),
        ),
        (
            Call(tokens=tokens(F=100, V=10), provider="openai", gateway="github"),
            Call(tokens=tokens(F=200, V=20), provider="openai", gateway="github"),
        ),
        {AGGREGATE: 1},
    ),
    73: Vector(
        "CrewAI through OpenLLMetry: its agents count up",
        (
            spans(
                Told("agent", used(input_tokens=5000, output_tokens=500) | {"traceloop.span.kind": "agent"}, end=9),
                Told("one", chat("openai", "gpt-5", input_tokens=1000, output_tokens=100), "agent"),
                Told("two", chat("openai", "gpt-5", input_tokens=1000, output_tokens=100), "agent", start=2, end=3),
                scope="opentelemetry.instrumentation.crewai",
            ),
        ),
        (Call(tokens=tokens(F=1000, V=100)), Call(tokens=tokens(F=1000, V=100))),
        {AGGREGATE: 1},
    ),
}  # fmt: skip
