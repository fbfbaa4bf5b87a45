"""The past as text: what prometheus-client parses, with the labels and numbers of the scrape."""

from __future__ import annotations

from io import StringIO

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from exporter.telemetry.catalog import CATALOG
from exporter.telemetry.openmetrics_history import write_window
from exporter.views.history import Window
from exporter.views.history_budgets import Track
from exporter.views.history_curves import Stretch
from exporter.views.history_rows import Grid

SECOND = 10**9
GRID = Grid(600 * SECOND, 840 * SECOND + 250 * 10**6, 60 * SECOND)
TARGET = {"job": "agent-exporter", "instance": "exporter:9464"}
COST = ("payments", "", "prod", 'say "hi"\\', "openai", "gpt-6-sol")


def written(tracks):
    out = StringIO()
    count = write_window(out, CATALOG, Window(GRID.first, GRID.last + 1, tracks), GRID, TARGET)
    samples = [sample for family in parse(out.getvalue()) for sample in family.samples]
    assert len(samples) == count
    return samples


def test_every_sample_has_its_time_and_the_last_one_the_end():
    stretches = [Stretch(10, 12, 0), Stretch(12, 16, 1_500_000_000)]
    samples = written({"cost": [Track(COST, stretches)]})
    assert [(sample.value, float(sample.timestamp)) for sample in samples] == [
        (0, 600), (0, 660), (1.5, 720), (1.5, 780), (1.5, 840), (1.5, 840.25),
    ]  # fmt: skip


def test_labels_are_those_of_the_scraped_series_and_an_empty_one_is_left_out():
    (first, *_) = written({"cost": [Track(COST, [Stretch(10, 11, 0)])]})
    assert first.name == "agent_cost_usd_total"
    assert first.labels == TARGET | {
        "project": "payments",
        "environment": "prod",
        "gen_ai_agent_name": 'say "hi"\\',
        "gen_ai_provider_name": "openai",
        "gen_ai_response_model": "gpt-6-sol",
    }


def test_ratios_times_and_money_are_written_as_the_scrape_writes_them():
    key = ("day", "day")
    samples = written(
        {
            "budget_utilization": [Track(key, [Stretch(10, 11, 1 / 3)])],
            "budget_period_end": [Track(key, [Stretch(10, 11, 1_795_280_400 * SECOND)])],
            "budget_spent_tokens": [Track(key, [Stretch(10, 11, 12_345_678)])],
        }
    )
    values = {sample.name: sample.value for sample in samples}
    assert values == {
        "agent_budget_utilization_ratio": 1 / 3,
        "agent_budget_period_end_timestamp_seconds": 1_795_280_400,
        "agent_budget_spent_tokens": 12_345_678,
    }
