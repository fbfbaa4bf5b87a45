"""The answer of the price book for one call."""

from __future__ import annotations

from typing import Final, NamedTuple

PRICED: Final = "priced"
ESTIMATED: Final = "estimated"
PARTIAL: Final = "partial"
FREE: Final = "free"
REPORTED: Final = "reported"
UNKNOWN: Final = "unknown"

COMPONENTS: Final = (
    "input_uncached",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output_visible",
    "reasoning",
    "other",
)
"""What a cost is made of: the six token classes, then per-call fees and other units together."""


class Component(NamedTuple):
    """One part of a cost; `amount_nano_usd` of all parts add up to the cost of the call."""

    component: str
    tokens: int
    """Tokens, or the number of units for a fee."""
    rate_pico_usd: int
    """Per token or unit, before the multipliers of the context."""
    tier: str
    """"" for the base tier, else the prompt size that was crossed, as ">200000"."""
    amount_nano_usd: int


class Charge(NamedTuple):
    """Cost in nano-USD, or None with a reason when no price is known; never 0 for an unknown."""

    cost_nano_usd: int | None
    cost_status: str
    reasons: tuple[str, ...]
    components: tuple[Component, ...]
    price_version: str
    """Which rows of which book priced it; empty when none did."""


_NO_AMOUNTS: Final = (0,) * len(COMPONENTS)
_POSITION: Final = {name: position for position, name in enumerate(COMPONENTS)}


def amounts_of(charge: Charge) -> tuple[int, ...]:
    """Nano-USD for each of COMPONENTS; they add up to the cost.  A fee, and a cost that was reported, is `other`."""
    if not charge.components:
        return (*_NO_AMOUNTS[:-1], charge.cost_nano_usd or 0)
    amounts = list(_NO_AMOUNTS)
    for component in charge.components:
        amounts[_POSITION.get(component.component, -1)] += component.amount_nano_usd
    return tuple(amounts)
