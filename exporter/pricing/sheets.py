"""From six token counts and a sheet of rates to a charge: integers only, rounded once.

Everything that depends on model, time and context is in the sheet already; what is left for each call is the
tier decision, a dot product and one division.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import gcd
from typing import Final, NamedTuple

from exporter.money import MAX_CALL_NANO_USD, PICO_PER_NANO, divide_half_even
from exporter.pricing.charge import ESTIMATED, FREE, PARTIAL, PRICED, UNKNOWN, Charge, Component
from exporter.usage import TOKEN_CLASSES, Tokens

MAX_COUNT: Final = 10**15
"""A larger token count is no usage (specs/pricing.md §3.2)."""
TTL_ASSUMED: Final = "ttl_assumed"
INVALID_USAGE: Final = "invalid_usage"
CONTEXT_ASSUMED: Final = "context_assumed"

REQUESTS: Final = "requests"
UNIT_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "characters": ("input_characters",),
    "code_interpreter_calls": ("code_executions",),
    "file_search_calls": ("storage_searches",),
    "file_searches": ("storage_searches",),
    "pages": ("input_document_pages",),
    "search_units": ("rerank_searches",),
    "searches": ("rerank_searches",),
    "seconds": ("audio_seconds", "input_audio_seconds", "output_audio_seconds"),
    "web_search": ("web_searches",),
    "web_search_calls": ("web_searches",),
    "web_search_requests": ("web_searches",),
}
"""Names that emitters give a unit, and the rates that may be meant."""
PART_OF_CLASS: Final[Mapping[str, int]] = {
    "input_audio_tokens": 0,
    "input_image_tokens": 0,
    "input_video_tokens": 0,
    "cache_audio_read_tokens": 1,
    "cache_image_read_tokens": 1,
    "output_audio_tokens": 4,
    "output_image_tokens": 4,
    "output_video_tokens": 4,
    "output_citation_tokens": 4,
}
"""Units that are tokens of one of the six classes already; with a rate of their own they leave that class."""


class Rates(NamedTuple):
    """One tier: pico-USD per token of each class (None: the provider states no price), and of special tokens."""

    from_tokens: int
    label: str
    per_class: tuple[int | None, ...]
    special: Mapping[str, int]
    nano: tuple[int, ...]
    """Nano-USD per token after the multipliers, when every class has a rate and all are whole; else empty."""


class Sheet(NamedTuple):
    """What a call of one model costs at an instant and in a context."""

    base: Rates
    tiers: tuple[Rates, ...]
    fees: Mapping[str, int]
    per_request: bool
    """Whether a fee is due for the call itself."""
    numerator: int
    denominator: int
    reasons: tuple[str, ...]
    """Why amounts by this sheet are estimates; empty when they are exact."""
    unsure_cache: bool
    """Cached input may cost more than this sheet says."""
    assumed_1h: bool
    """Writes of an hour are priced like those of five minutes, for want of a rate."""
    version: str


_component: Final = tuple.__new__  # what NamedTuple's own constructor calls, without its cost


class Line(NamedTuple):
    name: str
    quantity: int
    rate: int
    weight: int
    """Amount in pico-USD times the denominator of the sheet."""
    tier: str


def unknown(*reasons: str) -> Charge:
    """The charge of a call that cannot be priced: never 0."""
    return Charge(None, UNKNOWN, reasons, (), "")


def charge_by(sheet: Sheet, tokens: Tokens, units: Mapping[str, int]) -> Charge:
    """The charge of one call; its components add up to its total."""
    if min(tokens) < 0 or max(tokens) > MAX_COUNT:
        return unknown(INVALID_USAGE)
    rates = _tier_of(sheet, tokens) if sheet.tiers else sheet.base
    if units or sheet.per_request:
        return _charge_with_units(sheet, rates, tokens, units)
    if rates.nano and not (sheet.unsure_cache and tokens[1]) and not (sheet.assumed_1h and tokens[3]):
        return _whole_charge(sheet, rates, tokens)
    return _charge(sheet, tokens, _token_lines(sheet, rates, tokens), _classes_without_rate(rates, tokens))


def _whole_charge(sheet: Sheet, rates: Rates, tokens: Tokens) -> Charge:
    """The common case: exact prices that need no rounding, so that each amount is one product."""
    label = rates.label
    total = 0
    parts = []
    for name, count, rate, nano in zip(TOKEN_CLASSES, tokens, rates.per_class, rates.nano):  # noqa: B905 - six each
        if count:
            amount = count * nano
            total += amount
            parts.append(_component(Component, (name, count, rate, label, amount)))
    if total > MAX_CALL_NANO_USD:
        return unknown(INVALID_USAGE)
    if not total and parts:
        return Charge(0, FREE, (), tuple(parts), sheet.version)
    return Charge(total, ESTIMATED if sheet.reasons else PRICED, sheet.reasons, tuple(parts), sheet.version)


def _charge_with_units(sheet: Sheet, rates: Rates, tokens: Tokens, units: Mapping[str, int]) -> Charge:
    lines, missing, invalid = _lines_with_units(sheet, rates, tokens, units)
    if invalid:
        return unknown(INVALID_USAGE)
    return _charge(sheet, tokens, lines, (*_classes_without_rate(rates, tokens), *missing))


def _classes_without_rate(rates: Rates, tokens: Tokens) -> tuple[str, ...]:
    if None not in rates.per_class:
        return ()
    counted = zip(TOKEN_CLASSES, tokens, rates.per_class, strict=True)
    return tuple(f"no_rate:{name}" for name, count, rate in counted if count and rate is None)


def _tier_of(sheet: Sheet, tokens: Tokens) -> Rates:
    """One decision for the whole request, by its whole prompt with all cached parts."""
    prompt = tokens[0] + tokens[1] + tokens[2] + tokens[3]
    chosen = sheet.base
    for tier in sheet.tiers:
        if prompt < tier.from_tokens:
            break
        chosen = tier
    return chosen


def _token_lines(sheet: Sheet, rates: Rates, tokens: Tokens) -> list[Line]:
    numerator, label = sheet.numerator, rates.label
    return [
        Line(name, count, rate, count * rate * numerator, label)
        for name, count, rate in zip(TOKEN_CLASSES, tokens, rates.per_class)  # noqa: B905 - both are six long
        if count and rate is not None
    ]


def _lines_with_units(
    sheet: Sheet, rates: Rates, tokens: Tokens, units: Mapping[str, int]
) -> tuple[list[Line], tuple[str, ...], bool]:
    """The lines, what had no rate, and whether a count was impossible."""
    left = list(tokens)
    special: list[Line] = []
    missing: list[str] = []
    counts = {REQUESTS: 1, **units} if sheet.per_request else units
    for name, count in counts.items():
        if count < 0 or count > MAX_COUNT:
            return [], (), True
        if not count:
            continue
        token_class = PART_OF_CLASS.get(name)
        fee = _fee_name(sheet.fees, name)
        if token_class is not None:
            taken = min(count, left[token_class])
            rate = rates.special.get(name)
            if rate is not None and taken:
                left[token_class] -= taken
                special.append(Line(name, taken, rate, taken * rate * sheet.numerator, rates.label))
        elif fee is not None:
            rate = sheet.fees[fee]
            special.append(Line(fee, count, rate, count * rate * sheet.denominator, ""))
        elif name != REQUESTS:
            missing.append(f"no_rate:{name}")
    return _token_lines(sheet, rates, Tokens._make(left)) + special, tuple(missing), False


def _fee_name(fees: Mapping[str, int], unit: str) -> str | None:
    if unit in fees:
        return unit
    return next((name for name in UNIT_NAMES.get(unit, ()) if name in fees), None)


def _charge(sheet: Sheet, tokens: Tokens, lines: list[Line], missing: tuple[str, ...]) -> Charge:
    denominator = sheet.denominator * PICO_PER_NANO
    weight = 0
    for line in lines:
        weight += line.weight
    if missing and not weight:
        return unknown(*missing)
    total = divide_half_even(weight, denominator)
    if total > MAX_CALL_NANO_USD:
        return unknown(INVALID_USAGE)
    parts = _components(lines, total, denominator)
    reasons = _reasons(sheet, tokens)
    if missing:
        return Charge(total, PARTIAL, (*reasons, *missing), parts, sheet.version)
    if not weight and lines:
        return Charge(0, FREE, (), parts, sheet.version)
    return Charge(total, ESTIMATED if reasons else PRICED, reasons, parts, sheet.version)


def _components(lines: list[Line], total: int, denominator: int) -> tuple[Component, ...]:
    """Amounts that add up to the total: rounded down, and what is then missing goes to the largest remainders."""
    amounts = [line.weight // denominator for line in lines]
    missing = total - sum(amounts)
    if missing:
        lost = [amount * denominator - line.weight for amount, line in zip(amounts, lines, strict=True)]
        for index in sorted(range(len(lines)), key=lost.__getitem__)[:missing]:
            amounts[index] += 1
    return tuple(
        _component(Component, (name, quantity, rate, tier, amount))
        for (name, quantity, rate, _, tier), amount in zip(lines, amounts, strict=True)
    )


def _reasons(sheet: Sheet, tokens: Tokens) -> tuple[str, ...]:
    reasons = sheet.reasons
    if sheet.assumed_1h and tokens[3]:
        reasons = (*reasons, TTL_ASSUMED)
    if sheet.unsure_cache and tokens[1] and CONTEXT_ASSUMED not in reasons:
        reasons = (*reasons, CONTEXT_ASSUMED)
    return reasons


def make_sheet(
    base: Rates,
    tiers: tuple[Rates, ...],
    fees: Mapping[str, int],
    *,
    reasons: tuple[str, ...],
    assumed_1h: bool,
    version: str,
) -> Sheet:
    """A sheet without multipliers."""
    return multiplied(Sheet(base, tiers, fees, REQUESTS in fees, 1, 1, reasons, False, assumed_1h, version), (1, 1))


def multiplied(sheet: Sheet, ratio: tuple[int, int]) -> Sheet:
    """The sheet with all token rates multiplied; fees stay as they are."""
    top, bottom = sheet.numerator * ratio[0], sheet.denominator * ratio[1]
    common = gcd(top, bottom)
    top, bottom = top // common, bottom // common
    return sheet._replace(
        base=_with_nano(sheet.base, top, bottom * PICO_PER_NANO),
        tiers=tuple(_with_nano(tier, top, bottom * PICO_PER_NANO) for tier in sheet.tiers),
        numerator=top,
        denominator=bottom,
    )


def _with_nano(rates: Rates, numerator: int, denominator: int) -> Rates:
    scaled = [rate * numerator for rate in rates.per_class if rate is not None]
    if len(scaled) < len(rates.per_class) or any(rate % denominator for rate in scaled):
        return rates._replace(nano=())
    return rates._replace(nano=tuple(rate // denominator for rate in scaled))


def with_reasons(charge: Charge, reasons: tuple[str, ...]) -> Charge:
    """The charge with further reasons for being an estimate, such as a token basis that was assumed."""
    added = tuple(reason for reason in reasons if reason not in charge.reasons)
    if not added or charge.cost_status not in (PRICED, ESTIMATED, PARTIAL):
        return charge
    status = PARTIAL if charge.cost_status == PARTIAL else ESTIMATED
    return charge._replace(cost_status=status, reasons=(*charge.reasons, *added))
