"""What looks wrong about new price rows before they are used: questions to whoever sets them, not laws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.pricing.book import PriceBook
from exporter.pricing.names import find_provider
from exporter.pricing.row_json import usd_text
from exporter.pricing.rows import SELF_HOSTED, TOKEN_RATES, PriceRow
from exporter.usage import PriceContext

_BIG_CHANGE: Final = 3
_MILLION: Final = 10**6
_WRITES: Final = (("cache_write_5m", 5, 4), ("cache_write_1h", 2, 1))
"""Anthropic's cache writes cost 1.25 and 2 times the input rate (specs/pricing.md §3.1)."""


class Doubt(NamedTuple):
    row: PriceRow
    text: str


def doubts_about(rows: Sequence[PriceRow], book: PriceBook, now_ns: int) -> list[Doubt]:
    """Everything that asks for a second look; `book` is the one in force before the rows are."""
    return [Doubt(row, text) for row in rows for text in (*_order(row), *_writes(row), *_change(row, book, now_ns))]


def _rate_sets(row: PriceRow) -> Iterable[tuple[str, Mapping[str, int]]]:
    return [("", row.rates), *((f" at prompts {tier.label}", tier.rates) for tier in row.tiers)]


def _order(row: PriceRow) -> Iterator[str]:
    for where, rates in _rate_sets(row):
        for low, high in (("cache_read", "input"), ("input", "output")):
            if low in rates and high in rates and rates[low] > rates[high]:
                yield f"{low} costs more than {high}{where}"
    for (_, below), (where, above) in zip(_rate_sets(row), [*_rate_sets(row)][1:], strict=False):
        if any(above.get(name, rate) < rate for name, rate in below.items() if name in TOKEN_RATES):
            yield f"longer prompts cost less{where}"


def _writes(row: PriceRow) -> Iterator[str]:
    if find_provider(row.provider).book != "anthropic":
        return
    for where, rates in _rate_sets(row):
        for name, numerator, denominator in _WRITES:
            if (
                name in rates
                and "input" in rates
                and abs(rates[name] * denominator - rates["input"] * numerator) > rates["input"] // 10
            ):
                yield f"{name} is not {numerator / denominator:g} times input{where}"


def _change(row: PriceRow, book: PriceBook, now_ns: int) -> Iterator[str]:
    """Against the price in force when the row starts; a self-hosted price is nobody's list price."""
    if not row.rates or row.layer == SELF_HOSTED:
        return
    fields = {key: value for key, value in row.context.items() if key in PriceContext._fields}
    at_ns = now_ns if row.effective_from_ns is None else row.effective_from_ns
    before = book.sheet(row.provider, row.model, at_ns, PriceContext(**fields))
    if before is None:
        return
    for name, index in (("input", 0), ("output", 4)):
        old, new = before.base.per_class[index], row.rates.get(name)
        if old is None or new is None or not old:
            continue
        if not new:
            yield f"{name} becomes free, from {_usd(old)} USD per million"
        elif max(old, new) > _BIG_CHANGE * min(old, new):
            yield f"{name} changes from {_usd(old)} to {_usd(new)} USD per million"


def _usd(rate: int) -> str:
    return usd_text(rate * _MILLION)
