"""The names of the official GenAI conventions of OpenTelemetry, in all their generations (1.26 to the 1.42 tree).

Emitters mix generations within one span, and many mix these names with those of another dialect, so every field
has an ordered list of spellings, of which the first that says something counts; a dialect adds its own behind them.
Sources: specification of telemetry dialects, sections 1.4, 1.7 and 5.2.
"""

from __future__ import annotations

from typing import Final

from exporter.dialects.spellings import Spellings
from exporter.dialects.units import OF_CONVENTIONS

OPERATION: Final = "gen_ai.operation.name"
SPAN_KIND: Final = "gen_ai.span.kind"
"""Of Alibaba's and Dify's conventions."""
OPERATION_TYPE: Final = "gen_ai.operation.type"
"""Of Sentry's."""
SERVICE, INSTANCE = "service.name", "service.instance.id"
ERROR_TYPE, EXCEPTION_TYPE = "error.type", "exception.type"
CACHE_HIT: Final = "litellm.cache_hit"
RESPONSE_ID: Final = "gen_ai.response.id"
_USAGE: Final = "gen_ai.usage."
COST_AMOUNT, COST_CURRENCY, COST_SOURCE = (f"{_USAGE}cost.{part}" for part in ("amount", "currency", "source"))

_IN_DETAILS: Final = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_OUT_DETAILS: Final = ("completion_tokens_details", "output_tokens_details", "output_token_details")

CONTEXT: Final = {
    "geo": ("agent.pricing.geo",),
    "speed": ("agent.pricing.speed",),
    "processing": ("agent.pricing.processing",),
    "service_tier": ("agent.pricing.service_tier",),
    "region": ("agent.pricing.region",),
    "org": ("agent.pricing.org", "agent.org"),
}
"""Field of the price context → the attributes that state it."""

SPELLINGS: Final = Spellings(
    # The last of each are what Microsoft's libraries and Traceloop sent before the conventions had settled.  Details
    # have no name that all know, and instrumentation made by hand takes its provider's.
    input=(
        f"{_USAGE}input_tokens",
        f"{_USAGE}prompt_tokens",
        "gen_ai.response.input_tokens",
        "gen_ai.response.prompt_tokens",
        "llm.usage.prompt_tokens",
    ),
    output=(
        f"{_USAGE}output_tokens",
        f"{_USAGE}completion_tokens",
        "gen_ai.response.output_tokens",
        "gen_ai.response.completion_tokens",
        "llm.usage.completion_tokens",
    ),
    cache_read=(
        f"{_USAGE}cache_read.input_tokens",
        f"{_USAGE}cache_read_input_tokens",
        f"{_USAGE}input_tokens.cached",
        f"{_USAGE}cached_input_tokens",
        f"{_USAGE}cached_tokens",
        f"{_USAGE}cache_read_tokens",
        *(f"{_USAGE}{details}.cached_tokens" for details in _IN_DETAILS),
        f"{_USAGE}input_token_details.cache_read",
    ),
    cache_write=(
        f"{_USAGE}cache_write.input_tokens",
        f"{_USAGE}cache_creation.input_tokens",
        f"{_USAGE}cache_write_input_tokens",
        f"{_USAGE}cache_creation_input_tokens",
        f"{_USAGE}input_tokens.cache_write",
        f"{_USAGE}cache_write_tokens",
        f"{_USAGE}cache_creation_tokens",
        *(
            f"{_USAGE}{details}.{write}_tokens"
            for details in _IN_DETAILS
            for write in ("cache_write", "cache_creation")
        ),
        f"{_USAGE}input_token_details.cache_creation",
    ),
    write_5m=(
        "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
        f"{_USAGE}cache_creation.5m_input_tokens",
    ),
    write_1h=(
        "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
        f"{_USAGE}cache_creation.1h_input_tokens",
    ),
    reasoning=(
        f"{_USAGE}reasoning.output_tokens",
        f"{_USAGE}reasoning_tokens",
        "llm.usage.reasoning_tokens",
        *(f"{_USAGE}{details}.reasoning_tokens" for details in _OUT_DETAILS),
        f"{_USAGE}output_token_details.reasoning",
        f"{_USAGE}output_reasoning_tokens",
        f"{_USAGE}output_tokens.reasoning",
        f"{_USAGE}thinking_tokens",
    ),
    total=(f"{_USAGE}total_tokens", "llm.usage.total_tokens"),
    units=tuple(OF_CONVENTIONS),
    cost=(
        COST_AMOUNT,
        f"{_USAGE}cost",
        "operation.cost",
        "gen_ai.cost.total_cost",
        "gen_ai.cost.total_tokens",
        f"{_USAGE}total_cost",
        f"{_USAGE}cost_usd",
        f"{_USAGE}total_cost_usd",
    ),
    cost_notes=(COST_CURRENCY, COST_SOURCE),
    operation=(OPERATION, SPAN_KIND, OPERATION_TYPE),
    provider=("gen_ai.provider.name", "gen_ai.system", "llm.vendor"),
    address=("server.address",),
    request_model=("gen_ai.request.model", "llm.request.model"),
    response_model=("gen_ai.response.model", "llm.response.model"),
    call_key=(RESPONSE_ID,),
    agent=("gen_ai.agent.name", "agent.name"),
    conversation=("gen_ai.conversation.id", "session.id", "gen_ai.session.id", "gen_ai.agent.session_id"),
    # What was answered decides the bill; what was asked for is the best guess without it.
    tier=(
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "gen_ai.response.service_tier",
        "anthropic.response.service_tier",
        "agent.pricing.service_tier",
        "openai.request.service_tier",
        "gen_ai.openai.request.service_tier",
    ),
    context=tuple(name for names in CONTEXT.values() for name in names),
)

WANTED: Final = SPELLINGS.all_names() | {
    SERVICE,
    INSTANCE,
    ERROR_TYPE,
    EXCEPTION_TYPE,
    CACHE_HIT,
}
"""All keys that `reading` looks at besides a dialect's own."""

_NOT_MARKS: Final = frozenset(
    {
        *SPELLINGS.address,
        *SPELLINGS.agent,
        *SPELLINGS.conversation,
        *SPELLINGS.tier,
        *SPELLINGS.context,
        *SPELLINGS.cost_notes,
        # Of Pydantic, on spans that have others too; alone it is a name that anybody could give to anything.
        "operation.cost",
    }
)
MARKS: Final = SPELLINGS.all_names() - _NOT_MARKS
"""Keys that tell a span of these conventions; the others stand on spans of any kind."""
