"""When a new series shows what it counted, and that no counter ever falls."""

from __future__ import annotations

import pytest

from exporter.views.metrics import MetricReader
from exporter.views.points import Distribution
from support.fleet_rows import BUILDER, PAYMENTS
from support.metric_rows import (
    NOW,
    SECOND,
    add_adjustment,
    add_breach,
    add_budget,
    add_counter,
    add_distribution,
    add_series,
    add_total,
    make_database,
)

CHAT = {"operation": "chat", "provider": "anthropic", "request_model": "m", "response_model": "m"}


@pytest.fixture
def database(database_url):
    database = make_database(database_url)
    yield database
    database.close()


def shown(database, feed, at, reader=None):
    with database.read() as connection:
        points = (reader or MetricReader()).read(connection, at)[feed]
    return dict(zip(points.labels, points.values, strict=True))


def total(database, feed, at):
    return sum(shown(database, feed, at).values())


@pytest.mark.parametrize(("age", "cost"), [(0, 0), (59, 0), (60, 7), (3600, 7)])
def test_a_label_set_shows_zero_until_it_is_a_minute_old(database, age, cost):
    with database.write() as connection:
        add_total(connection, add_series(connection, BUILDER, at=NOW - age * SECOND), calls=1, cost_nano_usd=7)
    assert total(database, "cost", NOW) == cost
    assert total(database, "calls", NOW) == min(cost, 1)


def test_a_new_member_of_an_old_series_counts_at_once(database):
    with database.write() as connection:
        add_total(connection, add_series(connection, BUILDER | {"cost_status": "priced"}), calls=1, cost_nano_usd=7)
        young = add_series(connection, BUILDER | {"cost_status": "estimated"}, at=NOW)
        add_total(connection, young, calls=1, cost_nano_usd=5)
    assert total(database, "cost", NOW) == 12
    assert total(database, "calls", NOW) == 1, "the calls of the new status are a new series"


def test_a_series_has_its_zero_before_anything_is_reversed(database):
    with database.write() as connection:
        number = add_series(connection, BUILDER)
        add_total(connection, number, calls=2, cost_nano_usd=7)
    assert list(shown(database, "cost_adjustments", NOW).values()) == [0]
    with database.write() as connection:
        add_adjustment(connection, number, calls=1, cost_nano_usd=3)
    assert total(database, "cost", NOW) == 7
    assert total(database, "cost_adjustments", NOW) == 3


def test_the_shares_of_all_writers_are_added(database):
    with database.write() as connection:
        number = add_series(connection, BUILDER)
        for slot in range(5):
            add_total(connection, number, slot=slot, calls=1, cost_nano_usd=10**slot)
    assert total(database, "cost", NOW) == 11_111


def test_a_label_set_shows_zero_before_anything_was_booked_under_it(database):
    with database.write() as connection:
        add_series(connection, BUILDER)
        add_distribution(connection, CHAT, {})
    assert list(shown(database, "cost", NOW).values()) == [0]
    assert list(shown(database, "operation_duration", NOW).values()) == [Distribution(0, (0,) * 15)]


def test_a_reader_that_remembers_sees_new_label_sets_in_any_order_of_their_ids(database):
    reader = MetricReader()
    with database.write() as connection:
        first, second = (add_series(connection, BUILDER | {"model": model}) for model in ("a", "b"))
        add_total(connection, second, cost_nano_usd=2)
    assert sum(shown(database, "cost", NOW, reader).values()) == 2
    with database.write() as connection:
        add_total(connection, first, cost_nano_usd=1)
        add_total(connection, add_series(connection, BUILDER | {"model": "c"}), cost_nano_usd=3)
    found = shown(database, "cost", NOW, reader)
    assert {labels[-1]: value for labels, value in found.items()} == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(("age", "count"), [(59, 0), (60, 3)])
def test_a_histogram_is_empty_until_it_is_a_minute_old(database, age, count):
    with database.write() as connection:
        add_distribution(connection, CHAT, {2: (9, {0: 3})}, at=NOW - age * SECOND)
    (value,) = shown(database, "operation_duration", NOW).values()
    assert sum(value.buckets) == count


def test_token_histograms_of_failed_and_answered_calls_are_one(database):
    with database.write() as connection:
        add_distribution(connection, CHAT, {0: (10, {2: 1}), 1: (4, {1: 1})})
        add_distribution(connection, CHAT | {"error_type": "timeout"}, {0: (100, {4: 1}), 1: (0, {0: 1})})
    found = shown(database, "token_usage", NOW)
    assert found[("chat", "anthropic", "m", "m", "input")] == Distribution(
        110, tuple(int(n in {2, 4}) for n in range(15))
    )
    assert found[("chat", "anthropic", "m", "m", "output")].sum == 4


@pytest.mark.parametrize(("age", "cost"), [(59, 0), (60, 8)])
def test_a_budgets_counter_starts_at_zero(database, age, cost):
    with database.write() as connection:
        add_budget(connection, PAYMENTS, at=NOW - age * SECOND)
        add_counter(connection, PAYMENTS, 8)
    assert shown(database, "budget_cost", NOW) == {("payments-month", "month"): cost}


def test_a_budget_that_was_made_again_goes_on_counting(database):
    with database.write() as connection:
        add_budget(connection, PAYMENTS, deleted_at=NOW - SECOND)
        add_budget(connection, PAYMENTS, at=NOW)
        add_counter(connection, PAYMENTS, 8)
    assert shown(database, "budget_cost", NOW) == {("payments-month", "month"): 8}


def test_a_deleted_budget_is_gone(database):
    with database.write() as connection:
        add_budget(connection, PAYMENTS, deleted_at=NOW - SECOND)
        add_counter(connection, PAYMENTS, 8)
        add_breach(connection, PAYMENTS, 70, at=NOW - 90 * SECOND)
    assert shown(database, "budget_cost", NOW) == {}
    assert shown(database, "budget_breaches", NOW) == {}


def test_a_threshold_shows_zero_until_its_first_breach_is_a_minute_old(database):
    with database.write() as connection:
        add_budget(connection, PAYMENTS)
        add_breach(connection, PAYMENTS, 70, at=NOW)
    reached = ("payments-month", "month", "70")
    assert shown(database, "budget_breaches", NOW + 59 * SECOND)[reached] == 0
    assert shown(database, "budget_breaches", NOW + 60 * SECOND)[reached] == 1
    assert shown(database, "budget_breaches", NOW)[("payments-month", "month", "100")] == 0
