"""Calendar periods of budgets: windows that tile time in any IANA zone, whatever its clock does.

Every boundary lies on a quarter hour of Unix time, because spend is summed by quarter hours.  All
zones have had such offsets since 1980; boundaries of odd offsets before that are rounded down.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

HOUR: Final = "hour"
DAY: Final = "day"
WEEK: Final = "week"
MONTH: Final = "month"
PERIODS: Final = (HOUR, DAY, WEEK, MONTH)

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

NANOSECONDS: Final = 10**9
QUARTER_SECONDS: Final = 900
QUARTER_NS: Final = QUARTER_SECONDS * NANOSECONDS
_HOUR_SECONDS: Final = 3600
_ONE_DAY: Final = timedelta(days=1)


class Period(NamedTuple):
    """A half-open interval of Unix nanoseconds: a call belongs to it when start <= instant < end."""

    start_ns: int
    end_ns: int


def period_containing(kind: str, at_ns: int, zone: str, week_start: str = "monday", month_day: int = 1) -> Period:
    """The hour, day, week or month of the zone's calendar to which an instant belongs.

    A day lasts from the first midnight of its date to that of the next, so 23 to 25 hours around a
    change of the clock.  A month begins on `month_day`, or on the last day of a month that is shorter.
    """
    clock = ZoneInfo(zone)
    second = at_ns // NANOSECONDS
    if kind == HOUR:
        start, end = _hour_containing(second, clock)
    else:
        start, end = _dates_containing(kind, second, clock, WEEKDAYS.index(week_start), month_day)
    return Period(start * NANOSECONDS, end * NANOSECONDS)


def periods_between(
    kind: str, start_ns: int, end_ns: int, zone: str, *, week_start: str = "monday", month_day: int = 1
) -> Iterator[Period]:
    """The periods that hold any instant of [start_ns, end_ns), in order, whole even at the edges."""
    at = start_ns
    while at < end_ns:
        period = period_containing(kind, at, zone, week_start, month_day)
        yield period
        at = period.end_ns


def is_time_zone(value: object) -> bool:
    """Whether a text names a zone of the IANA database on this machine."""
    try:
        return isinstance(value, str) and bool(value) and ZoneInfo(value) is not None
    except (OSError, ValueError, KeyError):  # a folder of the database, a path outside of it, no such zone
        return False


def _dates_containing(kind: str, second: int, clock: ZoneInfo, week_start: int, month_day: int) -> tuple[int, int]:
    today = datetime.fromtimestamp(second, clock).date()
    first = _first_date(kind, today, week_start, month_day)
    while True:
        following = _following_date(kind, first, month_day)
        end = _midnight(following, clock)
        # A clock set back across midnight shows the old date again when the new one has begun.
        if second < end:
            return _midnight(first, clock), end
        first = following


def _first_date(kind: str, today: date, week_start: int, month_day: int) -> date:
    if kind == DAY:
        return today
    if kind == WEEK:
        return today - timedelta(days=(today.weekday() - week_start) % 7)
    if kind == MONTH:
        start = _month_start(today.year, today.month, month_day)
        return start if start <= today else _month_start(*_month_before(today.year, today.month), month_day)
    raise ValueError(f"no period: {kind!r}, expected one of {', '.join(PERIODS)}")


def _following_date(kind: str, first: date, month_day: int) -> date:
    if kind == DAY:
        return first + _ONE_DAY
    if kind == WEEK:
        return first + timedelta(days=7)
    return _month_start(*_month_after(first.year, first.month), month_day)


def _month_start(year: int, month: int, month_day: int) -> date:
    return date(year, month, min(month_day, monthrange(year, month)[1]))


def _month_before(year: int, month: int) -> tuple[int, int]:
    return (year, month - 1) if month > 1 else (year - 1, 12)


def _month_after(year: int, month: int) -> tuple[int, int]:
    return (year, month + 1) if month < 12 else (year + 1, 1)


def _midnight(day: date, clock: ZoneInfo) -> int:
    """The Unix second, on a quarter hour, at which a date begins.

    A midnight that the clock skips is read with the offset before the change, which gives the instant
    of the change; of two midnights the first counts (PEP 495, fold 0).
    """
    second = int(datetime(day.year, day.month, day.day, tzinfo=clock).timestamp())
    return second - second % QUARTER_SECONDS


def _hour_containing(second: int, clock: ZoneInfo) -> tuple[int, int]:
    """The hour of the wall clock, cut where the clock changes by a part of an hour."""
    phase = _hour_phase(second, clock)
    start = second - (second + phase) % _HOUR_SECONDS
    end = start + _HOUR_SECONDS
    quarter = second - second % QUARTER_SECONDS
    for earlier in range(quarter, start, -QUARTER_SECONDS):
        if _hour_phase(earlier - QUARTER_SECONDS, clock) != phase:
            start = earlier
            break
    for later in range(quarter + QUARTER_SECONDS, end, QUARTER_SECONDS):
        if _hour_phase(later, clock) != phase:
            end = later
            break
    return start, end


def _hour_phase(second: int, clock: ZoneInfo) -> int:
    """Seconds by which the zone's hours are ahead of those of UTC, on a quarter hour."""
    offset = datetime.fromtimestamp(second, UTC).astimezone(clock).utcoffset() or timedelta()
    seconds = int(offset.total_seconds()) % _HOUR_SECONDS
    return seconds - seconds % QUARTER_SECONDS
