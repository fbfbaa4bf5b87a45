"""The configuration that ships with the fleet fits the fleet."""

from __future__ import annotations

from importlib.resources import as_file, files

import pytest

from exporter.demo.roster import EMBEDDING, ROSTER, recruit
from exporter.demo.tasks import Crew, plan_runaway
from exporter.settings.load import load_settings

LOWEST_RATE_NANO_USD = 2_000
"""Of an uncached prompt token of gpt-6-sol, below its long-prompt tier."""


@pytest.fixture(scope="module")
def policy():
    with as_file(files("exporter.demo") / "demo.yml") as path:
        return load_settings(str(path), {}).policy


def test_it_knows_every_project_of_the_fleet(policy):
    assert set(policy.projects) == {agent.project.name for agent in ROSTER}


def test_it_gives_every_model_the_tier_of_its_agents(policy):
    assert policy.model_tiers == {agent.model.name: agent.tier for agent in ROSTER if agent.name != "onboarding-guide"}
    assert EMBEDDING.name not in policy.model_tiers


def test_a_rule_names_the_team_where_the_fleet_does_not(policy):
    silent = {agent.project.name for agent in ROSTER if not agent.project.team}
    assert {rule.when["service.namespace"]: dict(rule.set) for rule in policy.rules} == {
        name: {"team": policy.projects[name]["team"]} for name in silent
    }


def test_its_budgets_cover_both_units_every_period_and_several_zones(policy):
    assert {budget.unit for budget in policy.budgets} == {"nano_usd", "tokens"}
    assert {budget.period for budget in policy.budgets} == {"hour", "day", "week", "month"}
    assert len({budget.timezone for budget in policy.budgets}) >= 4


def test_the_runaway_agent_has_a_budget_that_one_loop_exceeds(policy):
    runaway = next(agent for agent in ROSTER if agent.runs_away)
    (budget,) = [budget for budget in policy.budgets if budget.scope == {"agent": runaway.name}]
    crew = Crew(1, recruit(12))
    for number in range(20):
        (loop,) = plan_runaway(crew, f"loop-{number}", 0)
        prompt_tokens = sum(span.tokens.input_total for span in loop.spans if span.tokens)
        assert prompt_tokens * LOWEST_RATE_NANO_USD > budget.limit
