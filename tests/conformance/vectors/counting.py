"""One span each: the counts, who answered, and what is no usage at all."""

from __future__ import annotations

from conformance.vectors.shapes import OFFICIAL, OI, Call, Told, Vector, call, chat, operation, spans, tokens, used

OPENLIT = "openlit.instrumentation.anthropic"
CACHED_710 = {"input_tokens": 710, "cache_read__input_tokens": 500, "output_tokens": 40}
EXCLUSIVE_10 = {
    "input_tokens": 10, "cache_read__input_tokens": 500, "cache_creation__input_tokens": 200, "output_tokens": 40,
    "total_tokens": 50,
}  # fmt: skip
CACHED_5000 = EXCLUSIVE_10 | {"input_tokens": 5000, "total_tokens": 5040}
TIED = {
    "input_tokens": 1000, "cache_read__input_tokens": 80, "output_tokens": 100, "reasoning__output_tokens": 80,
    "total_tokens": 1180,
}  # fmt: skip
GUESSED = frozenset({"basis_guess"})
CLAUDE_10 = tokens(F=10, R=500, W=200, V=40)

VECTORS = {
    1: Vector(
        "current names, OpenAI",
        call(
            chat("openai", "gpt-5", input_tokens=1200, cache_read__input_tokens=1024, output_tokens=300,
                 reasoning__output_tokens=200) | {"gen_ai.response.model": "gpt-5-2025-08-07"}
        ),
        (Call(tokens=tokens(F=176, R=1024, V=100, T=200), provider="openai", model="gpt-5-2025-08-07", kind="llm"),),
    ),
    2: Vector(
        "names of 1.26",
        call({"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", **used(prompt_tokens=50, completion_tokens=20)}),
        (Call(tokens=tokens(F=50, V=20), provider="openai", model="gpt-4o"),),
    ),
    3: Vector(
        "official Anthropic",
        call(chat("anthropic", **CACHED_710, cache_write__input_tokens=200), scope=OFFICIAL),
        (Call(tokens=CLAUDE_10, provider="anthropic"),),
    ),
    4: Vector(
        "the same, spelled cache_creation",
        call(chat("anthropic", **CACHED_710, cache_creation__input_tokens=200), scope=OFFICIAL),
        (Call(tokens=CLAUDE_10, provider="anthropic"),),
    ),
    5: Vector(
        "both spellings of one write",
        call(
            chat("anthropic", **CACHED_710, cache_write__input_tokens=200, cache_creation__input_tokens=200), scope=OFFICIAL
        ),
        (Call(tokens=CLAUDE_10, provider="anthropic"),),
    ),
    6: Vector(
        "OpenLIT on Anthropic, proved exclusive",
        call(chat("anthropic", **EXCLUSIVE_10), scope=OPENLIT),
        (Call(tokens=CLAUDE_10, provider="anthropic"),),
    ),
    7: Vector(
        "OpenLIT on Anthropic, by the table",
        call(chat("anthropic", **CACHED_5000), scope=OPENLIT),
        (Call(tokens=tokens(F=5000, R=500, W=200, V=40), provider="anthropic"),),
    ),
    8: Vector(
        "the same numbers, official scope",
        call(chat("anthropic", **CACHED_5000), scope=OFFICIAL),
        (Call(tokens=tokens(F=4300, R=500, W=200, V=40), provider="anthropic"),),
    ),
    9: Vector(
        "the same numbers, unknown scope",
        call(chat("anthropic", **CACHED_5000)),
        (Call(tokens=tokens(F=4300, R=500, W=200, V=40), provider="anthropic", doubts=GUESSED),),
    ),
    10: Vector(
        "OpenLLMetry on Bedrock",
        call(
            chat("aws.bedrock", input_tokens=300, cache_read__input_tokens=2000, output_tokens=100),
            scope="opentelemetry.instrumentation.bedrock",
        ),
        (Call(tokens=tokens(F=300, R=2000, V=100), provider="aws.bedrock"),),
    ),
    11: Vector(
        "the total proves exclusive input",
        call(chat(input_tokens=900, cache_read__input_tokens=500, output_tokens=100, total_tokens=1500)),
        (Call(tokens=tokens(F=900, R=500, V=100)),),
    ),
    12: Vector(
        "OpenInference on Anthropic",
        call(
            {"openinference.span.kind": "LLM", "llm.provider": "anthropic", OI + "prompt": 710,
             OI + "prompt_details.cache_read": 500, OI + "prompt_details.cache_write": 200, OI + "completion": 40,
             OI + "total": 750},
            scope="openinference.instrumentation.anthropic",
        ),
        (Call(tokens=CLAUDE_10, provider="anthropic", kind="llm"),),
    ),
    13: Vector(
        "OpenAI with cache writes",
        call(
            chat("openai", input_tokens=2000, cache_read__input_tokens=1000, cache_write__input_tokens=500, output_tokens=10)
        ),
        (Call(tokens=tokens(F=500, R=1000, W=500, V=10), provider="openai"),),
    ),
    14: Vector(
        "Strands, both generations at once",
        call(
            chat("strands-agents", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", input_tokens=900, prompt_tokens=900,
                 output_tokens=100, completion_tokens=100, total_tokens=1000),
            scope="strands.telemetry.tracer",
        ),
        (
            Call(tokens=tokens(F=900, V=100), provider="aws.bedrock", model="us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ),
    ),
    18: Vector(
        "details repeat the cache",
        call(chat("openai", **CACHED_710, details__cache_read_tokens=500), scope="pydantic-ai"),
        (Call(tokens=tokens(F=210, R=500, V=40)),),
    ),
    32: Vector(
        "a limit is no usage",
        call(
            chat("gcp.gemini", input_tokens=10, output_tokens=50, experimental__reasoning_tokens_limit=1024),
            scope="gcp.vertex.agent",
        ),
        (Call(tokens=tokens(F=10, V=50)),),
    ),
    46: Vector(
        "xAI, additive",
        call(
            chat("x_ai", "grok-4", input_tokens=10120, output_tokens=1499, reasoning__output_tokens=2809, total_tokens=14428)
        ),
        (Call(tokens=tokens(F=10120, V=1499, T=2809), provider="x_ai"),),
    ),
    47: Vector(
        "xAI, subset",
        call(chat("x_ai", "grok-4", input_tokens=100, output_tokens=300, reasoning__output_tokens=250, total_tokens=400)),
        (Call(tokens=tokens(F=100, V=50, T=250), provider="x_ai"),),
    ),
    48: Vector(
        "more reasoning than output proves that it is additive",
        call(chat(input_tokens=1, output_tokens=50, reasoning__output_tokens=250)),
        (Call(tokens=tokens(F=1, V=50, T=250)),),
    ),
    49: Vector(
        "Gemini through an OpenAI-compatible endpoint",
        call(chat("gcp.gemini", "gemini-2.5-pro", input_tokens=100, output_tokens=20, total_tokens=420)),
        (
            Call(
                tokens=tokens(F=100, V=20, T=300), provider="gcp.gemini", model="gemini-2.5-pro",
                doubts=frozenset({"hidden_reasoning"}),
            ),
        ),
    ),
    50: Vector(
        "LangSmith, printed by Python",
        call(
            chat("anthropic", "claude-sonnet-4-5", input_tokens=710, output_tokens=40)
            | used(input_token_details="{'cache_read': 500, 'cache_creation': 200}")
            | {"langsmith.span.kind": "llm"}
        ),
        (Call(tokens=CLAUDE_10, provider="anthropic"),),
    ),
    51: Vector(
        "Agent Framework on Anthropic; finish reasons are JSON",
        call(
            chat("anthropic", input_tokens=10, cache_read__input_tokens=500, output_tokens=40)
            | {"gen_ai.response.finish_reasons": '["stop"]'},
            scope="agent_framework",
        ),
        (Call(tokens=tokens(F=10, R=500, V=40), provider="anthropic"),),
    ),
    52: Vector(
        "Agent Framework on Anthropic, by the table",
        call(chat("anthropic", input_tokens=900, cache_read__input_tokens=500, output_tokens=1), scope="agent_framework"),
        (Call(tokens=tokens(F=900, R=500, V=1), provider="anthropic"),),
    ),
    54: Vector(
        "a response fetched again",
        call(chat("openai", input_tokens=100, output_tokens=10) | {"gen_ai.operation.name": "fetch_response"}),
        others={"not_billable fetch_response": 1},
    ),
    60: Vector(
        "embeddings",
        call(operation("embeddings", input_tokens=2048) | {"gen_ai.request.model": "text-embedding-3-small"}),
        (Call(tokens=tokens(F=2048), kind="embedding", provider="openai"),),
    ),
    61: Vector("JSON", call(chat(input_tokens=42), is_json=True), (Call(tokens=tokens(F=42)),)),
    62: Vector(
        "numbers that are none",
        call(chat(input_tokens=-5, output_tokens=float("nan"), cache_read__input_tokens="abc")),
        others={"not_billable no_usage": 1},
    ),
    63: Vector(
        "an integral double and a text of digits",
        call(chat(input_tokens=12.0, output_tokens="12")),
        (Call(tokens=tokens(F=12, V=12)),),
    ),
    64: Vector(
        "a framework as provider",
        call(chat("langchain", "claude-opus-4-1", input_tokens=10, output_tokens=1)),
        (Call(tokens=tokens(F=10, V=1), provider="anthropic", gateway="", model="claude-opus-4-1"),),
    ),
    66: Vector(
        "old OpenLLMetry",
        call(
            {"gen_ai.system": "Azure", "gen_ai.request.model": "gpt-4o", "llm.usage.total_tokens": 15,
             **used(prompt_tokens=10, completion_tokens=5)},
            scope="opentelemetry.instrumentation.openai.v1",
        ),
        (Call(tokens=tokens(F=10, V=5), provider="azure.ai.openai"),),
    ),
    67: Vector(
        "Langfuse's disjoint details",
        call(
            {
                "langfuse.observation.type": "generation",
                "langfuse.observation.model.name": "claude-sonnet-4-5",
                "langfuse.observation.usage_details": '{"input": 10, "cache_read_input_tokens": 500, "output": 40}',
            },
            scope="langfuse-sdk",
        ),
        (Call(tokens=tokens(F=10, R=500, V=40), provider="anthropic"),),
    ),
    68: Vector(
        "MLflow's JSON",
        call(
            {
                "mlflow.spanType": '"CHAT_MODEL"',
                "mlflow.llm.provider": '"anthropic"',
                "mlflow.llm.model": '"claude-sonnet-4-5"',
                "mlflow.chat.tokenUsage": '{"input_tokens": 710, "output_tokens": 40, "total_tokens": 750, '
                '"cache_read_input_tokens": 500, "cache_creation_input_tokens": 200}',
            },
            scope="mlflow",
        ),
        (Call(tokens=CLAUDE_10, provider="anthropic"),),
    ),
    69: Vector(
        "Sentry's style",
        call(chat(input_tokens=710, input_tokens__cached=500, input_tokens__cache_write=200, output_tokens=40)),
        (Call(tokens=CLAUDE_10),),
    ),
    70: Vector(
        "an error without usage",
        (spans(Told("call", chat("openai") | {"error.type": "429"}, is_error=True)),),
        others={"not_billable no_usage": 1},
    ),
    71: Vector(
        "a stream that was cut, with usage",
        (spans(Told("call", chat("openai", input_tokens=100, output_tokens=5) | {"error.type": "timeout"}, is_error=True)),),
        (Call(tokens=tokens(F=100, V=5), says={"error_type": "timeout"}),),
    ),
    72: Vector("a stream without usage", call(chat("openai")), others={"not_billable no_usage": 1}),
    74: Vector(
        "audio",
        call(chat("openai", input_tokens=500, audio__input_tokens=300, output_tokens=1)),
        (Call(tokens=tokens(F=500, V=1), units={"input_audio_tokens": 300}),),
    ),
    75: Vector(
        "counting tokens", call(operation("count_tokens", input_tokens=5000)), others={"not_billable token_count": 1}
    ),
    77: Vector(
        "cached and reasoning are equally many, additive provider",
        call(chat("x_ai", **TIED)),
        (Call(tokens=tokens(F=920, R=80, V=100, T=80), provider="x_ai"),),
    ),
    78: Vector(
        "the same, exclusive provider",
        call(chat("anthropic", **TIED)),
        (Call(tokens=tokens(F=1000, R=80, V=20, T=80), provider="anthropic"),),
    ),
    80: Vector(
        "exclusive input beside subset reasoning, by the total",
        call(
            chat(input_tokens=1000, cache_read__input_tokens=300, output_tokens=100, reasoning__output_tokens=80,
                 total_tokens=1400)
        ),
        (Call(tokens=tokens(F=1000, R=300, V=20, T=80)),),
    ),
}  # fmt: skip
