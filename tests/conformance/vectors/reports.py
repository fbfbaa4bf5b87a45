"""Several reports of one call, several calls within one another, and what a gateway adds."""

from __future__ import annotations

from conformance.vectors.shapes import HOUR, Call, Told, Vector, call, chat, operation, spans, tokens, used

WRAPPER = "superseded wrapper"
LANGCHAIN = {"scope": "opentelemetry.instrumentation.langchain"}
CLAUDE = ("anthropic", "claude-sonnet-4-5")
HUNDRED = chat("openai", "gpt-5", input_tokens=100, output_tokens=10)
REPLY = "chatcmpl-9fX2kQ7bLrT4vZ8mN1cD"


def adk(name: str, parent: str = "", start: float = 0, end: float = 9, **counts: int) -> Told:
    attributes = {"gen_ai.system": "gcp.vertex.agent", "gen_ai.request.model": "gemini-2.5-flash", **used(**counts)}
    return Told(name, attributes, parent, start=start, end=end)


def bare(name: str, operation_name: str, parent: str = "", start: float = 0, end: float = 9) -> Told:
    return Told(name, operation(operation_name), parent, start=start, end=end)


VECTORS = {
    24: Vector(
        "a durable step that Vercel replays",
        (spans(Told("call", HUNDRED), scope="gen_ai"), spans(Told("call", HUNDRED), scope="gen_ai", after=5 * HOUR)),
        (Call(tokens=tokens(F=100, V=10)),),
    ),
    27: Vector(
        "LangChain over the Anthropic SDK",
        (
            spans(Told("outer", chat(*CLAUDE, input_tokens=110, output_tokens=10), end=3), **LANGCHAIN),
            spans(
                Told("inner", chat(*CLAUDE, input_tokens=110, cache_read__input_tokens=90, output_tokens=10), "outer", start=1),
                scope="com.anthropic.sdk.python",
            ),
        ),
        (Call(tokens=tokens(F=20, R=90, V=10), provider="anthropic"),),
        {WRAPPER: 1},
        reversed_tokens=120,
    ),
    28: Vector(
        "LangChain over botocore, which leaves out the cache",
        (
            spans(
                Told("outer", chat("aws.bedrock", input_tokens=900, cache_read__input_tokens=800, output_tokens=50), end=3),
                **LANGCHAIN,
            ),
            spans(
                Told("inner", chat("aws.bedrock", input_tokens=100, output_tokens=50), "outer", start=1),
                scope="opentelemetry.instrumentation.botocore.bedrock-runtime",
            ),
        ),
        (Call(tokens=tokens(F=100, R=800, V=50), provider="aws.bedrock"),),
        {WRAPPER: 1},
    ),
    29: Vector(
        "a wrapper around two tries",
        (
            spans(
                Told("outer", chat("openai", input_tokens=200, output_tokens=20), end=9),
                Told("one", HUNDRED, "outer", start=1, end=2),
                Told("two", HUNDRED, "outer", start=3, end=4),
            ),
        ),
        (Call(tokens=tokens(F=100, V=10)), Call(tokens=tokens(F=100, V=10))),
        {WRAPPER: 1},
    ),
    30: Vector(
        "ADK 1 nests tools and agents under calls",
        (
            spans(
                adk("call_llm", input_tokens=1000, output_tokens=50),
                bare("tool", "execute_tool", "call_llm"),
                bare("agent", "invoke_agent", "tool"),
                adk("call_llm2", "agent", 2, 4, input_tokens=400, output_tokens=30),
                scope="gcp.vertex.agent",
            ),
        ),
        (
            Call(tokens=tokens(F=400, V=30), provider="gcp.gemini"),
            Call(tokens=tokens(F=1000, V=50), provider="gcp.gemini"),
        ),
    ),
    31: Vector(
        "ADK's call around its library's call",
        (
            spans(adk("call_llm", input_tokens=1000, output_tokens=50), scope="gcp.vertex.agent"),
            spans(
                Told("inner", chat("gcp.gemini", "gemini-2.5-flash", input_tokens=1000, output_tokens=50)
                     | {"gen_ai.operation.name": "generate_content"}, "call_llm", start=1, end=8),
                scope="opentelemetry.instrumentation.google_genai",
            ),
        ),
        (Call(tokens=tokens(F=1000, V=50), provider="gcp.gemini"),),
        {WRAPPER: 1},
        reversed_tokens=1050,
    ),
    33: Vector(
        "LiteLLM answered from its cache",
        call(chat("openai", input_tokens=500, output_tokens=50) | {"litellm.cache_hit": True}),
        others={"not_billable cache_hit": 1},
    ),
    34: Vector(
        "LiteLLM and the application's SDK report one call",
        (
            spans(Told("app", chat("openai", "gpt-5", input_tokens=500, output_tokens=50) | {"gen_ai.response.id": REPLY})),
            spans(
                Told(
                    "proxy",
                    chat("openai", "gpt-5", input_tokens=500, output_tokens=50)
                    | {"gen_ai.response.id": REPLY, "litellm.cost.total": 0.0021, "litellm.call_type": "acompletion"},
                    trace="proxy", start=0.1, end=0.9,
                ),
                scope="litellm",
                service="proxy",
            ),
        ),
        (Call(tokens=tokens(F=500, V=50), provider="openai", gateway="litellm", cost=2_100_000, cost_source="gateway"),),
        {"duplicate same_call": 1},
        # The application's report came first; the proxy's, which knows the cost, took its place.
        reversed_tokens=550,
    ),
    35: Vector(
        "LiteLLM's guardrail within its total",
        call(
            chat("openai", "gpt-5", input_tokens=500, output_tokens=50)
            | {"litellm.cost.total": 0.003, "litellm.cost.guardrail": 0.0005, "litellm.guardrail.cost_in_spend": True},
            scope="litellm",
        ),
        (Call(tokens=tokens(F=500, V=50), cost=3_000_000, cost_source="gateway"),),
    ),
    36: Vector(
        "LiteLLM's guardrail beside its total",
        call(
            chat("openai", "gpt-5", input_tokens=500, output_tokens=50)
            | {"litellm.cost.total": 0.003, "litellm.cost.guardrail": 0.0005, "litellm.guardrail.cost_in_spend": False},
            scope="litellm",
        ),
        (Call(tokens=tokens(F=500, V=50), cost=3_500_000, cost_source="gateway"),),
    ),
    55: Vector(
        "a span delivered three times",
        tuple(spans(Told("call", HUNDRED)) for _ in range(3)),
        (Call(tokens=tokens(F=100, V=10)),),
    ),
    76: Vector(
        "Ollama draws the same id again",
        (
            spans(
                Told("one", chat("ollama", "llama3", input_tokens=100, output_tokens=10) | {"gen_ai.response.id": "chatcmpl-42"}),
                Told("two", chat("ollama", "llama3", input_tokens=100, output_tokens=10) | {"gen_ai.response.id": "chatcmpl-42"},
                     trace="later", start=HOUR, end=HOUR + 1),
            ),
        ),
        (Call(tokens=tokens(F=100, V=10), provider="ollama"), Call(tokens=tokens(F=100, V=10), provider="ollama")),
    ),
    79: Vector(
        "an agent over a call that a gateway answered from its cache",
        (
            spans(
                Told("agent", operation("invoke_agent", input_tokens=500, output_tokens=50), end=9),
                Told("chat", chat("openai", input_tokens=500, output_tokens=50) | {"litellm.cache_hit": True}, "agent"),
            ),
        ),
        others={"superseded aggregate": 1, "not_billable cache_hit": 1},
    ),
}  # fmt: skip
