"""A running Alertmanager with the shipped configuration: what it mutes, and what it must never mute."""

from __future__ import annotations

import time

import pytest

from support.alertmanager import Alertmanager, alert, shipped_config, threshold

AT_70, AT_85, AT_100 = threshold(70, "info"), threshold(85, "warning"), threshold(100, "critical")
DOWN = alert("AgentExporterDown", "critical")
ABSENT = alert("AgentExporterAbsent", "critical")
OF_A_BUDGET = {"budget": "payments-month", "period": "month"}


@pytest.fixture
def running(tool, tmp_path):
    """The configuration as shipped: nobody is told."""
    with Alertmanager(tool("alertmanager"), tmp_path / "alertmanager", shipped_config()) as alertmanager:
        yield alertmanager


def assert_muted(alertmanager, fired, muted):
    """Of these alerts exactly those are muted, as soon as Alertmanager has seen them all.

    Every test has some that are, so that none passes before Alertmanager has judged.
    """
    alertmanager.fire(*fired)
    found, deadline = [], time.monotonic() + 20
    while found != muted:
        assert time.monotonic() < deadline, f"muted are {found}"
        time.sleep(0.1)
        there = {frozenset(one["labels"].items()): one["status"]["inhibitedBy"] for one in alertmanager.alerts()}
        found = [one for one in fired if there.get(frozenset(one.items()))]
    assert len(there) == len(fired)


# ------------------------------------------------------------------------------------------------ thresholds
def test_a_hundred_percent_mutes_the_lower_thresholds_of_its_budget_and_period_only(running):
    lower = [AT_85, AT_70]
    others = [
        threshold(85, "warning", budget="search-month"),
        threshold(70, "info", budget="support-month"),
        threshold(85, "warning", period="day"),
        alert("AgentCostSpike", "warning", project="payments", gen_ai_agent_name="reviewer"),
        alert("AgentBudgetForecast", "warning", **OF_A_BUDGET),
    ]
    assert_muted(running, [AT_100, *lower, *others], lower)


def test_eighty_five_percent_mutes_seventy_and_not_the_other_way_round(running):
    assert_muted(running, [AT_70, AT_85], [AT_70])


def test_what_was_muted_speaks_again_when_the_hundred_percent_are_over(running):
    assert_muted(running, [AT_100, AT_85], [AT_85])
    running.resolve(AT_100)
    deadline = time.monotonic() + 20
    while running.is_muted(AT_85):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_alert_of_another_team_without_a_budget_is_never_muted(running):
    """Labels that are absent on both sides count as equal, so even a threshold alert without its labels mutes nothing."""
    nameless = {"alertname": "AgentBudgetThreshold", "severity": "critical", "team": "growth"}
    others = [
        {"alertname": "AgentBudgetThreshold", "severity": "warning", "team": "search"},
        {"alertname": "DiskFull", "severity": "warning", "team": "search"},
        {"alertname": "AgentBudgetSlowBurn", "severity": "info", "team": "search"},
    ]
    assert_muted(running, [nameless, AT_100, AT_85, *others], [AT_85])


# ------------------------------------------------------------------------------------------------ burn
def test_of_the_burn_alerts_of_a_budget_the_fastest_speaks(running):
    fast = alert("AgentBudgetFastBurn", "critical", **OF_A_BUDGET)
    burn = alert("AgentBudgetBurn", "warning", **OF_A_BUDGET)
    slow = alert("AgentBudgetSlowBurn", "info", **OF_A_BUDGET)
    other = alert("AgentBudgetBurn", "warning", budget="search-month", period="month")
    slow_other = alert("AgentBudgetSlowBurn", "info", budget="search-month", period="month")
    assert_muted(running, [fast, burn, slow, other, slow_other, AT_85], [burn, slow, slow_other])


def test_used_up_within_hours_mutes_the_forecast_for_the_end_of_the_period(running):
    near = alert("AgentBudgetExhaustion", "warning", **OF_A_BUDGET)
    far = alert("AgentBudgetForecast", "warning", **OF_A_BUDGET)
    other = alert("AgentBudgetForecast", "warning", budget="search-month", period="month")
    assert_muted(running, [near, far, other], [far])


# ------------------------------------------------------------------------------------------------ no data
@pytest.mark.parametrize("source", [DOWN, ABSENT], ids=["down", "absent"])
def test_an_exporter_that_is_gone_mutes_only_what_missing_data_causes(running, source):
    caused = [
        alert("AgentIntakeStalled", "critical"),
        alert("AgentExporterAuditStale", "warning"),
        alert("AgentExporterJobStalled", "warning"),
        alert("AgentBudgetForecast", "warning", **OF_A_BUDGET),
    ]
    stays = [
        AT_100,
        threshold(85, "warning", budget="search-month"),
        alert("AgentBudgetFastBurn", "critical", **OF_A_BUDGET),
        alert("AgentBudgetExhaustion", "warning", budget="search-month", period="month"),
        alert("AgentCounterFell", "critical", family="agent_cost_usd_total"),
        alert("AgentCollectorQueueFilling", "warning", instance="otel-collector:8888", exporter="otlp_http/billing"),
        alert("AgentCollectorSendFailed", "critical", instance="otel-collector:8888", exporter="otlp_http/billing"),
        alert("Watchdog", "none"),
    ]
    assert_muted(running, [source, *caused, *stays], caused)


def test_one_replica_that_is_down_mutes_nothing(running):
    one = alert("AgentExporterDown", "warning", instance="exporter-2:9464")
    others = [alert("AgentIntakeStalled", "critical"), alert("AgentBudgetForecast", "warning", **OF_A_BUDGET)]
    assert_muted(running, [one, *others, AT_100, AT_85], [AT_85])


def test_a_queue_that_takes_no_more_mutes_that_it_was_filling(running):
    def of(name, severity, exporter):
        return alert(name, severity, instance="otel-collector:8888", exporter=exporter)

    full = of("AgentCollectorEnqueueFailed", "critical", "otlp_http/billing")
    filling = of("AgentCollectorQueueFilling", "warning", "otlp_http/billing")
    other = of("AgentCollectorQueueFilling", "warning", "otlp_http/tempo")
    assert_muted(running, [full, filling, other], [filling])
