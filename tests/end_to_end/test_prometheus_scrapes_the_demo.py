"""The main job on real input: the fleet pushes, a real Prometheus scrapes, and its sums are the ledger's."""

from __future__ import annotations

import json
import time

import pytest

from support.commands import audit, run_command
from support.prometheus import Prometheus
from support.tools import ROOT

NEWBORN_SECONDS = 60
"""So long a new series shows 0 (DESIGN, decision 3)."""
NANO = 10**9


def by_label(vector, label):
    return {dict(labels).get(label, ""): value for labels, value in vector.items()}


@pytest.fixture
def fed(start_server, sqlite_url):
    """A server to which the fleet has pushed two days, and the fleet's own account of them."""
    server = start_server(sqlite_url, env={"AGENT_EXPORTER_CONFIG": str(ROOT / "exporter/demo/demo.yml")})
    pushed = json.loads(run_command("demo", "--endpoint", server.url, "--days", "2", "--json"))
    return server, pushed


def test_its_sums_are_those_of_the_ledger_and_of_the_fleet(fed, tool, tmp_path, sqlite_url):
    server, pushed = fed
    with Prometheus(tool("prometheus"), tmp_path / "prometheus", [server.port]) as prometheus:
        time.sleep(NEWBORN_SECONDS + 4)
        tokens = by_label(prometheus.query("sum by (gen_ai_token_type) (agent_tokens_total)"), "gen_ai_token_type")
        tokens_of = by_label(prometheus.query("sum by (project) (agent_tokens_total)"), "project")
        cost_of = by_label(prometheus.query("sum by (project) (agent_cost_usd_total)"), "project")
        team_of = prometheus.query("count by (project, team) (agent_tokens_total)")
        unpriced = prometheus.value("sum(agent_unpriced_calls_total)")
        budgets = prometheus.value("count(agent_budget_info)")

    assert {name: int(value) for name, value in tokens.items() if value} == {
        name: count for name, count in pushed["tokens"].items() if count
    }
    assert tokens_of == pushed["tokens_by_project"]
    ledger = server.get("/api/v1/costs?group_by=project").json()
    for group in ledger["data"]:
        assert cost_of[group["project"]] == pytest.approx(group["cost_nano_usd"] / NANO, abs=0.005)
    assert sum(cost_of.values()) == pytest.approx(ledger["total"]["cost_nano_usd"] / NANO, abs=0.005)
    assert ledger["total"]["cost_nano_usd"] > NANO
    assert unpriced >= pushed["unpriced_calls"] > 0
    assert budgets == 6
    assert (("project", "onboarding"), ("team", "growth")) in team_of
    audit(sqlite_url)
