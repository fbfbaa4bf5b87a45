"""Metrics of budgets and the API's answers tell the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exporter.views.budgets import budget_list
from exporter.views.metrics import MetricReader
from support.fleet_rows import PAYMENTS, REVIEW, make_fleet
from support.metric_rows import NOW, SECOND, add_budget, add_window, make_database


@pytest.fixture
def database(database_url):
    database = make_fleet(database_url)
    yield database
    database.close()


def read(database, at=NOW):
    with database.read() as connection:
        points = MetricReader().read(connection, at)
        answers = budget_list(connection, at)
    return {feed: dict(zip(one.labels, one.values, strict=True)) for feed, one in points.items()}, answers


@pytest.mark.parametrize("at", [NOW, NOW + 40 * 86_400 * SECOND], ids=["in the period", "in the next period"])
def test_amounts_are_those_of_the_budgets_answer(database, at):
    points, answers = read(database, at)
    assert [answer["id"] for answer in answers] == ["payments-month", "review-day"]
    for answer in answers:
        key = (answer["id"], answer["period"]["kind"])
        unit = {"nano_usd": "usd", "tokens": "tokens"}[answer["unit"]]
        for amount in ("limit", "spent", "reserved", "projected"):
            assert points[f"budget_{amount}_{unit}"][key] == answer[amount], amount
        assert points["budget_utilization"][key] * 100 == pytest.approx(answer["percent_used"], abs=1e-4)
        for threshold in answer["thresholds"]:
            labels = (*key, str(threshold["percent"]), threshold["severity"])
            assert points["budget_threshold_reached"][labels] == threshold["reached"]


def test_a_threshold_is_reached_exactly_at_its_share_and_falls_with_a_higher_limit(sqlite_url):
    database = make_database(sqlite_url)
    exact, raised = replace(PAYMENTS, id="exact"), replace(PAYMENTS, id="raised", limit=PAYMENTS.limit + 1)
    with database.write() as connection:
        for budget in (exact, raised):
            add_window(connection, add_budget(connection, budget), budget, 700 * 10**9)
    points, _ = read(database)
    reached = points["budget_threshold_reached"]
    assert reached[("exact", "month", "70", "info")] == 1
    assert reached[("raised", "month", "70", "info")] == 0
    database.close()


def test_a_budget_in_tokens_has_no_series_in_usd(database):
    points, _ = read(database)
    assert (REVIEW.id, "day") not in points["budget_limit_usd"]
    assert (REVIEW.id, "day") not in points["budget_cost"]
    assert points["budget_usage"] == {(REVIEW.id, "day"): 5_000_000}
