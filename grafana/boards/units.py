"""Units of panels and columns, and how money is shown so that $0.0012 and $1,234 both read well."""

from __future__ import annotations

from typing import Final

from grafana_foundation_sdk.models.dashboard import (
    DashboardRangeMapOptions,
    DynamicConfigValue,
    MatcherConfig,
    RangeMap,
    ValueMappingResult,
)

USD: Final = "currency:financial:$"
"""US dollars with separators of thousands, never shortened; `money_overrides` gives decimals by magnitude.

Not `currencyUSD`, which has one number of decimals for all: with two a tenth of a cent is $0.00; without, each value
gets three digits, so that 12.34 loses its cents ($12.3) and 1,234 becomes $1.23 K.
"""
USD_CHANGE: Final = "currencyUSD"
"""For differences: here `USD` would write $-11.62 where people write -$11.62."""
TOKENS: Final = "si:tok"
CALLS: Final = "si:calls"
RATIO: Final = "percentunit"
SECONDS: Final = "s"
COUNT: Final = "none"
"""A number whose title says what is counted."""
BYTES: Final = "bytes"
MOMENT: Final = "dateTimeAsSystem"
"""A Unix time in milliseconds, as date and time in the viewer's zone."""
FROM_NOW: Final = "dateTimeFromNow"

SMALL_USD: Final = 0.0995
"""Below this an amount is shown with four decimals, so that a tenth of a cent does not become $0.00."""
LARGE_USD: Final = 999.5
"""From here on cents are noise, where a number stands alone."""

_DECIMALS: Final = {USD: 2, USD_CHANGE: 2, RATIO: 1}


def is_money(unit: str) -> bool:
    """Whether amounts in this unit need decimals by magnitude."""
    return unit in {USD, USD_CHANGE}


def decimals_of(unit: str) -> int | None:
    """Decimals of a unit before overrides; None leaves them to Grafana, which shows three digits."""
    return _DECIMALS.get(unit)


def money_overrides(*, columns: bool = False) -> list[tuple[MatcherConfig, list[DynamicConfigValue]]]:
    """Decimals by magnitude; a later one wins over an earlier one.

    Grafana formats a series or a column alike, so its largest amount decides: $0.0012, $0.23, $12.34, $1,234.  In a
    column, where amounts are compared, cents are kept ($1,234.00 above $0.23).  What would round to nothing is said
    in words.  An exact 0 is $0.00.
    """
    small = [
        (_largest("lt", SMALL_USD), [*_decimals(4), _in_words(0.00005, "< $0.0001")]),
        (_largest("lte", 0), _decimals(2)),
    ]
    if columns:
        return [*small, (_largest("gte", SMALL_USD), [_in_words(0.005, "< $0.01")])]
    return [*small, (_largest("gte", LARGE_USD), _decimals(0))]


def _largest(comparison: str, value: float) -> MatcherConfig:
    return MatcherConfig(id_val="byValue", options={"reducer": "max", "op": comparison, "value": value})


def _decimals(count: int) -> list[DynamicConfigValue]:
    return [DynamicConfigValue("decimals", count)]


def _in_words(below: float, words: str) -> DynamicConfigValue:
    """What would be rounded to nothing, though it is not nothing."""
    between = DashboardRangeMapOptions(from_val=1e-12, to=below, result=ValueMappingResult(text=words))
    return DynamicConfigValue("mappings", [RangeMap(options=between)])
