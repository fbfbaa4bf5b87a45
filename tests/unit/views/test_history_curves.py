"""Counters over the past: whole numbers that rise to a known end."""

from __future__ import annotations

import random

import pytest

from exporter.views.history_curves import Meter, Share, Stretch, drivers_of
from exporter.views.history_rows import CALLS, COST, TOTALS


def test_a_meter_shows_each_number_until_the_next_one():
    meter = Meter(("a",), born=3)
    meter.add(5, 10)
    meter.add(5, 2)
    meter.add(8, 1)
    assert meter.take(0, 10) == [Stretch(3, 5, 0), Stretch(5, 8, 12), Stretch(8, 10, 13)]


def test_a_window_begins_with_the_number_of_the_one_before():
    meter = Meter(("a",), born=3)
    meter.add(5, 10)
    meter.take(0, 10)
    assert meter.take(10, 20) == [Stretch(10, 20, 10)]
    meter.add(20, 1)
    assert meter.take(20, 30) == [Stretch(20, 30, 11)]


def test_a_series_that_is_not_born_yet_is_absent():
    assert Meter(("a",), born=30).take(10, 20) == []


@pytest.mark.parametrize("end", [0, 1, 999, 1_000, 10**15 + 7])
def test_a_share_never_falls_and_ends_at_its_end(end):
    dice = random.Random(end)
    amounts = [dice.randrange(1_000) for _ in range(500)]
    share = Share(end, sum(amounts))
    rises = [share.add(amount) for amount in amounts]
    assert min(rises) >= 0
    assert sum(rises) == end


def test_where_rows_and_sum_agree_every_amount_is_shown_as_it_is():
    share = Share(30, 30)
    assert [share.add(amount) for amount in (10, 15, 5)] == [10, 15, 5]


def sums(**columns):
    return tuple(columns.get(name, 0) for name in TOTALS)


def test_a_part_of_the_cost_follows_the_tokens_that_it_is_for():
    ends = sums(calls=2, cost_nano_usd=70, cost_cache_read=30, cost_other=40)
    whole = sums(calls=2, cost_nano_usd=70, cache_read=500)
    drivers = {TOTALS[column]: driver for column, driver in drivers_of(ends, whole)}
    assert drivers["cost_cache_read"] == TOTALS.index("cache_read")
    assert drivers["cost_other"] == COST


def test_what_no_row_tells_of_follows_the_calls_or_nothing():
    assert dict(drivers_of(sums(reasoning=5, calls=1), sums(calls=1)))[TOTALS.index("reasoning")] == CALLS
    assert dict(drivers_of(sums(reasoning=5), sums())) == {TOTALS.index("reasoning"): -1}
