"""From the attributes of a span to its usage record: what all dialects have in common.

A dialect says which names its fields have and what kind of work the span is; the rest follows the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from exporter.dialects.basis import Counts, Emitter, emitter_of, split
from exporter.dialects.conventions import (
    CACHE_HIT,
    CONTEXT,
    COST_AMOUNT,
    COST_CURRENCY,
    COST_SOURCE,
    ERROR_TYPE,
    EXCEPTION_TYPE,
    SERVICE,
    SPELLINGS,
)
from exporter.dialects.counting import read_counts
from exporter.dialects.evidence import evidence_of
from exporter.dialects.fields import LONGEST_TEXT, coerce_usd, first_text, is_true, read_text, short_texts
from exporter.dialects.kinds import Operation
from exporter.dialects.providers import Source, bare_model, identify
from exporter.dialects.spellings import Identity, Spellings
from exporter.dialects.units import NO_UNITS, read_units
from exporter.signals import STATUS_ERROR, OfResource, Span, Value
from exporter.usage import (
    AGENT,
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

USAGE_MISSING: Final = "usage_missing"
ZERO_USAGE: Final = "zero_usage"
FOREIGN_CURRENCY: Final = "foreign_currency"
"""A cost was reported in another currency than USD; nobody knows the rate, so it is left out."""
GATEWAY_CACHE_HIT: Final = "cache_hit"

_COUNTED: Final = 6
"""How many of the counts are tokens; the last one is a total, which is evidence only."""
NOTHING: Final = Reading(OTHER, None)
"""The reading of what says nothing of calls."""
_NO_USAGE: Final = {kind: Reading(kind, None) for kind in KINDS}


class Profile(NamedTuple):
    """What follows from the texts that calls have in common."""

    source: Source
    emitter: Emitter
    context: PriceContext
    price_model: str


class Told(NamedTuple):
    """What a resource says of all its calls."""

    service: str
    agent: str
    conversation: str
    context: PriceContext


def read_usage(span: Span, present: Spellings, dialect: str, operation: Operation, *, counted_as: str = "") -> Reading:
    """Kind and usage of a span that does this operation, under the names that it has of its dialect's spellings.

    `counted_as` names the row of `basis.EMITTERS` for it, where the instrumentation scope does not.
    """
    attributes = span.attributes
    kind = operation.kind
    if not present.measured and kind not in LEAF_KINDS:
        return _without_usage(span, present, kind)
    flags: list[str] = []
    counts = read_counts(attributes, present, kind, flags)
    cost = read_cost(attributes, present, flags) if present.cost or present.cost_parts else None
    units = read_units(attributes, present.units, flags) if present.units else NO_UNITS
    if cost is None and not units and (counts is None or not any(counts[:_COUNTED])):
        if kind not in LEAF_KINDS:
            return _without_usage(span, present, kind)
        flags.append(USAGE_MISSING if counts is None else ZERO_USAGE)
        counts = None
    elif kind == OTHER and not operation.never_billable:
        # With a model it is a call, without one it can only be a sum of others' calls.
        kind = LLM if present.request_model or present.response_model else STEP
        operation = operation._replace(kind=kind)
        if kind == LLM and operation.name and not present.call_key:
            # Nobody knows the operation and no answer has been given an id: what stands below it decides (rule R4).
            kind = OTHER
    counted_as = counted_as or span.origin.scope
    record = _record(
        span, present, dialect, operation, counted_as=counted_as, counts=counts, cost=cost, units=units, flags=flags
    )
    return Reading(kind, record, first_text(attributes, present.agent) if kind == AGENT else "")


def _without_usage(span: Span, present: Spellings, kind: str) -> Reading:
    agent = first_text(span.attributes, present.agent) if kind == AGENT and present.agent else ""
    return Reading(kind, None, agent) if agent else _NO_USAGE[kind]


def read_cost(attributes: Mapping[str, Value], present: Spellings, flags: list[str]) -> int | None:
    """Nano-USD that the span says it cost; None when it says nothing, zero, or another currency."""
    for name in present.cost:
        if name == COST_AMOUNT and read_text(attributes.get(COST_CURRENCY)).upper() not in ("", "USD"):
            flags.append(FOREIGN_CURRENCY)
        elif (cost := coerce_usd(attributes[name], flags)) is not None:
            return cost
    return sum(coerce_usd(attributes[name], flags) or 0 for name in present.cost_parts) or None


def _record(
    span: Span,
    present: Spellings,
    dialect: str,
    operation: Operation,
    *,
    counted_as: str,
    counts: Counts | None,
    cost: int | None,
    units: Mapping[str, int],
    flags: list[str],
) -> UsageRecord:
    attributes, origin = span.attributes, span.origin
    told = _told(origin.resource)
    tier = first_text(attributes, present.tier) if present.tier else ""
    named = short_texts(tuple(map(attributes.__getitem__, present.identity.all_names)))
    source, emitter, context, model = _profile(present.identity, named, tier, counted_as)
    if present.speed:
        context = context._replace(speed=first_text(attributes, present.speed).lower())
    if present.context or told.context is not NO_CONTEXT:
        context = _merge(context, _context(tier, attributes, told.context))
    tokens = NO_TOKENS
    if counts is not None:
        tokens = split(counts, emitter, provider=source.provider, model=model, flags=flags)
    return UsageRecord(
        SPANS, dialect, origin.scope[:LONGEST_TEXT], operation.kind, operation.name,
        span.trace_id, span.span_id, span.start_ns, span.end_ns,
        source.provider, source.gateway, source.request_model, source.response_model, model,
        told.service,
        first_text(attributes, present.agent) or told.agent,
        first_text(attributes, present.conversation) or told.conversation,
        first_text(attributes, present.call_key),
        tokens,
        MISSING if counts is None and cost is None and not units else REPORTED,
        _error_type(span) if span.status == STATUS_ERROR or ERROR_TYPE in attributes else "",
        context,
        cost, "" if cost is None else _cost_source(source, attributes),
        units,
        tuple(dict.fromkeys(flags)) if flags else (),
        evidence=evidence_of(attributes, present, "" if counted_as == origin.scope else counted_as),
        never_billable=GATEWAY_CACHE_HIT if _is_cache_hit(attributes) else operation.never_billable,
    )  # fmt: skip


def _is_cache_hit(attributes: Mapping[str, Value]) -> bool:
    return CACHE_HIT in attributes and is_true(attributes[CACHE_HIT])


@lru_cache(maxsize=512)
def _profile(identity: Identity, named: tuple[str, ...], tier: str, scope: str) -> Profile:
    """`named` are the values of all names of `identity`, in their order."""
    values = dict(zip(identity.all_names, named, strict=True))
    source = identify(
        [read_text(values[name]) for name in identity.provider],
        first_text(values, identity.address),
        first_text(values, identity.request_model),
        first_text(values, identity.response_model),
    )
    context = PriceContext(service_tier=tier.lower()) if tier else NO_CONTEXT
    model = source.response_model or source.request_model
    if not source.gateway:
        model = bare_model(model, source.provider)
    return Profile(source, emitter_of(scope), context, model)


@OfResource
def _told(resource: Mapping[str, Value]) -> Told:
    present = _present_on_resource(tuple(resource))
    return Told(
        read_text(resource.get(SERVICE)),
        first_text(resource, present.agent),
        first_text(resource, present.conversation),
        _context("", resource, NO_CONTEXT) if present.context else NO_CONTEXT,
    )


@lru_cache(maxsize=1024)
def _present_on_resource(keys: tuple[str, ...]) -> Spellings:
    return SPELLINGS.present_in(keys)


def _context(tier: str, attributes: Mapping[str, Value], otherwise: PriceContext) -> PriceContext:
    """The price context that the attributes state; what they leave open is as `otherwise` says."""
    stated = {
        field: first_text(attributes, [name for name in names if name in attributes])
        for field, names in CONTEXT.items()
    }
    stated["service_tier"] = tier or stated["service_tier"]
    lowered = {field: text if field == "org" else text.lower() for field, text in stated.items()}
    return _merge(PriceContext(**lowered), otherwise)


def _merge(own: PriceContext, given: PriceContext) -> PriceContext:
    return PriceContext(*(stated or otherwise for stated, otherwise in zip(own, given, strict=True)))


def _error_type(span: Span) -> str:
    stated = span.attributes.get(ERROR_TYPE)
    if stated is None:
        # The conventions' own word for an error without a name.
        stated = span.attributes.get(EXCEPTION_TYPE, "_OTHER")
    return read_text(stated)


def _cost_source(source: Source, attributes: Mapping[str, Value]) -> str:
    """A gateway knows what it charges; a client multiplies list prices, unless it says that the provider told it."""
    if source.gateway:
        return "gateway"
    return "provider" if attributes.get(COST_SOURCE) == "provider" and COST_AMOUNT in attributes else "estimate"
