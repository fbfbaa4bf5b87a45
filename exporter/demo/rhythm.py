"""When the fleet works: busy on weekdays, quiet at night and on weekends (UTC)."""

from __future__ import annotations

import random
from typing import Final

SECOND_NS: Final = 1_000_000_000
HOUR_NS: Final = 3_600 * SECOND_NS
_EPOCH_WEEKDAY: Final = 3
"""1 January 1970 was a Thursday; Monday is 0."""

_HOURS: Final = (1, 1, 1, 1, 1, 2, 4, 7, 10, 12, 12, 10, 8, 11, 12, 12, 10, 8, 6, 4, 3, 2, 2, 1)
_DAYS: Final = (10, 11, 11, 10, 8, 3, 2)
_MEAN_WEIGHT: Final = sum(_HOURS) * sum(_DAYS) / 7


def weight(hour: int) -> int:
    """How busy an hour is, in arbitrary units.  `hour` counts from 1970-01-01T00:00Z."""
    day, hour_of_day = divmod(hour, 24)
    return _HOURS[hour_of_day] * _DAYS[(day + _EPOCH_WEEKDAY) % 7]


def tasks_in_hour(rng: random.Random, hour: int, *, per_day: float) -> int:
    """How many tasks begin in an hour, when an average day of the week has `per_day` of them."""
    expected = per_day * weight(hour) / _MEAN_WEIGHT
    whole, fraction = divmod(expected * rng.uniform(0.7, 1.3), 1)
    return int(whole) + (rng.random() < fraction)
