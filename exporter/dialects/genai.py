"""The official GenAI conventions of OpenTelemetry, in all their generations (1.26 to the 1.42 development tree).

Emitters mix generations within one span, so every field has an ordered list of spellings, of which the first
that says something counts.  Sources: specification of telemetry dialects, sections 1.4, 1.7 and 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.dialects.base import Dialect
from exporter.dialects.basis import Counts, Emitter, emitter_of, split
from exporter.dialects.counting import read_counts
from exporter.dialects.fields import LONGEST_TEXT, coerce_usd, first_text, is_true, read_text
from exporter.dialects.kinds import UNNAMED, Operation, find_operation, operation_of_name
from exporter.dialects.providers import Source, identify
from exporter.dialects.spellings import Spellings
from exporter.signals import STATUS_ERROR, OfResource, Span, Value
from exporter.usage import (
    KINDS,
    LEAF_KINDS,
    LLM,
    MISSING,
    NO_CONTEXT,
    NO_TOKENS,
    OTHER,
    REPORTED,
    SPANS,
    STEP,
    PriceContext,
    Reading,
    UsageRecord,
)

NAME: Final = "genai"

USAGE_MISSING: Final = "usage_missing"
ZERO_USAGE: Final = "zero_usage"
FOREIGN_CURRENCY: Final = "foreign_currency"
"""A cost was reported in another currency than USD; nobody knows the rate, so it is left out."""
CACHE_HIT: Final = "cache_hit"

_OPERATION: Final = "gen_ai.operation.name"
_PROVIDER, _SYSTEM = "gen_ai.provider.name", "gen_ai.system"
_REQUEST_MODEL, _RESPONSE_MODEL = "gen_ai.request.model", "gen_ai.response.model"
_ADDRESS, _SERVICE = "server.address", "service.name"
_ERROR_TYPE, _EXCEPTION_TYPE = "error.type", "exception.type"
_CACHE_HIT: Final = "litellm.cache_hit"
_USAGE: Final = "gen_ai.usage."
_AMOUNT, _CURRENCY, _COST_SOURCE = (f"{_USAGE}cost.{part}" for part in ("amount", "currency", "source"))

_CONTEXT: Final = {
    "geo": ("agent.pricing.geo",),
    "speed": ("agent.pricing.speed",),
    "processing": ("agent.pricing.processing",),
    "service_tier": ("agent.pricing.service_tier",),
    "region": ("agent.pricing.region",),
    "org": ("agent.pricing.org", "agent.org"),
}

SPELLINGS: Final = Spellings(
    input=(f"{_USAGE}input_tokens", f"{_USAGE}prompt_tokens"),
    output=(f"{_USAGE}output_tokens", f"{_USAGE}completion_tokens"),
    cache_read=(
        f"{_USAGE}cache_read.input_tokens",
        f"{_USAGE}cache_read_input_tokens",
        f"{_USAGE}input_tokens.cached",
        f"{_USAGE}prompt_tokens_details.cached_tokens",
    ),
    cache_write=(
        f"{_USAGE}cache_write.input_tokens",
        f"{_USAGE}cache_creation.input_tokens",
        f"{_USAGE}cache_write_input_tokens",
        f"{_USAGE}cache_creation_input_tokens",
        f"{_USAGE}input_tokens.cache_write",
        f"{_USAGE}prompt_tokens_details.cache_creation_tokens",
    ),
    write_5m=("anthropic.usage.cache_creation.ephemeral_5m_input_tokens",),
    write_1h=("anthropic.usage.cache_creation.ephemeral_1h_input_tokens",),
    reasoning=(
        f"{_USAGE}reasoning.output_tokens",
        f"{_USAGE}reasoning_tokens",
        "llm.usage.reasoning_tokens",
        f"{_USAGE}completion_tokens_details.reasoning_tokens",
        f"{_USAGE}output_tokens.reasoning",
    ),
    total=(f"{_USAGE}total_tokens", "llm.usage.total_tokens"),
    cost=(_AMOUNT, f"{_USAGE}cost", "operation.cost", "gen_ai.cost.total_cost"),
    call_key=("gen_ai.response.id",),
    agent=("gen_ai.agent.name", "agent.name"),
    conversation=("gen_ai.conversation.id", "session.id", "gen_ai.session.id", "gen_ai.agent.session_id"),
    # What was answered decides the bill; what was asked for is the best guess without it.
    tier=(
        "openai.response.service_tier",
        "gen_ai.openai.response.service_tier",
        "anthropic.response.service_tier",
        "agent.pricing.service_tier",
        "openai.request.service_tier",
        "gen_ai.openai.request.service_tier",
    ),
    context=tuple(name for names in _CONTEXT.values() for name in names),
)
_NOT_MARKS: Final = frozenset({*SPELLINGS.agent, *SPELLINGS.conversation, *SPELLINGS.tier, *SPELLINGS.context})
_KEYS: Final = {_OPERATION, _PROVIDER, _SYSTEM, _REQUEST_MODEL, _RESPONSE_MODEL}

MARKS: Final = (SPELLINGS.all_names() | _KEYS) - _NOT_MARKS
WANTED: Final = (
    SPELLINGS.all_names()
    | _KEYS
    | {_ADDRESS, _SERVICE, _ERROR_TYPE, _EXCEPTION_TYPE, _CACHE_HIT, _CURRENCY, _COST_SOURCE}
)


Named = tuple[Value | None, Value | None, Value | None, Value | None, Value | None]
"""Provider in both spellings, server address, model asked for and model answered, as sent."""


class Profile(NamedTuple):
    """What follows from the texts that calls have in common."""

    source: Source
    emitter: Emitter
    context: PriceContext


class Told(NamedTuple):
    """What a resource says of all its calls."""

    service: str
    agent: str
    conversation: str
    context: PriceContext


_COUNTED: Final = 6
"""How many of the counts are tokens; the last one is a total, which is evidence only."""
_NO_UNITS: Final[Mapping[str, int]] = MappingProxyType({})
_NO_USAGE: Final = {kind: Reading(kind, None) for kind in KINDS}


def claims(span: Span) -> bool:
    """Whether the span has any mark of the conventions."""
    return not MARKS.isdisjoint(span.attributes)


def read(span: Span) -> Reading:
    """Kind and usage of a span that follows any generation of the conventions."""
    attributes = span.attributes
    present = _present(tuple(attributes))
    operation = find_operation(attributes.get(_OPERATION))
    if operation is UNNAMED:
        operation = operation_of_name(span.name)
    flags: list[str] = []
    counts = read_counts(attributes, present, operation.kind, flags)
    cost = read_cost(attributes, present, flags) if present.cost else None
    kind = operation.kind
    if cost is None and (counts is None or not any(counts[:_COUNTED])):
        if kind not in LEAF_KINDS:
            return _NO_USAGE[kind]
        flags.append(USAGE_MISSING if counts is None else ZERO_USAGE)
        counts = None
    elif kind == OTHER and not operation.never_billable:
        kind = _kind_of_unknown(attributes)
    return Reading(kind, _record(span, present, operation=operation, kind=kind, counts=counts, cost=cost, flags=flags))


def _kind_of_unknown(attributes: Mapping[str, Value]) -> str:
    """An operation that nobody knows: with a model it is a call, without one it can only be a sum of others' calls."""
    return LLM if _REQUEST_MODEL in attributes or _RESPONSE_MODEL in attributes else STEP


def read_cost(attributes: Mapping[str, Value], present: Spellings, flags: list[str]) -> int | None:
    """Nano-USD that the span says it cost; None when it says nothing, zero, or another currency."""
    for name in present.cost:
        if name == _AMOUNT and read_text(attributes.get(_CURRENCY)).upper() not in ("", "USD"):
            flags.append(FOREIGN_CURRENCY)
        elif (cost := coerce_usd(attributes[name], flags)) is not None:
            return cost
    return None


def _record(
    span: Span,
    present: Spellings,
    *,
    operation: Operation,
    kind: str,
    counts: Counts | None,
    cost: int | None,
    flags: list[str],
) -> UsageRecord:
    attributes, origin = span.attributes, span.origin
    get = attributes.get
    told = _told(origin.resource)
    tier = first_text(attributes, present.tier) if present.tier else ""
    named = get(_PROVIDER), get(_SYSTEM), get(_ADDRESS), get(_REQUEST_MODEL), get(_RESPONSE_MODEL)
    source, emitter, context = _profile(named, tier, origin.scope)
    if present.context or told.context is not NO_CONTEXT:
        context = _context(tier, attributes, told.context)
    model = source.response_model or source.request_model
    tokens = NO_TOKENS
    if counts is not None:
        tokens = split(counts, emitter, provider=source.provider, model=model, flags=flags)
    return UsageRecord(
        SPANS, NAME, origin.scope[:LONGEST_TEXT], kind, operation.name,
        span.trace_id, span.span_id, span.start_ns, span.end_ns,
        source.provider, source.gateway, source.request_model, source.response_model, model,
        told.service,
        first_text(attributes, present.agent) or told.agent,
        first_text(attributes, present.conversation) or told.conversation,
        first_text(attributes, present.call_key),
        tokens,
        MISSING if counts is None and cost is None else REPORTED,
        _error_type(span) if span.status == STATUS_ERROR or _ERROR_TYPE in attributes else "",
        context,
        cost, "" if cost is None else _cost_source(source, attributes),
        _NO_UNITS,
        tuple(dict.fromkeys(flags)) if flags else (),
        CACHE_HIT if _CACHE_HIT in attributes and is_true(attributes[_CACHE_HIT]) else operation.never_billable,
    )  # fmt: skip


@lru_cache(maxsize=1024)
def _present(keys: tuple[str, ...]) -> Spellings:
    return SPELLINGS.present_in(keys)


@lru_cache(maxsize=512)
def _profile(named: Named, tier: str, scope: str) -> Profile:
    context = PriceContext(service_tier=tier.lower()) if tier else NO_CONTEXT
    return Profile(identify(*named), emitter_of(scope), context)


@OfResource
def _told(resource: Mapping[str, Value]) -> Told:
    present = _present(tuple(resource))
    return Told(
        read_text(resource.get(_SERVICE)),
        first_text(resource, present.agent),
        first_text(resource, present.conversation),
        _context("", resource, NO_CONTEXT) if present.context else NO_CONTEXT,
    )


def _context(tier: str, attributes: Mapping[str, Value], otherwise: PriceContext) -> PriceContext:
    """The price context that the attributes state; what they leave open is as `otherwise` says."""
    stated = {
        field: first_text(attributes, [name for name in names if name in attributes])
        for field, names in _CONTEXT.items()
    }
    stated["service_tier"] = tier or stated["service_tier"]
    lowered = {field: text if field == "org" else text.lower() for field, text in stated.items()}
    return PriceContext(*(own or given for own, given in zip(PriceContext(**lowered), otherwise, strict=True)))


def _error_type(span: Span) -> str:
    stated = span.attributes.get(_ERROR_TYPE)
    if stated is None:
        # The conventions' own word for an error without a name.
        stated = span.attributes.get(_EXCEPTION_TYPE, "_OTHER")
    return read_text(stated)


def _cost_source(source: Source, attributes: Mapping[str, Value]) -> str:
    """A gateway knows what it charges; a client multiplies list prices, unless it says that the provider told it."""
    if source.gateway:
        return "gateway"
    return "provider" if attributes.get(_COST_SOURCE) == "provider" and _AMOUNT in attributes else "estimate"


DIALECT: Final = Dialect(name=NAME, marks=MARKS, wanted=WANTED, claims=claims, read=read)
