"""Windows of every zone: they tile time, and their lengths are those of the wall clock."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.budgets.periods import (
    DAY,
    HOUR,
    MONTH,
    PERIODS,
    QUARTER_NS,
    WEEK,
    WEEKDAYS,
    is_time_zone,
    period_containing,
    periods_between,
)

SECOND = 10**9
HOURS = 3600 * SECOND
TWO_YEARS = int(timedelta(days=731).total_seconds()) * SECOND

# Half hours and quarters of hours, half-hour and midnight changes of the clock, a skipped day, the edges of the date.
NOTABLE_ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia",
    "Asia/Kathmandu", "Asia/Kolkata", "Australia/Eucla", "Pacific/Chatham", "Africa/Cairo", "Asia/Beirut",
    "America/Havana", "America/Santiago", "America/Asuncion", "Africa/Casablanca", "Asia/Gaza", "Atlantic/Azores",
    "America/Nuuk", "Antarctica/Troll", "Asia/Tehran", "Pacific/Kiritimati", "Etc/GMT+12", "Europe/Dublin",
    "Asia/Pyongyang",
)  # fmt: skip


def ns(text: str) -> int:
    """Unix nanoseconds of an ISO 8601 text with offset, or of a wall time followed by its zone."""
    wall, _, zone = text.partition(" ")
    at = datetime.fromisoformat(wall)
    return int((at.replace(tzinfo=ZoneInfo(zone)) if zone else at).timestamp()) * SECOND


def hours(period) -> float:
    return float((period.end_ns - period.start_ns) / HOURS)


instants = st.integers(min_value=ns("2010-01-01T00:00:00Z"), max_value=ns("2035-01-01T00:00:00Z"))
zones = st.sampled_from(NOTABLE_ZONES) | st.sampled_from(sorted(available_timezones() - {"localtime"}))
calendars = st.tuples(
    st.sampled_from(PERIODS), zones, st.sampled_from(WEEKDAYS), st.integers(min_value=1, max_value=31)
)


@given(instants, calendars)
@settings(max_examples=400, deadline=None)
def test_a_period_holds_its_instant_and_every_instant_in_it_has_the_same_period(at, calendar):
    kind, zone, week_start, month_day = calendar
    period = period_containing(kind, at, zone, week_start, month_day)
    assert period.start_ns <= at < period.end_ns
    assert period_containing(kind, period.start_ns, zone, week_start, month_day) == period
    assert period_containing(kind, period.end_ns - 1, zone, week_start, month_day) == period


@given(instants, calendars)
@settings(max_examples=400, deadline=None)
def test_boundaries_lie_on_quarter_hours_of_unix_time(at, calendar):
    kind, zone, week_start, month_day = calendar
    period = period_containing(kind, at, zone, week_start, month_day)
    assert period.start_ns % QUARTER_NS == 0
    assert period.end_ns % QUARTER_NS == 0


@given(
    st.integers(min_value=ns("2010-06-01T00:00:00Z"), max_value=ns("2027-01-01T00:00:00Z")),
    zones,
    st.sampled_from((DAY, WEEK, MONTH)),
    st.sampled_from(WEEKDAYS),
    st.integers(min_value=1, max_value=31),
)
@settings(max_examples=40, deadline=None)
def test_periods_tile_two_years_without_gap_or_overlap(start, zone, kind, week_start, month_day):
    windows = list(periods_between(kind, start, start + TWO_YEARS, zone, week_start=week_start, month_day=month_day))
    assert windows[0].start_ns <= start
    assert windows[-1].end_ns >= start + TWO_YEARS
    assert all(one.end_ns == following.start_ns for one, following in pairwise(windows))
    assert all(one.end_ns > one.start_ns for one in windows)


@pytest.mark.parametrize("zone", NOTABLE_ZONES)
def test_hours_tile_two_years_and_none_is_longer_than_an_hour(zone):
    start = ns("2010-12-01T00:00:00Z")
    windows = list(periods_between(HOUR, start, start + TWO_YEARS, zone))
    assert all(one.end_ns == following.start_ns for one, following in pairwise(windows))
    assert all(0 < hours(one) <= 1 for one in windows)


@pytest.mark.parametrize("zone", NOTABLE_ZONES)
def test_each_window_starts_where_the_wall_clock_says_so(zone):
    clock = ZoneInfo(zone)
    start = ns("2024-01-01T00:00:00Z")
    for day in periods_between(DAY, start, start + TWO_YEARS, zone):
        first = datetime.fromtimestamp(day.start_ns // SECOND, clock)
        before = datetime.fromtimestamp(day.start_ns // SECOND - 1, clock)
        assert before.date() < first.date()
        assert first.hour <= 1


@pytest.mark.parametrize(
    ("zone", "date", "length"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Europe/Berlin", "2026-06-01", 24),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Africa/Cairo", "2026-04-24", 23),  # midnight itself is skipped
        ("America/Havana", "2026-11-01", 25),  # midnight comes twice
        ("America/Santiago", "2026-04-04", 25),  # 24:00 becomes 23:00 of the same day
        ("Asia/Kathmandu", "2026-03-29", 24),
        ("UTC", "2026-03-29", 24),
    ],
)
def test_a_day_is_as_long_as_its_clock_says(zone, date, length):
    assert hours(period_containing(DAY, ns(f"{date}T12:00:00 {zone}"), zone)) == length


def test_a_day_that_the_calendar_skips_has_no_window():
    before = period_containing(DAY, ns("2011-12-29T12:00:00 Pacific/Apia"), "Pacific/Apia")
    after = period_containing(DAY, before.end_ns, "Pacific/Apia")
    assert datetime.fromtimestamp(after.start_ns // SECOND, ZoneInfo("Pacific/Apia")).date().isoformat() == "2011-12-31"
    assert hours(before) == hours(after) == 24


def test_midnight_in_kathmandu_is_a_quarter_past_the_hour():
    day = period_containing(DAY, ns("2026-11-21T12:00:00Z"), "Asia/Kathmandu")
    assert day.start_ns == ns("2026-11-20T18:15:00Z")


def test_an_hour_of_kathmandu_starts_at_a_quarter_past():
    hour = period_containing(HOUR, ns("2026-11-21T12:00:00Z"), "Asia/Kathmandu")
    assert hour == (ns("2026-11-21T11:15:00Z"), ns("2026-11-21T12:15:00Z"))


def test_the_hour_that_a_clock_repeats_is_two_hours():
    first, second = periods_between(HOUR, ns("2026-10-25T00:00:00Z"), ns("2026-10-25T02:00:00Z"), "Europe/Berlin")
    assert first == (ns("2026-10-25T00:00:00Z"), ns("2026-10-25T01:00:00Z"))
    assert second.end_ns == ns("2026-10-25T02:00:00Z")


def test_a_change_by_half_an_hour_cuts_the_hour():
    # Lord Howe Island, 2026-10-04: 02:00 (+10:30) becomes 02:30 (+11:00) at 15:30 UTC the day before.
    windows = list(periods_between(HOUR, ns("2026-10-03T14:30:00Z"), ns("2026-10-03T17:00:00Z"), "Australia/Lord_Howe"))
    assert [hours(one) for one in windows] == [1, 0.5, 1]


def test_a_change_back_by_half_an_hour_cuts_the_hour_too():
    # 2026-04-05: 02:00 (+11:00) becomes 01:30 (+10:30) at 15:00 UTC the day before.
    windows = list(periods_between(HOUR, ns("2026-04-04T14:00:00Z"), ns("2026-04-04T16:30:00Z"), "Australia/Lord_Howe"))
    assert [hours(one) for one in windows] == [1, 0.5, 1]


def test_a_change_in_the_middle_of_an_hour_ends_it():
    # Pyongyang, 2018-05-04: 23:30 (+08:30) becomes 24:00 (+09:00) at 15:00 UTC.
    windows = list(periods_between(HOUR, ns("2018-05-04T13:30:00Z"), ns("2018-05-04T16:00:00Z"), "Asia/Pyongyang"))
    assert [hours(one) for one in windows] == [1, 0.5, 1]
    assert windows[1].end_ns == ns("2018-05-04T15:00:00Z")


def test_a_day_back_across_the_midnight_that_starts_it_stays_the_new_day():
    # St. John's, 2010-11-07: 00:01 becomes 23:01 of the day before, one minute into the new day.
    day = period_containing(DAY, ns("2010-11-07T03:00:00Z"), "America/St_Johns")
    assert day.start_ns == ns("2010-11-07T02:30:00Z")
    assert hours(day) == 25


@pytest.mark.parametrize(
    ("week_start", "first"),
    [("monday", "2026-11-16"), ("sunday", "2026-11-15"), ("saturday", "2026-11-21"), ("tuesday", "2026-11-17")],
)
def test_a_week_starts_on_the_day_that_the_budget_names(week_start, first):
    week = period_containing(WEEK, ns("2026-11-21T00:00:00 Europe/Berlin"), "Europe/Berlin", week_start)
    assert week.start_ns == ns(f"{first}T00:00:00 Europe/Berlin")
    assert hours(week) == 168


@pytest.mark.parametrize(
    ("at", "month_day", "start", "end"),
    [
        ("2026-11-21", 1, "2026-11-01", "2026-12-01"),
        ("2026-11-21", 25, "2026-10-25", "2026-11-25"),
        ("2026-12-31", 1, "2026-12-01", "2027-01-01"),
        ("2026-02-27", 31, "2026-01-31", "2026-02-28"),
        ("2026-02-28", 31, "2026-02-28", "2026-03-31"),
        ("2024-02-28", 29, "2024-01-29", "2024-02-29"),
        ("2025-02-28", 29, "2025-02-28", "2025-03-29"),
        ("2026-04-30", 31, "2026-04-30", "2026-05-31"),
        ("2027-01-10", 30, "2026-12-30", "2027-01-30"),
    ],
)
def test_a_month_begins_on_its_day_or_on_the_last_of_a_shorter_month(at, month_day, start, end):
    month = period_containing(MONTH, ns(f"{at}T00:00:00Z"), "UTC", "monday", month_day)
    assert month == (ns(f"{start}T00:00:00Z"), ns(f"{end}T00:00:00Z"))


def test_every_zone_in_use_has_offsets_of_whole_quarter_hours():
    instants_of_ten_years = [
        datetime(year, month, 1, tzinfo=UTC) for year in range(2020, 2030) for month in range(1, 13)
    ]
    for zone in available_timezones() - {"localtime"}:
        clock = ZoneInfo(zone)
        offsets = {at.astimezone(clock).utcoffset() for at in instants_of_ten_years}
        assert all(offset % timedelta(minutes=15) == timedelta(0) for offset in offsets), zone


def test_an_odd_offset_of_the_past_is_rounded_down_and_still_tiles():
    # Kiritimati was 10 h 40 min behind UTC until 1979.
    start = ns("1975-01-01T00:00:00Z")
    windows = list(periods_between(DAY, start, start + 30 * 24 * HOURS, "Pacific/Kiritimati"))
    assert all(one.end_ns == following.start_ns for one, following in pairwise(windows))
    assert windows[0].start_ns % QUARTER_NS == 0


def test_a_kind_that_is_no_period_is_refused():
    with pytest.raises(ValueError) as refused:
        period_containing("fortnight", 0, "UTC")
    assert str(refused.value) == "no period: 'fortnight', expected one of hour, day, week, month"


@pytest.mark.parametrize("name", ["", "America", "Berlin", "../etc/passwd", "/etc/localtime", "UTC\0", 3, None])
def test_what_is_no_zone_of_the_database_is_known_as_such(name):
    assert not is_time_zone(name)
