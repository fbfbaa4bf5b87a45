"""RFC 3339 outside, Unix nanoseconds inside, without losing one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.errors import InvalidRequest
from exporter.views.times import LAST_NS, format_time, parse_time


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1, "1970-01-01T00:00:00.000000001Z"),
        (1_795_262_400 * 10**9, "2026-11-21T12:00:00Z"),
        (1_795_262_400_500_000_000, "2026-11-21T12:00:00.500Z"),
        (1_795_262_400_000_001_000, "2026-11-21T12:00:00.000001Z"),
        (951_782_400 * 10**9, "2000-02-29T00:00:00Z"),
        (LAST_NS, "2262-04-11T23:47:16.854775807Z"),
    ],
)
def test_a_time_is_written_with_as_few_decimals_as_are_exact(ns, text):
    assert format_time(ns) == text
    assert parse_time(text, name="at") == ns


@given(st.integers(0, LAST_NS))
def test_what_is_written_is_read_back(ns):
    assert parse_time(format_time(ns), name="at") == ns


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T13:00:00+01:00",
        "2026-11-21T06:30:00-05:30",
        "2026-11-21t12:00:00z",
        "2026-11-21T12:00:00.000000000+00:00",
        "2026-11-22T11:59:00+23:59",
    ],
)
def test_every_zone_means_the_same_instant(text):
    assert parse_time(text, name="at") == 1_795_262_400 * 10**9


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1795262400",
        "2026-11-21",
        "2026-11-21T12:00",
        "2026-11-21T12:00:00",
        "2026-11-21 12:00:00Z",
        "2026-11-21T12:00:00 01:00",
        "2026-11-21T12:00:00.1234567890Z",
        "2026-02-29T12:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T12:00:60Z",
        "2026-11-21T12:00:00+24:00",
        "2026-11-21T12:00:00+01:60",
        "1969-12-31T23:59:59Z",
        "2262-04-11T23:47:17Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:00",
        "９０２６-11-21T12:00:00Z",
    ],
)
def test_what_is_no_instant_is_refused_by_name(text):
    with pytest.raises(InvalidRequest) as refusal:
        parse_time(text, name="start")
    assert refusal.value.message.startswith("start must be a time")
    assert refusal.value.details == {"parameter": "start", "value": text}
