"""The shipped Alertmanager configuration: valid as shipped, a route for every alert, and nothing muted by accident."""

from __future__ import annotations

import re

import pytest
import yaml

from support.alertmanager import FOLDER, hurried, replace_once, run, shipped_config
from support.tools import ROOT

RULES = ROOT / "prometheus" / "rules"
ROUTED = {
    "AgentBudgetThreshold": "info warning critical",
    "AgentBudgetFastBurn": "critical",
    "AgentBudgetBurn": "warning",
    "AgentBudgetSlowBurn": "info",
    "AgentBudgetExhaustion": "warning",
    "AgentBudgetForecast": "warning",
    "AgentCostSpike": "warning",
    "AgentUsageMissing": "warning",
    "AgentUsageUnpriced": "warning",
    "AgentPriceCoverageLow": "critical",
    "AgentExporterDown": "critical warning",
    "AgentExporterAbsent": "critical",
    "AgentExporterDatabaseDown": "critical",
    "AgentExporterAuditFailed": "critical",
    "AgentExporterAuditStale": "warning",
    "AgentCounterFell": "critical",
    "AgentConfigReloadFailed": "warning",
    "AgentExporterJobStalled": "warning",
    "AgentIntakeStalled": "critical",
    "AgentIntakeRejected": "warning",
    "AgentSeriesCapReached": "warning",
    "AgentCollectorDown": "critical",
    "AgentCollectorQueueFilling": "warning",
    "AgentCollectorEnqueueFailed": "critical",
    "AgentCollectorSendFailed": "critical",
    "AgentCollectorRefused": "warning",
    "AgentNotificationsFailing": "warning",
    "Watchdog": "none",
}
"""The severities with which each alert fires; the severity is its route."""
ROUTES = {severity: f'{{severity="{severity}"}}' for severity in ("critical", "warning", "info")} | {
    "none": '{alertname="Watchdog"}'
}


def alerts_of_rules():
    """Alert and severity of each alerting rule."""
    for path in sorted(RULES.glob("*.alerts.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from ((rule["alert"], rule["labels"]["severity"]) for rule in group["rules"] if "alert" in rule)


def duration_seconds(text):
    number, unit = re.fullmatch(r"(\d+)([smh])", text).groups()
    return int(number) * {"s": 1, "m": 60, "h": 3600}[unit]


@pytest.fixture
def amtool(tool):
    return tool("amtool")


@pytest.fixture
def shipped():
    return yaml.safe_load((FOLDER / "alertmanager.yml").read_text())


# ------------------------------------------------------------------------------------------------- the file
def test_the_shipped_configuration_is_valid(amtool):
    checked = run(amtool, "check-config", FOLDER / "alertmanager.yml")
    assert checked.returncode == 0, checked.stderr
    assert "1 templates" in checked.stdout
    assert "FAILED" not in checked.stdout


@pytest.mark.parametrize("people", ["webhook", "slack", "email"])
def test_each_documented_edit_of_the_receiver_leaves_it_valid(amtool, tmp_path, people):
    path = tmp_path / "alertmanager.yml"
    path.write_text(shipped_config(people=people, watchdog="heartbeat"))
    checked = run(amtool, "check-config", path)
    assert checked.returncode == 0, checked.stderr


def test_the_documented_office_hours_leave_it_valid_and_are_off_as_shipped(amtool, tmp_path, shipped):
    assert all("time_intervals" not in name for route in shipped["route"]["routes"] for name in route)
    path = tmp_path / "alertmanager.yml"
    line = "active_time_intervals: [office-hours]"
    path.write_text(replace_once(shipped_config(), f"# {line}", line))
    checked = run(amtool, "check-config", path)
    assert checked.returncode == 0, checked.stderr
    (warning,) = (one for one in yaml.safe_load(path.read_text())["route"]["routes"] if "active_time_intervals" in one)
    assert warning["matchers"] == ['severity="warning"']


def test_nothing_leaves_the_machine_as_shipped(shipped):
    routes = [shipped["route"], *shipped["route"]["routes"]]
    assert {route.get("receiver", "screen") for route in routes} == {"screen"}
    (screen,) = (one for one in shipped["receivers"] if one["name"] == "screen")
    assert set(screen) == {"name"}


def test_every_secret_is_a_file_of_the_folder_that_git_ignores(shipped):
    text = (FOLDER / "alertmanager.yml").read_text()
    named = set(re.findall(r"(\w+_file): (\S+)", text))
    assert {name for name, _ in named} == {"url_file", "api_url_file", "smtp_auth_password_file"}
    assert all(path.startswith("/etc/alertmanager/secrets/") for _, path in named)
    assert not re.search(r"\b(url|api_url|smtp_auth_password|auth_password):", text)
    assert (FOLDER / "secrets" / ".gitignore").read_text().split("\n")[1] == "*"


def test_a_group_waits_for_longer_than_two_evaluations(shipped):
    evaluation = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())["global"]["evaluation_interval"]
    for route in shipped["route"]["routes"][1:]:
        waits = {**shipped["route"], **route}["group_wait"]
        assert duration_seconds(waits) > 2 * duration_seconds(evaluation)


def seconds_between_repetitions(shipped, route):
    """A repetition goes out at the first flush of its group after repeat_interval is over."""
    timing = {**shipped["route"], **route}
    interval = duration_seconds(timing["group_interval"])
    return interval * (duration_seconds(timing["repeat_interval"]) // interval + 1)


def test_the_dead_man_beats_each_minute_and_nothing_repeats_so_rarely_that_it_is_forgotten(shipped):
    watchdog, *others = shipped["route"]["routes"]
    assert seconds_between_repetitions(shipped, watchdog) == 60
    for route in (shipped["route"], *others):
        repeats = seconds_between_repetitions(shipped, route)
        assert 3600 < repeats < 120 * 3600, "after 120 hours Alertmanager forgets what it sent"


# ------------------------------------------------------------------------------------------------- its routes
def test_every_alert_has_an_expected_route_and_every_expectation_an_alert():
    found = {}
    for name, severity in alerts_of_rules():
        found.setdefault(name, set()).add(severity)
    assert found == {name: set(severities.split()) for name, severities in ROUTED.items()}


def test_the_dead_mans_switch_is_the_first_route(shipped):
    assert shipped["route"]["routes"][0]["matchers"] == ['alertname="Watchdog"']


@pytest.mark.parametrize(
    ("name", "severity"), [(name, one) for name, severities in ROUTED.items() for one in severities.split()]
)
def test_an_alert_reaches_the_receiver_of_its_route(amtool, tmp_path, name, severity):
    path = tmp_path / "alertmanager.yml"
    path.write_text(shipped_config(people="webhook", watchdog="heartbeat"))
    receiver = "heartbeat" if name == "Watchdog" else "webhook"
    labels = [f"alertname={name}", f"severity={severity}", "budget=payments-month", "period=month"]
    routed = run(
        amtool, "config", "routes", "test", f"--config.file={path}", "--tree", f"--verify.receivers={receiver}", *labels
    )
    assert routed.returncode == 0, routed.stdout
    assert re.findall(r"── (\{.*\})", routed.stdout) == [ROUTES[severity]]


def test_an_alert_of_no_known_severity_still_reaches_people(amtool, tmp_path):
    path = tmp_path / "alertmanager.yml"
    path.write_text(shipped_config(people="email", watchdog="heartbeat"))
    routed = run(
        amtool, "config", "routes", "test", f"--config.file={path}", "--verify.receivers=email", "alertname=Own"
    )
    assert routed.returncode == 0, routed.stdout


# --------------------------------------------------------------------------------------------- what mutes what
def matchers_of(rule, side):
    """Label to its operator and value."""
    parts = (re.fullmatch(r'(\w+)(=~|=)"(.*)"', one).groups() for one in rule[f"{side}_matchers"])
    return {label: (operator, value) for label, operator, value in parts}


def test_an_inhibition_names_alerts_that_exist(shipped):
    known = {name for name, _ in alerts_of_rules()}
    for rule in shipped["inhibit_rules"]:
        for side in ("source", "target"):
            operator, value = matchers_of(rule, side)["alertname"]
            assert set(value.split("|")) <= known, value
            assert operator == "=~" or "|" not in value


def test_an_inhibition_asks_on_both_sides_for_every_label_that_it_compares(shipped):
    for rule in shipped["inhibit_rules"]:
        for label in rule.get("equal", []):
            assert matchers_of(rule, "source")[label] == matchers_of(rule, "target")[label] == ("=~", ".+")


def test_no_inhibition_can_mute_the_critical_threshold(shipped):
    for rule in shipped["inhibit_rules"]:
        target = matchers_of(rule, "target")
        names = set(target["alertname"][1].split("|"))
        if "AgentBudgetThreshold" in names:
            assert "critical" not in target["severity"][1].split("|")


def test_the_hurry_of_tests_changes_nothing_but_waiting():
    calm, quick = (yaml.safe_load(text) for text in (shipped_config(), hurried(shipped_config())))
    for route in (calm["route"], quick["route"], *calm["route"]["routes"], *quick["route"]["routes"]):
        route.pop("group_wait", None)
        route.pop("group_interval", None)
    assert calm == quick
