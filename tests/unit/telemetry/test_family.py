"""Names on the two roads: a scrape and an OTLP push must end up as the same Prometheus name."""

from __future__ import annotations

import pytest

from exporter.telemetry.family import COUNTER, GAUGE, HISTOGRAM, Family, ours, prometheus_name


@pytest.mark.parametrize(
    ("otel", "unit", "kind", "name"),
    [
        ("gen_ai.client.token.usage", "{token}", HISTOGRAM, "gen_ai_client_token_usage"),
        ("gen_ai.client.operation.duration", "s", HISTOGRAM, "gen_ai_client_operation_duration_seconds"),
        ("agent.cost_usd", "{USD}", COUNTER, "agent_cost_usd_total"),
        ("active.total", "{call}", COUNTER, "active_total"),
        ("memory.bytes.held", "By", GAUGE, "memory_bytes_held"),
        ("queue.fill", "1", GAUGE, "queue_fill_ratio"),
        ("queue.fill", "1", COUNTER, "queue_fill_total"),
    ],
)
def test_a_pushed_name_becomes_what_prometheus_and_the_collector_make_of_it(otel, unit, kind, name):
    assert prometheus_name(otel, unit, kind) == name


@pytest.mark.parametrize(
    ("name", "kind", "otel", "unit", "divisor"),
    [
        ("agent_cost_usd_total", COUNTER, "agent.cost_usd", "{USD}", 10**9),
        ("agent_tokens_total", COUNTER, "agent.tokens", "{token}", 1),
        ("agent_budget_period_end_timestamp_seconds", GAUGE, "agent.budget.period_end_timestamp", "s", 10**9),
        ("agent_exporter_inflight_bytes", GAUGE, "agent.exporter.inflight", "By", 1),
        ("agent_budget_utilization_ratio", GAUGE, "agent.budget.utilization_ratio", "", 1),
        ("agent_task_cost_usd", GAUGE, "agent.task_cost_usd", "{USD}", 10**9),
    ],
)
def test_the_unit_of_our_own_families_follows_from_their_name(name, kind, otel, unit, divisor):
    family = ours(kind, name, (), "", "Help")
    assert (family.otel, family.unit, family.divisor) == (otel, unit, divisor)


def test_openmetrics_names_a_counter_without_its_suffix_and_states_the_unit_that_ends_it():
    family = ours(COUNTER, "agent_cost_usd_total", (), "", "Help")
    assert (family.base, family.shown_unit) == ("agent_cost_usd", "usd")


def test_a_family_that_ends_in_no_unit_states_none():
    assert ours(COUNTER, "agent_tokens_adjustments_total", (), "", "Help").shown_unit == ""


def test_labels_show_their_dots_as_underscores():
    family = Family(name="n", otel="n", kind=GAUGE, labels=("project", "gen_ai.agent.name"), help="Help")
    assert family.label_names == ("project", "gen_ai_agent_name")


def test_edges_are_in_the_unit_that_is_shown():
    family = Family(
        name="n_seconds", otel="n", kind=HISTOGRAM, help="Help", divisor=10**9, bounds=(10_000_000, 2 * 10**9)
    )
    assert family.edges == (0.01, 2.0)
