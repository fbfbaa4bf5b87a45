"""A price from any layer in one shape, and its rates made ready for a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from exporter.pricing.row_json import instant_stamp
from exporter.pricing.rows import PriceRow, Tier, Windows, row_digest
from exporter.pricing.sheets import PART_OF_CLASS, Rates, Sheet, make_sheet

_FALLBACKS: Final = (
    ("input",),
    ("cache_read", "input"),
    ("cache_write_5m", "input"),
    ("cache_write_1h", "cache_write_5m", "input"),
    ("output",),
    ("reasoning", "output"),
)
"""For each token class, the rates that hold for it, best first.

A provider that states no cache price charges cached tokens as input, and one that states none for reasoning
charges it as output.
"""


class Offer(NamedTuple):
    """What one row of one layer says about a model: for how long, in which context, at which rates."""

    layer: str
    from_ns: int | None
    until_ns: int | None
    context: Mapping[str, str]
    windows: Windows | None
    rates: Mapping[str, int]
    tiers: tuple[Tier, ...]
    version: str
    percent: tuple[int, int] | None = None
    alias_of: str = ""
    estimated: str = ""

    def holds_at(self, at_ns: int) -> bool:
        after = self.from_ns is None or self.from_ns <= at_ns
        return after and (self.until_ns is None or at_ns < self.until_ns)


def offer_of_row(row: PriceRow, book: str) -> Offer:
    """`book` names the set of rows in the offer's version, such as "corrections r1"."""
    return Offer(
        layer=row.layer,
        from_ns=row.effective_from_ns,
        until_ns=row.effective_until_ns,
        context=row.context,
        windows=row.windows,
        rates=row.rates,
        tiers=row.tiers,
        version=f"{book}:{row.provider}/{row.model}@{instant_stamp(row.effective_from_ns)}#{row_digest(row)}",
        percent=row.percent_of_list,
        alias_of=row.alias_of,
        estimated=row.estimated,
    )


def sheet_of_offer(offer: Offer) -> Sheet | None:
    """The offer's rates as a sheet; None when it states none."""
    if not offer.rates:
        return None
    return make_sheet(
        _rates(0, "", offer.rates),
        tuple(_rates(tier.from_tokens, tier.label, tier.rates) for tier in offer.tiers),
        {name: rate for name, rate in offer.rates.items() if name not in _TOKEN_NAMES},
        reasons=(offer.estimated,) if offer.estimated else (),
        assumed_1h="cache_write_1h" not in offer.rates and "cache_write_5m" in offer.rates,
        version=offer.version,
    )


def _rates(from_tokens: int, label: str, rates: Mapping[str, int]) -> Rates:
    per_class = tuple(next((rates[name] for name in names if name in rates), None) for names in _FALLBACKS)
    special = {name: rate for name, rate in rates.items() if name in PART_OF_CLASS}
    return Rates(from_tokens, label, per_class, special, ())


_TOKEN_NAMES: Final = frozenset(PART_OF_CLASS) | {name for names in _FALLBACKS for name in names}
