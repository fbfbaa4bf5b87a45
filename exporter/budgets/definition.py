"""A budget: what it covers, how much it allows in which period, and where its thresholds lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from exporter.budgets.limits import Limit, format_limit
from exporter.budgets.periods import Period, period_containing

INFO: Final = "info"
WARNING: Final = "warning"
CRITICAL: Final = "critical"
SEVERITIES: Final = (INFO, WARNING, CRITICAL)


class Threshold(NamedTuple):
    """A share of the limit, in percent of it, and how serious it is to reach it."""

    percent: int
    severity: str


def default_severity(percent: int) -> str:
    """Info below 80 %, a warning below the limit, critical from there on."""
    if percent < 80:
        return INFO
    return WARNING if percent < 100 else CRITICAL


DEFAULT_THRESHOLDS: Final = tuple(Threshold(percent, default_severity(percent)) for percent in (70, 85, 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """An amount that calls within a scope may use in each period of a calendar.

    `exporter.budgets.reading.budget_from_mapping` makes one from what people write and judges it.
    """

    id: str
    scope: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Field to value, fields of SCOPE_FIELDS; empty for everything."""
    limit: int
    """In `unit`, above 0."""
    unit: str
    """`nano_usd` or `tokens`."""
    period: str
    timezone: str = "UTC"
    week_start: str = "monday"
    month_day: int = 1
    thresholds: tuple[Threshold, ...] = DEFAULT_THRESHOLDS
    """Ascending, each percentage once."""
    include_list_equivalent: bool = False
    """Whether calls of sources on a flat plan count, whose cost at list prices nobody is billed for."""

    def period_at(self, at_ns: int) -> Period:
        """The period to which an instant belongs."""
        return period_containing(self.period, at_ns, self.timezone, self.week_start, self.month_day)

    @property
    def shape(self) -> bytes:
        """16 bytes that change with scope, unit, period or calendar: with what is counted, not with the limit."""
        calendar = (self.period, self.timezone, self.week_start, self.month_day)
        parts = (sorted(self.scope.items()), self.unit, *calendar, *([True] if self.include_list_equivalent else []))
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=16).digest()

    def to_mapping(self) -> dict[str, Any]:
        """The budget as a budget file states it, every key present; `budget_from_mapping` reads it back."""
        return {
            "id": self.id,
            "scope": dict(self.scope),
            "limit": format_limit(Limit(self.limit, self.unit)),
            "period": self.period,
            "timezone": self.timezone,
            "week_start": self.week_start,
            "month_day": self.month_day,
            "thresholds": [threshold._asdict() for threshold in self.thresholds],
            "include_list_equivalent": self.include_list_equivalent,
        }
