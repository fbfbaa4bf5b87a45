from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.dialects.fields import (
    COERCED,
    LARGEST_COUNT,
    NEGATIVE_DROPPED,
    UNREADABLE_NUMBER,
    coerce_count,
    coerce_usd,
    is_true,
    read_count,
    read_text,
)


@pytest.mark.parametrize(
    ("sent", "count", "flags"),
    [
        (42, 42, []),
        (0, 0, []),
        (12.0, 12, []),
        ("12", 12, []),
        (" 12 ", 12, []),
        ("12.0", 12, []),
        (LARGEST_COUNT, LARGEST_COUNT, []),
        (12.9, 12, [COERCED]),
        ("12.9", 12, [COERCED]),
        (0.5, 0, [COERCED]),
        (True, None, [UNREADABLE_NUMBER]),
        (False, None, [UNREADABLE_NUMBER]),
        (-5, None, [NEGATIVE_DROPPED]),
        (-0.5, None, [NEGATIVE_DROPPED]),
        ("-5", None, [NEGATIVE_DROPPED]),
        (float("nan"), None, [UNREADABLE_NUMBER]),
        (float("inf"), None, [UNREADABLE_NUMBER]),
        (LARGEST_COUNT + 1, None, [UNREADABLE_NUMBER]),
        (1e300, None, [UNREADABLE_NUMBER]),
        ("", None, [UNREADABLE_NUMBER]),
        ("abc", None, [UNREADABLE_NUMBER]),
        ("1e3", None, [UNREADABLE_NUMBER]),
        ("٣", None, [UNREADABLE_NUMBER]),
        ("9" * 10_000, None, [UNREADABLE_NUMBER]),
        ((1, 2), None, [UNREADABLE_NUMBER]),
    ],
)
def test_a_count_is_a_whole_number_or_absent_with_a_flag(sent, count, flags):
    seen: list[str] = []
    assert (coerce_count(sent, seen), seen) == (count, flags)


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.tuples(st.integers()))
def test_whatever_was_sent_a_count_is_in_range_or_flagged(sent):
    flags: list[str] = []
    count = coerce_count(sent, flags)
    assert (count is None and flags) or (type(count) is int and 0 <= count <= LARGEST_COUNT)


@pytest.mark.parametrize(
    ("attributes", "count"),
    [
        ({"new": 3, "old": 5}, 3),
        ({"new": 0, "old": 5}, 5),
        ({"new": 0, "old": 0}, 0),
        ({"new": -1, "old": 5}, 5),
        ({"old": 5}, 5),
        ({"new": "x"}, None),
        ({}, None),
    ],
)
def test_the_first_spelling_that_says_something_counts_and_none_are_added(attributes, count):
    present = tuple(name for name in ("new", "old") if name in attributes)
    assert read_count(attributes, present, []) == count


@pytest.mark.parametrize(
    ("sent", "nano", "flags"),
    [
        (0.0123, 12_300_000, []),
        ("0.0123", 12_300_000, []),
        (2, 2_000_000_000, []),
        (1e-9, 1, []),
        (0, None, []),
        (0.0, None, []),
        (-0.5, None, [NEGATIVE_DROPPED]),
        (float("nan"), None, [UNREADABLE_NUMBER]),
        (float("inf"), None, [UNREADABLE_NUMBER]),
        ("free", None, [UNREADABLE_NUMBER]),
        (True, None, [UNREADABLE_NUMBER]),
        (1e300, None, [UNREADABLE_NUMBER]),
        ("1" * 100, None, [UNREADABLE_NUMBER]),
        ("1e19", None, [UNREADABLE_NUMBER]),
        # More digits than memory has room for, or than an hour is enough to write out.
        ("1e9999999", None, [UNREADABLE_NUMBER]),
        ("1e999980", None, [UNREADABLE_NUMBER]),
        ("1e-999980", None, []),
        ("1e9999999999999999999", None, [UNREADABLE_NUMBER]),
        ("Infinity", None, [UNREADABLE_NUMBER]),
    ],
)
def test_a_reported_cost_is_nano_usd_or_absent(sent, nano, flags):
    seen: list[str] = []
    assert (coerce_usd(sent, seen), seen) == (nano, flags)


def test_texts_are_trimmed_cut_and_free_of_control_characters():
    assert read_text("  gpt-5\n") == "gpt-5"
    assert read_text("gpt\x00-5\x1b[31m") == "gpt-5[31m"
    assert read_text("x" * 300) == "x" * 256
    assert read_text("Ünïcode 模型") == "Ünïcode 模型"
    assert read_text(17) == "17"
    assert read_text(("a", "b")) == ""
    assert read_text(None) == ""


def test_truth_comes_as_boolean_or_text():
    assert [is_true(value) for value in (True, "true", " True", False, "false", 1, None)] == [True] * 3 + [False] * 4
