"""The money of the boards, computed by the real PromQL engine: exact over the visible range, whatever happened in it."""

from __future__ import annotations

import subprocess
import warnings

import pytest
import yaml

with warnings.catch_warnings():
    # The SDK recommends its newer model, which Grafana's file provisioning does not take.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana.boards import queries
    from grafana.boards.queries import change, spent, spent_before, spent_each_step, spent_so_far, spent_so_far_before

FROM, TO = 3600, 7200
BY_PROJECT = {"by": ["project"], "variables": ()}
ALL = {"variables": ()}

# One sample a minute from 0 to 7200, two replicas of which the second lags two minutes behind.
SEEN_FOR_LONG = {
    'agent_cost_usd_total{instance="a", project="old", agent="x"}': "1000+1x120",
    'agent_cost_usd_total{instance="b", project="old", agent="x"}': "1000x1 1000+1x118",
    'agent_cost_adjustments_usd_total{instance="a", project="old", agent="x"}': "2x90 5x30",
    'agent_cost_adjustments_usd_total{instance="b", project="old", agent="x"}': "2x92 5x28",
    # An agent that begins within the range, in a project that is there already.
    'agent_cost_usd_total{instance="a", project="old", agent="young"}': "_x80 0 7x39",
    'agent_cost_adjustments_usd_total{instance="a", project="old", agent="young"}': "_x80 0x40",
    # A project that begins within the range.
    'agent_cost_usd_total{instance="a", project="new", agent="z"}': "_x100 0 4x19",
    'agent_cost_adjustments_usd_total{instance="a", project="new", agent="z"}': "_x100 0x20",
    # One that stopped: its last value stays.
    'agent_cost_usd_total{instance="a", project="idle", agent="w"}': "0+0.5x60 30x60",
    'agent_cost_adjustments_usd_total{instance="a", project="idle", agent="w"}': "0x120",
}
# The exporter already held 1000 USD when Prometheus saw it for the first time, half an hour into the range.
SEEN_SINCE_HALF_AN_HOUR = {
    'agent_cost_usd_total{instance="a", project="old", agent="x"}': "_x90 1000+2x30",
    'agent_cost_adjustments_usd_total{instance="a", project="old", agent="x"}': "_x90 9x30",
}


@pytest.fixture
def ask(tool, tmp_path):
    """Asserts what an expression of a board yields at the end of the range."""
    promtool = tool("promtool")

    def asked(series, expression, expected, *, at=TO):
        tests = {"expr": _at_this_range(expression), "eval_time": f"{at}s", "exp_samples": expected}
        one = {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "promql_expr_test": [tests],
        }
        (tmp_path / "test.yml").write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [one]}))
        run = subprocess.run(
            [promtool, "test", "rules", tmp_path / "test.yml"], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr

    return asked


def _at_this_range(expression):
    values = {
        "${__from:date:seconds}": str(FROM),
        "${__to:date:seconds}": str(TO),
        "$__range": f"{TO - FROM}s",
        "$__interval": "10m",
    }
    for name, value in values.items():
        expression = expression.replace(name, value)
    return expression


def _samples(**values):
    """One sample for each project, or one without labels for `total`."""
    return [
        {"labels": "{}" if key == "total" else f'{{project="{key}"}}', "value": value} for key, value in values.items()
    ]


def test_spent_counts_each_replica_once_takes_reversals_off_and_misses_no_birth(ask):
    # 60 by x, less 3 that were reversed, and the 7 that the young agent spent; increase() would miss what is born.
    ask(SEEN_FOR_LONG, spent(**BY_PROJECT), _samples(old=60 - 3 + 7, new=4, idle=0))


def test_spent_in_total_is_the_sum_of_its_parts(ask):
    ask(SEEN_FOR_LONG, spent(**ALL), _samples(total=60 - 3 + 7 + 4))


def test_what_prometheus_did_not_see_being_spent_is_not_spent_in_the_range(ask):
    ask(SEEN_SINCE_HALF_AN_HOUR, spent(**ALL), _samples(total=60))


def test_an_exporter_that_is_down_at_the_end_keeps_its_numbers_for_an_hour(ask):
    series = {name: values for name, values in SEEN_FOR_LONG.items() if "idle" in name}
    gone = {name: values.split()[0] + " _x60" for name, values in series.items()}
    gone['agent_cost_adjustments_usd_total{instance="a", project="idle", agent="w"}'] = "0x60 _x60"
    ask(gone, spent(**ALL), _samples(total=0), at=TO - 120)


def test_the_span_before_has_the_length_of_the_range(ask):
    ask(SEEN_FOR_LONG, spent_before(**BY_PROJECT), _samples(old=60, idle=30))


def test_a_span_before_that_nobody_saw_is_unknown_and_not_nothing(ask):
    ask(SEEN_SINCE_HALF_AN_HOUR, spent_before(**ALL), [])
    ask(SEEN_SINCE_HALF_AN_HOUR, change(**ALL), [])


def test_a_change_counts_what_did_not_exist_before_as_nothing(ask):
    ask(SEEN_FOR_LONG, change(**BY_PROJECT), _samples(old=64 - 60, new=4, idle=-30))


def test_what_is_spent_so_far_ends_with_what_is_spent(ask):
    ask(SEEN_FOR_LONG, spent_so_far(**BY_PROJECT), _samples(old=64, new=4, idle=0))
    ask(SEEN_SINCE_HALF_AN_HOUR, spent_so_far(**ALL), _samples(total=60))


def test_half_way_through_the_range_half_is_spent_there_as_before(ask):
    old = {name: values for name, values in SEEN_FOR_LONG.items() if '"x"' in name and "adjust" not in name}
    old |= {name.replace("cost", "cost_adjustments"): "0x120" for name in old}
    ask(old, spent_so_far(**ALL), _samples(total=30), at=FROM + 1800)
    ask(old, spent_so_far_before(**ALL), _samples(total=30), at=FROM + 1800)


def _as_point(expression, at):
    """The point of a graph at a time, asked for at the end of the range: promtool knows no sample after its question."""
    return f"last_over_time((round({expression}, 0.001))[1m:1m] @ {at})"


def test_the_steps_of_a_graph_add_up_to_what_is_spent(ask):
    steps = {FROM + 600 * step: value for step, value in enumerate((10, 10, 10 + 7, 10 - 3, 10 + 4, 10))}
    for at, value in steps.items():
        ask(SEEN_FOR_LONG, _as_point(spent_each_step(**ALL), at), _samples(total=value))
    assert sum(steps.values()) == 68


@pytest.mark.parametrize("step", ["10m", "6h"])
def test_the_step_that_is_not_over_shows_what_came_so_far(step, ask):
    expression = spent_each_step(**ALL).replace("$__interval", step)
    ask(SEEN_SINCE_HALF_AN_HOUR, _as_point(expression, TO - 300), _samples(total=10))


def test_a_selector_takes_up_the_choices_that_its_metric_has():
    assert (
        queries.select("agent_budget_limit_usd", 'period="day"')
        == 'agent_budget_limit_usd{budget=~"$budget", period="day"}'
    )
    assert (
        queries.select("budget:agent_budget_forecast:ratio") == 'budget:agent_budget_forecast:ratio{budget=~"$budget"}'
    )
    assert queries.select("agent_exporter_ingest_lag_seconds_bucket") == "agent_exporter_ingest_lag_seconds_bucket"
    assert queries.select("up") == "up"
