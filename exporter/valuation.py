"""What a usage record costs: the list price, what makes it an estimate, or what the emitter reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from exporter.dialects.basis import BASIS_GUESS
from exporter.money import divide_half_even
from exporter.pricing.book import Listing, PriceBook
from exporter.pricing.charge import REPORTED, UNKNOWN, Charge
from exporter.pricing.sheets import TTL_ASSUMED, charge_by, with_reasons
from exporter.usage import (
    AGGREGATE_KINDS,
    ESTIMATED,
    LIST_EQUIVALENT,
    METRICS,
    MISSING,
    TTL_UNKNOWN,
    PriceContext,
    UsageRecord,
)

INCLUSIVE_ASSUMED: Final = "inclusive_assumed"
USAGE_ESTIMATED: Final = "usage_estimated"
"""Nobody told the emitter the usage; it counted the words."""
BOUNDARY_STRADDLE: Final = "boundary_straddle"
NO_USAGE_CHARGE: Final = Charge(None, UNKNOWN, ("no_usage",), (), "")
TIER_ASSUMED: Final = "tier_assumed"
"""Calls are known by their sum alone, which does not tell how large each was, and large ones have another price."""
TTL_BY_COST: Final = "ttl_by_cost"
"""Flag: which cache writes live long follows from the cost that the client worked out."""
ROUNDING_NANO: Final = 2
_TRUSTED_SOURCES: Final = frozenset({"provider", "gateway"})


class Moment(NamedTuple):
    """When a call ran; its price is that of its start."""

    start_ns: int
    end_ns: int


def value_usage(usage: UsageRecord, book: PriceBook, context: PriceContext, moment: Moment) -> tuple[str, Charge]:
    """The model that was priced and the charge.

    Ours wins when there is a list price.  Without one, a cost above 0 that a provider or gateway states is
    charged as `reported`; what a client estimated is not.
    """
    models = list(dict.fromkeys(filter(None, (usage.price_model, usage.response_model, usage.request_model))))
    first = models[0] if models else ""
    if usage.usage_status == MISSING:
        return first, NO_USAGE_CHARGE
    if usage.cost_reported_nano_usd and not any(usage.tokens) and not usage.units:
        # Nothing to price, and somebody says it cost money: 0 would be a lie.
        return first, _reported(usage) or NO_USAGE_CHARGE
    listing, charge = _list_price(usage, book, models, context, moment)
    if charge.cost_nano_usd is None:
        return listing.model, _reported(usage) or charge
    doubts = _doubts(usage, listing, moment)
    is_sum = usage.signal == METRICS or usage.kind in AGGREGATE_KINDS
    if is_sum and any(component.tier for component in charge.components):
        charge, further = _charge_of_sum(usage, listing, charge)
        doubts += further
    return listing.model, with_reasons(charge, doubts) if doubts else charge


def tell_lifetimes(usage: UsageRecord, book: PriceBook, context: PriceContext, moment: Moment) -> UsageRecord:
    """The record with the lifetimes of its cache writes, where the cost that its client worked out proves them.

    A client that multiplies list prices knows lifetimes that it does not send; what its cost has more than ours with
    short lives throughout are the long ones, to the token.
    """
    tokens, reported = usage.tokens, usage.cost_reported_nano_usd
    written = tokens.cache_write_5m
    if TTL_UNKNOWN not in usage.flags or not reported or usage.cost_source != "estimate" or not written:
        return usage
    flags = (*(flag for flag in usage.flags if flag != TTL_UNKNOWN), TTL_BY_COST)

    def told(long_lived: int) -> UsageRecord:
        split = tokens._replace(cache_write_5m=written - long_lived, cache_write_1h=long_lived)
        return replace(usage, tokens=split, flags=flags)

    def cost(record: UsageRecord) -> int:
        return value_usage(record, book, context, moment)[1].cost_nano_usd or 0

    least, most = cost(told(0)), cost(told(written))
    if not 0 < least < most or not least - ROUNDING_NANO <= reported <= most + ROUNDING_NANO:
        return usage
    found = told(divide_half_even((reported - least) * written, most - least))
    return found if abs(cost(found) - reported) <= ROUNDING_NANO else usage


def _charge_of_sum(usage: UsageRecord, listing: Listing, whole: Charge) -> tuple[Charge, tuple[str, ...]]:
    """What calls cost of which only the sum is known: as small ones, unless the client's own cost says otherwise."""
    sheet = listing.sheet
    if sheet is None or not sheet.tiers:
        return whole, ()
    small = charge_by(sheet._replace(tiers=()), usage.tokens, usage.units)
    for charge in (small, whole):
        if abs((charge.cost_nano_usd or 0) - (usage.cost_reported_nano_usd or 0)) <= ROUNDING_NANO:
            return charge, ()
    return small, (TIER_ASSUMED,)


def _reported(usage: UsageRecord) -> Charge | None:
    amount, source = usage.cost_reported_nano_usd, usage.cost_source
    return Charge(amount, REPORTED, (), (), f"reported:{source}") if amount and source in _TRUSTED_SOURCES else None


def _list_price(
    usage: UsageRecord, book: PriceBook, models: list[str], context: PriceContext, moment: Moment
) -> tuple[Listing, Charge]:
    """By the reseller's list when there is one, else by the provider's; the first model that has a price."""
    if usage.gateway:
        listing = book.listing(usage.gateway, models, moment.start_ns, context)
        charge = listing.price(usage.tokens, usage.units)
        if charge.cost_nano_usd is not None:
            return listing, charge
    listing = book.listing(usage.provider, models, moment.start_ns, context)
    return listing, listing.price(usage.tokens, usage.units)


def _doubts(usage: UsageRecord, listing: Listing, moment: Moment) -> tuple[str, ...]:
    """Why the amount is an estimate although there is a price."""
    doubts: tuple[str, ...] = (LIST_EQUIVALENT,) if usage.cost_source == LIST_EQUIVALENT else ()
    if usage.flags:
        if BASIS_GUESS in usage.flags:
            doubts = (*doubts, INCLUSIVE_ASSUMED)
        if TTL_UNKNOWN in usage.flags and listing.is_dear_to_keep:
            doubts = (*doubts, TTL_ASSUMED)
    if usage.usage_status == ESTIMATED:
        doubts = (*doubts, USAGE_ESTIMATED)
    if listing.changes_by(moment.end_ns):
        doubts = (*doubts, BOUNDARY_STRADDLE)
    return doubts
