"""The renderer: its own arithmetic and its memory; tests/contract compares every byte with prometheus_client."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.utils import floatToGoString

from exporter.telemetry.family import COUNTER, GAUGE, HISTOGRAM, Family, ours
from exporter.telemetry.render import OPENMETRICS, TEXT, Renderer, label_text, number_text
from exporter.views.points import Distribution, Exemplar, Points

COST = ours(COUNTER, "agent_cost_usd_total", ("project",), "cost", "Cost")
SIZES = Family(
    name="sizes", otel="sizes", kind=HISTOGRAM, labels=("project",), help="Sizes", feed="sizes", bounds=(1, 4)
)
CALL = Exemplar(250_000_000, "ab" * 16, "cd" * 8, 1_795_000_000_500_000_000)


def lines(family, points, form=TEXT):
    text = Renderer([family], form).render({family.feed: points})
    return [line for line in text.splitlines() if not line.startswith("#")]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_as_prometheus_client_writes_it(number):
    assert number_text(number) == floatToGoString(number)


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_nano_usd_lose_nothing_that_a_float_can_hold(nano):
    assert float(number_text(nano / 10**9)) == nano / 10**9


def test_one_nano_usd_is_shown_exactly():
    assert lines(COST, Points([("a",)], [1])) == ['agent_cost_usd_total{project="a"} 1e-09']


def test_labels_are_sorted_by_name_and_escaped():
    assert label_text(("b", "a"), ('x"y', "back\\slash\nnext")) == '{a="back\\\\slash\\nnext",b="x\\"y"}'


def test_a_family_without_labels_has_no_braces():
    up = ours(GAUGE, "agent_exporter_database_up", (), "up", "Up")
    assert lines(up, Points([()], [1])) == ["agent_exporter_database_up 1.0"]


def test_a_family_without_a_reading_is_absent():
    assert (
        Renderer([COST, SIZES], TEXT).render({"sizes": Points([], [])})
        == "# HELP sizes Sizes\n# TYPE sizes histogram\n"
    )


def test_buckets_are_cumulative_and_end_with_all():
    assert lines(SIZES, Points([("a",)], [Distribution(12, (3, 0, 2))])) == [
        'sizes_bucket{le="1.0",project="a"} 3.0',
        'sizes_bucket{le="4.0",project="a"} 3.0',
        'sizes_bucket{le="+Inf",project="a"} 5.0',
        'sizes_count{project="a"} 5.0',
        'sizes_sum{project="a"} 12.0',
    ]


def test_a_cost_leads_to_its_trace_in_openmetrics():
    points = Points([("a",)], [10**9], exemplars={0: CALL})
    (line,) = lines(COST, points, OPENMETRICS)
    ids = '{span_id="cdcdcdcdcdcdcdcd",trace_id="abababababababababababababababab"}'
    assert line == 'agent_cost_usd_total{project="a"} 1.0 # ' + ids + " 0.25 1795000000.5"


def test_the_text_format_knows_no_exemplars():
    assert lines(COST, Points([("a",)], [10**9], exemplars={0: CALL})) == ['agent_cost_usd_total{project="a"} 1.0']


def test_an_exemplar_that_is_gone_leaves_its_line():
    renderer = Renderer([COST], OPENMETRICS)
    labels = [("a",)]
    renderer.render({"cost": Points(labels, [10**9], exemplars={0: CALL})})
    assert " # {" not in renderer.render({"cost": Points(labels, [10**9])})


readings = st.lists(st.lists(st.integers(0, 10**17), min_size=3, max_size=3), min_size=1, max_size=6)


@pytest.mark.parametrize("form", [TEXT, OPENMETRICS])
@given(readings=readings, shuffles=st.lists(st.booleans(), min_size=6, max_size=6))
def test_a_renderer_that_remembers_writes_what_a_new_one_writes(form, readings, shuffles):
    remembering = Renderer([COST], form)
    labels = [("a",), ("b",), ("c",)]
    for values, has_new_series in zip(readings, shuffles, strict=False):
        if has_new_series:
            labels = [*labels, (f"new-{len(labels)}",)]
        points = Points(labels, [*values, *range(len(labels) - 3)], exemplars={values[0] % 3: CALL})
        assert remembering.render({"cost": points}) == Renderer([COST], form).render({"cost": points})
