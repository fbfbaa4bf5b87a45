"""A price as people set it: one dated row of rates, in one layer, for one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from typing import Final, NamedTuple

CONTRACT: Final = "contract"
OVERRIDE: Final = "override"
SELF_HOSTED: Final = "self_hosted"
CORRECTIONS: Final = "corrections"
LIBRARY: Final = "genai-prices"
SEED: Final = "seed"
LAYERS: Final = (CONTRACT, OVERRIDE, SELF_HOSTED, CORRECTIONS, LIBRARY, SEED)
"""Highest first: the first layer that has a price for a call wins."""
ROW_LAYERS: Final = (CONTRACT, OVERRIDE, SELF_HOSTED, CORRECTIONS, SEED)
OPERATOR_LAYERS: Final = (CONTRACT, OVERRIDE, SELF_HOSTED)
"""Layers that a configuration or a command may fill."""

ACTIVE: Final = "active"
ANNOUNCED: Final = "announced"
WITHDRAWN: Final = "withdrawn"
STATUSES: Final = (ACTIVE, ANNOUNCED, WITHDRAWN)

TOKEN_RATES: Final = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")
"""Rates per token, in the order of the six token classes."""
CONTEXT_KEYS: Final = ("processing", "service_tier", "speed", "geo", "region", "route")

_EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


class Tier(NamedTuple):
    """The whole set of token rates for prompts from `from_tokens` on, counted with their cached parts."""

    from_tokens: int
    rates: Mapping[str, int]
    label: str
    """As shown beside a component: ">200000", or ">=200000" where the provider includes the boundary."""


class Windows(NamedTuple):
    """Times of day at which a row holds, as minutes of the local day, and the local weekdays (0 is Monday)."""

    spans: tuple[tuple[int, int], ...]
    weekdays: frozenset[int]
    utc_offset_minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """Rates are pico-USD per token or unit; times are Unix nanoseconds, half-open, None for open.

    Exactly one of `rates`, `percent_of_list` (of what the layers below say) and `alias_of` is given.
    """

    layer: str
    model: str
    provider: str = ""
    """In either spelling; empty holds for every provider."""
    org: str = ""
    """The customer of a contract, as the price context names it."""
    effective_from_ns: int | None = None
    effective_until_ns: int | None = None
    context: Mapping[str, str] = field(default_factory=lambda: _EMPTY)
    """What the request must say, such as {"processing": "batch"}; empty for the standard price."""
    windows: Windows | None = None
    rates: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    tiers: tuple[Tier, ...] = ()
    percent_of_list: tuple[int, int] | None = None
    """As a ratio, (85, 100) for 15 % off."""
    alias_of: str = ""
    """Another model's name; the row is then a dated pointer and no price."""
    estimated: str = ""
    """Why amounts by this row are estimates, or empty."""
    status: str = ACTIVE
    source: str = ""
    source_url: str = ""
    verified_at: str = ""
    review_by: str = ""

    @property
    def subject(self) -> tuple[str, ...]:
        """What two rows must share to contradict each other."""
        context = "&".join(f"{key}={value}" for key, value in sorted(self.context.items()))
        return (self.layer, self.org, self.provider, self.model, context)


class Multiplier(NamedTuple):
    """A surcharge or discount on all token rates, applied after the tier decision and before fees."""

    key: str
    values: frozenset[str]
    """Values of the context key that it holds for; empty for any value."""
    ratio: tuple[int, int]
    provider: str
    models: tuple[str, ...]
    """Ids it holds for; empty for all of the provider.  A final `*` stands for any ending."""
    from_ns: int | None
    until_ns: int | None
    estimated: str
    """Why amounts by it are estimates, or empty."""
    uncertain_cache: bool
    """Whether cached input may have kept its full rate; cached calls are then estimates."""


def row_digest(row: PriceRow) -> str:
    """Eight hex digits that name the content of a row."""
    windows = row.windows and (row.windows.spans, sorted(row.windows.weekdays), row.windows.utc_offset_minutes)
    parts = (
        row.subject, row.effective_from_ns, row.effective_until_ns, windows,
        sorted(row.rates.items()), [(tier[0], sorted(tier[1].items()), tier[2]) for tier in row.tiers],
        row.percent_of_list, row.alias_of, row.estimated,
    )  # fmt: skip
    return blake2b(repr(parts).encode(), digest_size=4).hexdigest()


def find_overlap(rows: Sequence[PriceRow]) -> tuple[PriceRow, PriceRow] | None:
    """Two rows of one subject that hold at the same instant, or None.

    A row with windows may lie over one without: it is the exception inside the rule.
    """
    by_subject: dict[tuple[str, ...], list[PriceRow]] = {}
    for row in rows:
        if row.status != WITHDRAWN:
            by_subject.setdefault(row.subject, []).append(row)
    for group in by_subject.values():
        for index, one in enumerate(group):
            for other in group[index + 1 :]:
                if overlap(one, other):
                    return one, other
    return None


def overlap(one: PriceRow, other: PriceRow) -> bool:
    """Whether two rows of the same subject hold at a common instant."""
    ends = [row.effective_until_ns for row in (one, other) if row.effective_until_ns is not None]
    starts = [row.effective_from_ns for row in (one, other) if row.effective_from_ns is not None]
    if ends and starts and min(ends) <= max(starts):
        return False
    if one.windows is None or other.windows is None:
        return one.windows is other.windows
    return _windows_meet(one.windows, other.windows)


def _windows_meet(one: Windows, other: Windows) -> bool:
    """Judged on local clocks; windows with different offsets count as meeting, which is the careful answer."""
    if one.utc_offset_minutes != other.utc_offset_minutes:
        return True
    if not one.weekdays & other.weekdays:
        return False
    return any(a[0] < b[1] and b[0] < a[1] for a in one.spans for b in other.spans)
