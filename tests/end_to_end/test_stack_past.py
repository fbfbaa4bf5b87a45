"""The first start of the native stack: Prometheus shows days in which it did not run, and the present follows on."""

from __future__ import annotations

import pytest

from scripts.stack.configuration import Choices, Pace
from scripts.stack.stack import Stack
from support.stack import ask_exporter, place_in, query_prometheus, wait_for

PACE = Pace(scrape="1s", evaluation="1s", group_wait="5s", group_interval="2s")
FAMILIES = ("agent_cost_usd_total", "agent_tokens_total", "agent_calls_total", "agent_budget_cost_usd_total")
PROJECTS = {"payments", "search", "onboarding"}
SCRAPES = 5


@pytest.fixture
def stack(tool, tmp_path):
    for program in ("otelcol", "prometheus", "promtool", "alertmanager"):
        tool(program)
    with Stack(place_in(tmp_path), Choices(pace=PACE, with_past=True)) as running:
        yield running


def test_the_past_is_there_and_the_first_scrapes_continue_it(stack):
    wait_for(
        lambda: query_prometheus(stack, f'count_over_time(up{{job="agent-exporter"}}[5m]) >= {SCRAPES}'),
        "scrapes of the exporter",
        within_seconds=60,
    )
    spent = {project: at_offset(stack, project) for project in PROJECTS}
    for days in spent.values():
        assert 0 < days["2d"] < days["1d"] < days["0s"]
    for family in FAMILIES:
        assert query_prometheus(stack, f"resets({family}[4d]) > 0") == {}
        assert query_prometheus(stack, f"increase({family}[30s]) > 0") == {}
    ledger = ask_exporter(stack, "/api/v1/costs?group_by=project")["data"]
    assert {one["project"]: one["cost_nano_usd"] / 10**9 for one in ledger} == {
        project: pytest.approx(days["0s"], abs=0.005) for project, days in spent.items()
    }


def at_offset(stack, project):
    """What Prometheus says that a project had spent in all, by how long ago."""
    expression = f'sum(agent_cost_usd_total{{project="{project}"}} offset %s)'
    return {ago: sum(query_prometheus(stack, expression % ago).values()) for ago in ("2d", "1d", "0s")}
