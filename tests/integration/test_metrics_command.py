"""`agent-exporter metrics`: the scrape in a terminal."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.cli.context import CommandContext
from exporter.cli.metrics import command
from exporter.ledger import schema
from exporter.ledger.engine import Database
from support.fleet_rows import fill_fleet


@pytest.fixture
def run(sqlite_url, monkeypatch):
    database = Database(sqlite_url)
    schema.upgrade(database.engine)
    fill_fleet(database)
    database.close()
    monkeypatch.setenv("AGENT_EXPORTER_DATABASE_URL", sqlite_url)

    def invoke(*arguments):
        context = CommandContext()
        result = CliRunner().invoke(command, arguments, obj=context, standalone_mode=False)
        context.close()
        if result.exception:
            raise result.exception
        return result.output

    return invoke


def test_the_overview_has_a_line_for_each_family_with_its_sum(run):
    lines = {line.split()[0]: line.split()[1:] for line in run().splitlines()}
    assert lines["agent_cost_usd_total"] == ["counter", "4", "13.095698902"]
    assert lines["agent_budget_limit_usd"] == ["gauge", "1", "1,000"]
    assert lines["agent_budget_threshold_reached"] == ["gauge", "5", "-"]
    assert lines["gen_ai_client_token_usage"] == ["histogram", "34", "-"]


def test_the_beginning_of_a_name_shows_every_series_of_what_it_fits(run):
    lines = [line.split() for line in run("agent_budget_breaches", "agent_exporter_audit").splitlines()]
    reached = ["budget=payments-month", "period=month", "threshold=70"]
    assert ["agent_budget_breaches_total", *reached, "2"] in lines
    assert ["agent_exporter_audit_timestamp_seconds", "-", "2026-11-18T11:06:10Z"] in lines
    assert {line[0] for line in lines[1:]} == {
        "agent_budget_breaches_total",
        "agent_exporter_audit_success",
        "agent_exporter_audit_timestamp_seconds",
    }


def test_programs_get_every_series_with_its_labels(run):
    data = json.loads(run("--json", "agent_cost_reported", "gen_ai_client_operation"))["data"]
    assert data[0] == {
        "family": "agent_cost_reported_usd_total",
        "type": "counter",
        "labels": {"gen_ai_provider_name": "openai", "gen_ai_response_model": "gpt-5.2", "source": "gateway"},
        "value": 2e-05,
    }
    assert data[1]["value"] == {"count": 3, "sum": 4.5}


def test_raw_is_what_a_scrape_parses(run):
    text = {sample.name: sample.value for family in parse_text(run("--raw")) for sample in family.samples}
    assert text["agent_exporter_database_up"] == 1
    families = list(parse_openmetrics(run("--raw", "--openmetrics", "agent_cost_usd_total")))
    assert [family.name for family in families] == ["agent_cost_usd"]
    assert any(sample.exemplar for sample in families[0].samples)


def test_a_generation_of_the_conventions_that_is_switched_off_is_not_there(run, monkeypatch):
    monkeypatch.setenv("AGENT_EXPORTER_GEN_AI_CLIENT", "old")
    assert "gen_ai_client_token_usage" in run()
    assert "gen_ai_client_inference" not in run()


def test_an_unknown_family_is_refused_by_name(run):
    with pytest.raises(Exception, match="no family is called agent_costs; without FAMILY all of them are listed"):
        run("agent_costs")
