"""The shipped boards on the whole stack: every panel, variable and annotation finds data, and the program that says so
finds what does not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from scripts.stack.addresses import url
from scripts.stack.configuration import Choices, Pace
from scripts.stack.stack import Stack
from support.commands import run_command
from support.stack import place_in, query_prometheus, wait_for
from support.tools import ROOT, require_tool

PATIENCE_SECONDS = 60
NEWBORN_SECONDS = 60
"""So long a new series shows 0 (DESIGN, decision 3)."""
MINUTE_SECONDS = 60
"""So wide are the marks on graphs: one is surely over that long after the first breach is shown."""
RANGE_SECONDS = 30
"""Of the boards: so short that Prometheus soon has seen the range before, too."""
PACE = Pace(scrape="2s", evaluation="2s", group_wait="5s", group_interval="5s")
PROJECT = {"project": "checkout"}
CONFIGURATION = {
    "prices": [{"model": "house-model", "layer": "self_hosted", "usd_per_million": {"input": 1, "output": 5}}],
    "list_equivalent": [{"when": {"gen_ai.agent.name": "search-tester"}}],
    "budgets": [
        # Crosses a limit every few seconds.
        {
            "id": "stairs-month",
            "scope": PROJECT,
            "limit": "30 USD",
            "period": "month",
            "thresholds": [{"percent": percent, "severity": "critical"} for percent in range(1, 101)],
        },
        {"id": "overrun-week", "scope": PROJECT, "limit": "1 USD", "period": "week"},
        # At any hour one of the two is far enough gone for a forecast.
        {"id": "half-day", "scope": PROJECT, "limit": "30 USD", "period": "day"},
        {"id": "half-day-in-india", "scope": PROJECT, "limit": "30 USD", "period": "day", "timezone": "Asia/Kolkata"},
        {"id": "tokens-hour", "scope": PROJECT, "limit": "30M tokens", "period": "hour"},
    ],
}
SECONDS_BETWEEN_CALLS = 2.0
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "self_hosted",
    "gen_ai.response.model": "house-model",
    "gen_ai.agent.name": "checkout-agent",
    "gen_ai.usage.input_tokens": 200_000,
    "gen_ai.usage.output_tokens": 20_000,
    "gen_ai.usage.cost": 0.29,
    "project.id": "checkout",
}
"""Costs 0.30 USD; its telemetry says 0.29."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """The whole stack: the fleet has pushed a past and pushes on, and an agent spends through its budgets."""
    for program in ("otelcol", "prometheus", "alertmanager"):
        require_tool(program)
    choices = Choices(
        exporter=CONFIGURATION,
        pace=PACE,
        environment={"AGENT_EXPORTER_SETTLE_SECONDS": "0.2", "AGENT_EXPORTER_AUDIT_INTERVAL": "10s"},
    )
    with Stack(place_in(tmp_path_factory.mktemp("boards")), choices) as running, spending(running):
        begun = time.monotonic()
        push_history(running)
        running.start_fleet()
        send_rubbish(running)
        wait_until_an_alert_fires(running)
        time.sleep(max(0.0, begun + NEWBORN_SECONDS + MINUTE_SECONDS + 10 - time.monotonic()))
        yield running


def test_every_panel_variable_and_annotation_of_every_board_finds_data(stack):
    done = check(stack, ROOT / "grafana" / "dashboards")
    assert done.returncode == 0, done.stdout + done.stderr
    boards = list((ROOT / "grafana" / "dashboards").glob("*.json"))
    assert done.stdout.startswith(f"{len(boards)} boards, ")
    assert len(boards) >= 4


BROKEN = {
    "misspelt metric": ("sum(agent_cost_usd_totl)", "nothing found"),
    "no PromQL": ("sum(agent_cost_usd_total", "parse error"),
    "unknown variable": ('sum(agent_cost_usd_total{team="$tem"})', "$tem is no variable with a value"),
    "many values in an equality": ('sum(agent_cost_usd_total{project="$project"})', "nothing found"),
}


def test_a_board_that_would_show_nothing_is_found_out(stack, tmp_path):
    panels = [panel(title, expression) for title, (expression, _) in BROKEN.items()]
    panels.append(panel("good", 'sum(agent_cost_usd_total{project=~"$project"})'))
    panels.append({"title": "without a question", "type": "stat", "targets": []})
    write_board(tmp_path / "broken.json", panels)
    done = check(stack, tmp_path)
    assert done.returncode == 1
    for title, (_, why) in BROKEN.items():
        assert any(f"Broken / {title} / A instant" in line and why in line for line in done.stdout.splitlines()), title
    assert "Broken / without a question" in done.stdout
    assert "Broken / good" not in done.stdout


@contextmanager
def spending(stack):
    """An agent that makes a call every other second, through the Collector."""
    ended = Event()

    def spend():
        while not ended.wait(SECONDS_BETWEEN_CALLS):
            send_call(stack)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(spend)
        yield
        ended.set()
        done.result()


def send_call(stack):
    now = time.time_ns()
    span = {
        "traceId": f"{now:032x}",
        "spanId": f"{now:016x}",
        "name": "chat house-model",
        "kind": 3,
        "startTimeUnixNano": str(now - 10**9),
        "endTimeUnixNano": str(now),
        "attributes": [{"key": key, "value": as_value(value)} for key, value in CALL.items()],
    }
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    assert post(f"{url(stack.place.ports.otlp_http)}/v1/traces", body) == 200


def as_value(value):
    kind = {str: "stringValue", int: "intValue", float: "doubleValue"}[type(value)]
    return {kind: str(value) if kind == "intValue" else value}


def send_rubbish(stack):
    """A body that the exporter must refuse."""
    token = (stack.place.secrets / "ingest").read_text().strip()
    assert post(f"{url(stack.place.ports.exporter)}/v1/traces", b"{", token=token) == 400


def post(address, body, *, token=""):
    """The status of the answer."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def push_history(stack):
    token = str(stack.place.secrets / "ingest")
    run_command("demo", "--endpoint", url(stack.place.ports.exporter), "--token-file", token, "--days", "2", "--quiet")


def wait_until_an_alert_fires(stack):
    fires = 'ALERTS{alertstate="firing", budget="overrun-week", severity="critical"}'
    wait_for(lambda: query_prometheus(stack, fires), "the alert of the broken budget", within_seconds=PATIENCE_SECONDS)


def check(stack, folder):
    script = ROOT / "scripts" / "check_boards.py"
    prometheus = url(stack.place.ports.prometheus)
    command = [sys.executable, script, "--prometheus", prometheus, "--dashboards", folder]
    seen = ["--from", f"now-{RANGE_SECONDS}s", "--scrape-interval", PACE.scrape]
    return subprocess.run([*command, *seen], capture_output=True, text=True, timeout=120, check=False)


def panel(title, expression):
    return {"title": title, "type": "stat", "targets": [{"refId": "A", "expr": expression, "instant": True}]}


def write_board(path, panels):
    """A board with the variables of the shipped ones."""
    shipped = json.loads((ROOT / "grafana" / "dashboards" / "agent-cost.json").read_text())
    path.write_text(json.dumps({**shipped, "title": "Broken", "panels": panels, "annotations": {"list": []}}))
