"""The dearest tasks, and what scheduled jobs found."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from exporter.ledger.jobs import record_run
from exporter.ledger.tables import task_rollup
from exporter.views.fact_samples import TaskCosts
from exporter.views.metrics import MetricReader
from support.metric_rows import NOW, SECOND, add_task, make_database

QUARTER = NOW // (900 * SECOND)
DAY = 96


@pytest.fixture
def database(database_url):
    database = make_database(database_url)
    yield database
    database.close()


def read(database):
    with database.read() as connection:
        return MetricReader().read(connection, NOW)


def test_a_task_shows_all_that_it_cost_while_it_is_active(database):
    with database.write() as connection:
        add_task(connection, "payments", "PAY-1", {QUARTER - 10 * DAY: 40, QUARTER - DAY: 2})
        add_task(connection, "payments", "PAY-2", {QUARTER - DAY - 1: 1_000})
    points = read(database)["task_cost"]
    assert list(zip(points.labels, points.values, strict=True)) == [(("payments", "PAY-1"), 42)]


def test_only_the_fifty_dearest_tasks_are_shown(database):
    with database.write() as connection:
        for number in range(55):
            add_task(connection, "p", f"T{number:02}", {QUARTER: 100 + number})
    points = read(database)["task_cost"]
    assert [name for _, name in points.labels] == [f"T{number:02}" for number in range(5, 55)]


@pytest.mark.parametrize(("seconds", "rest", "cost"), [(0.01, 0.0, 2), (0.5, 49.0, 1), (0.5, 51.0, 2)])
def test_a_slow_reading_of_tasks_is_used_a_hundred_times_as_long(database, seconds, rest, cost):
    with database.write() as connection:
        add_task(connection, "p", "T", {QUARTER: 1})
    began = 1_000.0
    ended = began + seconds
    tasks = TaskCosts(iter([began, ended, ended + rest, ended + rest]).__next__)
    with database.read() as connection:
        assert tasks.read(connection, NOW)["task_cost"].values == [1]
    with database.write() as connection:
        connection.execute(update(task_rollup).values(cost_nano_usd=2))
    with database.read() as connection:
        assert tasks.read(connection, NOW)["task_cost"].values == [cost]


def test_an_audit_that_found_a_difference_is_no_success(database):
    with database.write() as connection:
        record_run(connection, "audit", NOW - 60 * SECOND, success=True)
        record_run(connection, "audit", NOW - SECOND, success=False)
    points = read(database)
    assert points["audit_success"].values == [0]
    assert points["audit_timestamp"].values == [NOW - SECOND]
    assert points["job_last_success"].values == [NOW - 60 * SECOND]


def test_a_refused_configuration_leaves_the_time_of_the_one_in_force(database):
    with database.write() as connection:
        record_run(connection, "config_reload", NOW - 60 * SECOND, success=True)
        record_run(connection, "config_reload", NOW - SECOND, success=False)
    points = read(database)
    assert points["config_reload_success"].values == [0]
    assert points["config_reload_timestamp"].values == [NOW - 60 * SECOND]


def test_a_job_that_never_ran_has_no_result(database):
    points = read(database)
    assert not {"audit_success", "audit_timestamp", "config_reload_success"} & points.keys()
    assert points["job_last_success"].labels == []
