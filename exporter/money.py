"""Integer money: rates in pico-USD, amounts in nano-USD, rounded once and half-even.

A rate of 1 USD per million tokens is 1_000_000 pico-USD per token, so every list price with up to
six decimals is exact.  Amounts are nano-USD because their sum must fit a signed 64-bit column
(9.2 billion USD).  Floats appear only in `usd_float`, for metric samples.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

PICO_PER_NANO = 1_000
PICO_PER_USD = 10**12
NANO_PER_USD = 10**9
MAX_NANO_USD = 2**63 - 1
MAX_CALL_NANO_USD = 100_000 * NANO_PER_USD
"""More than any single call costs; beyond it a count or a stated cost is nonsense, which no sum must take."""
_LARGEST_EXPONENT = 18
"""Of an amount in USD; a million digits behind a short text like 1e999999 would take the processor for minutes."""


def divide_half_even(numerator: int, denominator: int) -> int:
    """The integer nearest to numerator/denominator, ties to even.  The denominator is positive."""
    quotient, remainder = divmod(numerator, denominator)
    twice = 2 * remainder
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient


def nano_from_usd(amount: str | int | Decimal) -> int:
    """Nano-USD of a decimal amount in USD, half-even.  ValueError when it is no finite number, or one from 10^19 up."""
    try:
        value = Decimal(amount)
        if not value.is_finite() or value.adjusted() > _LARGEST_EXPONENT:
            raise ValueError("out of range")
        return int((value * NANO_PER_USD).to_integral_value(ROUND_HALF_EVEN))
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"not an amount in USD: {amount!r}") from error


def usd_float(nano: int) -> float:
    """USD as a metric sample; the only place where money becomes a float."""
    return nano / NANO_PER_USD


def format_usd(nano: int) -> str:
    """An amount as people read it: cents from 1 USD up, more decimals below ($0.0012, $0.23, $12.34)."""
    sign, size = ("-", -nano) if nano < 0 else ("", nano)
    if size >= NANO_PER_USD // 10 or size == 0:
        decimals = 2
    elif size >= NANO_PER_USD // 10_000:
        decimals = 4
    elif size >= NANO_PER_USD // 1_000_000:
        decimals = 6
    else:
        return f"{sign}<$0.000001"
    units = divide_half_even(size, 10 ** (9 - decimals))
    whole, fraction = divmod(units, 10**decimals)
    return f"{sign}${whole:,}.{fraction:0{decimals}d}"


def format_usd_exact(nano: int) -> str:
    """USD with six decimals, half-even; a positive amount below that prints as `<0.000001`."""
    if 0 < nano < 500:
        return "<0.000001"
    sign, size = ("-", -nano) if nano < 0 else ("", nano)
    whole, fraction = divmod(divide_half_even(size, 1_000), 10**6)
    return f"{sign}{whole}.{fraction:06d}"
