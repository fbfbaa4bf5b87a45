"""Limits as people write them, as exact integers: `1000 USD`, `0.50 USD`, `2M tokens`, `500k tokens`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final, NamedTuple

from exporter.money import MAX_NANO_USD, NANO_PER_USD

NANO_USD: Final = "nano_usd"
TOKENS: Final = "tokens"
UNITS: Final = (NANO_USD, TOKENS)

EXPECTED_LIMIT: Final = 'an amount above 0 as "1000 USD", "0.50 USD", "2M tokens" or "500k tokens"'

_LIMIT: Final = re.compile(r"(\d{1,19}(?:\.\d{1,19})?)(?: ?([kKMB]))? ?(USD|tokens?)", re.ASCII)
_MULTIPLES: Final = {None: 1, "k": 10**3, "K": 10**3, "M": 10**6, "B": 10**9}


class Limit(NamedTuple):
    """An amount in nano-USD or in tokens."""

    amount: int
    unit: str


def parse_limit(text: str) -> Limit:
    """The limit that a text states, exactly.

    ValueError for anything else: no unit, not above 0, finer than a nano-USD or a token, or beyond
    a 64-bit integer (9.2 billion USD).
    """
    found = _LIMIT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"expected {EXPECTED_LIMIT}")
    number, multiple, noun = found.groups()
    unit, scale = (NANO_USD, NANO_PER_USD) if noun == "USD" else (TOKENS, 1)
    amount = Fraction(number) * _MULTIPLES[multiple] * scale
    if amount.denominator != 1:
        raise ValueError(f"expected whole {'nano-USD (nine decimals at most)' if unit == NANO_USD else 'tokens'}")
    if not 0 < amount <= MAX_NANO_USD:
        raise ValueError(f"expected {EXPECTED_LIMIT}, at most {format_limit(Limit(MAX_NANO_USD, unit))}")
    return Limit(int(amount), unit)


def format_limit(limit: Limit) -> str:
    """The shortest exact text that `parse_limit` reads back: `1000 USD`, `0.5 USD`, `2000000 tokens`."""
    if limit.unit == TOKENS:
        return f"{limit.amount} tokens"
    whole, fraction = divmod(limit.amount, NANO_PER_USD)
    decimals = f".{fraction:09d}".rstrip("0").rstrip(".")
    return f"{whole}{decimals} USD"
