"""The simulation: the same for the same seed, valid by the conventions, and adding up."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest

from exporter.demo.calls import describe_usage, read_usage
from exporter.demo.planned import CLIENT, INTERNAL
from exporter.demo.rhythm import HOUR_NS, SECOND_NS, weight
from exporter.demo.roster import ROSTER, UNPRICED, recruit
from exporter.demo.tally import Tally
from exporter.demo.tasks import PHASES, Crew
from exporter.demo.timeline import plan_history, plan_present
from exporter.usage import NO_TOKENS, Tokens

DAY_NS = 24 * HOUR_NS
END_NS = 1_795_132_800 * SECOND_NS  # 2026-11-20T00:00:00Z, a Friday
CALLS = {"chat", "embeddings"}


def history(seed: int = 1, *, days: int = 7, end_ns: int = END_NS, agents: int = 12):
    crew = Crew(seed, recruit(agents))
    return list(plan_history(crew, start_ns=end_ns - days * DAY_NS, end_ns=end_ns, tasks_per_day=30))


WEEK = history()
SPANS = [span for trace in WEEK for span in trace.spans]
MODEL_CALLS = [span for span in SPANS if span.attributes["gen_ai.operation.name"] in CALLS]


def test_the_same_seed_and_end_make_the_same_spans_with_the_same_ids():
    assert history() == WEEK


def test_another_seed_makes_another_history():
    ids = {trace.trace_id for trace in WEEK}
    assert ids.isdisjoint(trace.trace_id for trace in history(seed=2))


def test_a_history_that_ends_later_repeats_the_earlier_one_and_adds_to_it():
    later = {trace.trace_id: trace for trace in history(days=8, end_ns=END_NS + DAY_NS)}
    assert all(later[trace.trace_id] == trace for trace in WEEK)
    assert len(later) > len(WEEK)


def test_a_history_lies_within_its_bounds_in_the_order_of_its_starts():
    assert all(trace.start_ns >= END_NS - 7 * DAY_NS and trace.end_ns <= END_NS for trace in WEEK)
    assert sorted(WEEK, key=lambda trace: trace.start_ns) == WEEK


def test_no_two_spans_share_an_id():
    assert len({trace.trace_id for trace in WEEK}) == len(WEEK)
    assert len({span.span_id for span in SPANS}) == len(SPANS)


def test_every_parent_is_in_the_trace_and_encloses_its_children():
    for trace in WEEK:
        known = {span.span_id: span for span in trace.spans}
        root, *others = trace.spans
        assert root.parent_id is None
        for span in others:
            parent = known[span.parent_id]
            assert parent.start_ns <= span.start_ns < span.end_ns <= parent.end_ns


def test_only_model_calls_carry_usage_and_agent_spans_never_do():
    for span in SPANS:
        has_usage = any(name.startswith("gen_ai.usage.") for name in span.attributes)
        assert has_usage == (span.tokens is not None)
        assert not has_usage or span.attributes["gen_ai.operation.name"] in CALLS


def test_names_and_kinds_are_those_of_the_conventions():
    for span in SPANS:
        operation = span.attributes["gen_ai.operation.name"]
        subject = {
            "invoke_agent": span.attributes["gen_ai.agent.name"],
            "execute_tool": span.attributes.get("gen_ai.tool.name"),
        }.get(operation, span.attributes.get("gen_ai.request.model"))
        assert span.name == f"{operation} {subject}"
        assert span.kind == (CLIENT if operation in CALLS else INTERNAL)


def test_model_calls_carry_what_the_conventions_require():
    for span in MODEL_CALLS:
        assert {"gen_ai.provider.name", "gen_ai.request.model", "server.address"} <= span.attributes.keys()
        assert ("error.type" in span.attributes) == bool(span.error)
        if not span.error:
            assert "gen_ai.response.model" in span.attributes


def test_work_attributes_are_on_every_span():
    required = {"agent.project", "agent.task.id", "agent.task.type", "agent.phase", "agent.tier"}
    assert all(required <= span.attributes.keys() for span in SPANS)
    assert {span.attributes.get("agent.team") for span in SPANS} == {"platform", "discovery", None}
    assert {span.attributes["agent.phase"] for span in SPANS} == {phase.name for phase in PHASES}
    assert {span.attributes["agent.tier"] for span in SPANS} == {"premium", "standard", "economy"}


def test_response_ids_are_unique_so_that_no_call_passes_for_another():
    ids = [found for span in MODEL_CALLS if (found := span.attributes.get("gen_ai.response.id"))]
    assert len(set(ids)) == len(ids) > 1_000


def test_the_week_shows_everything_that_a_demo_should():
    assert any(span.error == "429" and span.tokens is None for span in MODEL_CALLS)
    assert any(span.error == "timeout" and span.tokens is not None for span in MODEL_CALLS)
    assert any(
        span.tokens is None and not span.error and span.attributes["gen_ai.request.stream"] for span in MODEL_CALLS
    )
    assert any(span.tokens and span.tokens.cache_read and span.tokens.cache_write_5m for span in MODEL_CALLS)
    assert any(span.tokens and span.tokens.reasoning for span in MODEL_CALLS)
    assert any(span.attributes["gen_ai.request.model"] == UNPRICED.name for span in MODEL_CALLS)
    assert any(span.name == "execute_tool delegate" for span in SPANS)
    assert any(trace.agent.runs_away for trace in WEEK)


def test_a_failed_call_is_tried_again():
    for trace in WEEK:
        calls = [span for span in trace.spans if span.attributes["gen_ai.operation.name"] == "chat"]
        for failed, following in pairwise(calls):
            if failed.error:
                assert not following.error
                assert following.attributes["gen_ai.request.model"] == failed.attributes["gen_ai.request.model"]


def test_the_tally_of_the_spans_equals_the_planned_tokens():
    tally = Tally()
    for span in SPANS:
        tally.add(span.attributes)
    planned = [span.tokens for span in SPANS if span.tokens is not None]
    assert tally.tokens == Tokens(*(sum(column) for column in zip(*planned, strict=True)))
    assert (tally.spans, tally.calls) == (len(SPANS), len(MODEL_CALLS))
    assert tally.calls - tally.calls_without_usage == len(planned)
    assert sum(tally.tokens_by_project.values()) == sum(tally.tokens)


@pytest.mark.parametrize(
    "tokens", [Tokens(176, 1024, 0, 0, 100, 200), Tokens(10, 500, 200, 0, 40), Tokens(2048), NO_TOKENS]
)
def test_usage_reads_back_as_it_was_described(tokens):
    assert read_usage(describe_usage(tokens)) == tokens


def test_cache_and_reasoning_are_subsets_of_the_totals():
    described = describe_usage(Tokens(176, 1024, 300, 0, 100, 200))
    assert described["gen_ai.usage.input_tokens"] == 1500
    assert described["gen_ai.usage.output_tokens"] == 300


def test_working_hours_are_busier_than_nights_and_weekends():
    friday_noon = (END_NS // HOUR_NS) + 12
    assert weight(friday_noon) > 5 * weight(friday_noon - 9)
    assert weight(friday_noon) > 2 * weight(friday_noon + 24)


@pytest.mark.parametrize("count", [1, 4, 12, 40])
def test_a_fleet_has_the_asked_size_and_every_agent_its_own_name(count):
    staff = recruit(count)
    assert len({agent.name for agent in staff}) == len(staff) == count
    assert sum(agent.runs_away for agent in staff) <= 1


def test_a_fleet_of_one_works_too():
    assert {trace.agent for trace in history(agents=1, days=1)} == {ROSTER[0]}


@pytest.mark.parametrize("rate", [1.0, 8.0])
def test_the_present_keeps_the_asked_rate_of_model_calls(rate):
    crew = Crew(3, recruit(12), rest_s=(1, 20))
    traces = list(islice(plan_present(crew, start_ns=END_NS, calls_per_second=rate), 1_500))
    calls = sum(span.kind == CLIENT for trace in traces for span in trace.spans)
    seconds = (traces[-1].start_ns - END_NS) / SECOND_NS
    assert calls / seconds == pytest.approx(rate, rel=0.2)
