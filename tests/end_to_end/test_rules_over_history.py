"""Two days of the fleet played through the shipped budget rules: what fired is what happened."""

from __future__ import annotations

import pytest

from exporter.views.times import parse_time
from scripts.replay.fleet import Past
from scripts.replay.incidents import INCIDENTS
from scripts.replay.play import play
from scripts.replay.report import report
from scripts.replay.storage import Programs
from scripts.replay.verdicts import ANY_OF
from support.tools import ROOT, require_tool

PAST = Past(parse_time("2026-11-13T00:00:00Z", name="end"), days=2, tasks_per_day=150, incidents=INCIDENTS)
"""Working days, with one loop of the runaway agent and one burst of another agent."""
MINUTE = 60


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    programs = Programs(require_tool("prometheus"), require_tool("promtool"))
    rules = [ROOT / "prometheus" / "rules" / "budgets.alerts.yml"]
    judged, world = play(programs, tmp_path_factory.mktemp("replay"), PAST, rules, say=lambda _: None)
    return {one.alert: one for one in judged.verdicts}, report(judged, world)


def test_every_threshold_is_told_within_minutes_and_none_that_was_not_reached(outcome):
    verdicts, text = outcome
    for severity in ("info", "warning", "critical"):
        verdict = verdicts[f"AgentBudgetThreshold ({severity})"]
        assert verdict.matches, text
        assert not verdict.missed, text
        assert not verdict.groundless, text
        assert all(-3 * MINUTE <= match.lead_s <= 0 for match in verdict.matches), text
        assert len(verdict.matches) == verdict.firings, "each is told once"


def test_something_tells_of_a_limit_before_it_is_reached(outcome):
    verdicts, text = outcome
    together = verdicts[ANY_OF]
    assert len(together.matches) >= 4, text
    days = [match for match in together.matches if "-day" in match.cause.text]
    assert days, text
    assert not [cause for cause in together.missed if "-day" in cause.text], text
    assert all(match.lead_s > 10 * MINUTE for match in days), text


def test_the_fast_burn_tells_of_the_runaway_agent_before_its_hour_is_used_up(outcome):
    verdicts, text = outcome
    burn = verdicts["AgentBudgetFastBurn (critical)"]
    assert any("night-crawler-hour" in match.cause.text and match.lead_s > 0 for match in burn.matches), text
