from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.work import DEFAULT_NAMES, GATEWAY_NAMES, NO_WORK, WORK_FIELDS, ValueRule, Work, WorkReader
from support.spans import make_span


def read(reader, attributes, resource=None, *, agent="", model=""):
    return reader.read(make_span(attributes, resource=resource or {}), agent=agent, model=model)


@pytest.mark.parametrize(("field", "name"), [(field, name) for field, names in DEFAULT_NAMES.items() for name in names])
def test_each_default_name_fills_its_field(field, name):
    assert read(WorkReader(), {name: "value"}) == NO_WORK._replace(**{field: "value"})
    assert read(WorkReader(), {}, {name: "value"}) == NO_WORK._replace(**{field: "value"})
    assert name in WorkReader().wanted


@pytest.mark.parametrize(("field", "name"), [(field, name) for field, names in GATEWAY_NAMES.items() for name in names])
def test_what_a_gateway_knows_of_the_key_counts_where_nothing_else_says_so(field, name):
    said = DEFAULT_NAMES[field][-1]
    known = {name: "of the key"}
    assert name in WorkReader().wanted
    assert read(WorkReader(), known) == NO_WORK._replace(**{field: "of the key"})
    assert read(WorkReader(), known | {said: "said"}) == NO_WORK._replace(**{field: "said"})
    assert read(WorkReader(), known, {said: "said"}) == NO_WORK._replace(**{field: "said"})
    rule = ValueRule({"service.name": "proxy"}, {field: "ruled"})
    assert read(WorkReader(rules=[rule]), known, {"service.name": "proxy"}) == NO_WORK._replace(**{field: "ruled"})


def test_whoever_configures_the_names_of_a_field_is_not_told_more():
    reader = WorkReader({"team": ("squad",)})
    assert read(reader, {"litellm.team.id": "t"}).team == ""
    assert "litellm.team.id" not in reader.wanted
    assert read(reader, {"metadata.user_api_key_alias": "p"}).project == "p"


def test_every_field_has_names():
    assert set(DEFAULT_NAMES) == set(WORK_FIELDS)


def test_names_are_asked_in_order_and_an_empty_value_is_absent():
    assert read(WorkReader(), {"project.id": "second", "agent.project": "first"}).project == "first"
    assert read(WorkReader(), {"project.id": "second", "agent.project": " \n"}).project == "second"


def test_the_span_speaks_before_the_resource_field_by_field():
    resource = {"agent.project": "theirs", "team": "platform"}
    work = read(WorkReader(), {"service.namespace": "mine"}, resource)
    assert (work.project, work.team) == ("mine", "platform")


def test_an_empty_span_value_leaves_the_word_to_the_resource():
    assert read(WorkReader(), {"team": ""}, {"team": "platform"}).team == "platform"


def test_configured_names_replace_the_list_of_their_field_only():
    reader = WorkReader({"project": ("cost_center",)})
    work = read(reader, {"cost_center": "cc-1", "agent.project": "ignored", "team": "platform"})
    assert (work.project, work.team) == ("cc-1", "platform")
    assert "cost_center" in reader.wanted
    assert "agent.project" not in reader.wanted


def test_the_agent_is_the_dialects_unless_a_configured_name_has_one():
    assert read(WorkReader(), {}, agent="coder").agent == "coder"
    reader = WorkReader({"agent": ("bot",)})
    assert read(reader, {"bot": "b1"}, agent="coder").agent == "b1"
    assert read(reader, {}, agent="coder").agent == "coder"


def test_values_are_trimmed_cut_and_cleaned():
    assert read(WorkReader(), {"team": "  a\x00b\t"}).team == "ab"
    assert read(WorkReader(), {"team": "x" * 200}).team == "x" * 128
    assert read(WorkReader(), {"task.id": 42}).task == "42"
    assert read(WorkReader(), {"team": ("a", "b")}).team == ""


def test_a_rule_fills_what_is_absent_and_nothing_else():
    rules = [ValueRule({"service.name": "claude-code"}, {"team": "platform", "project": "tools"})]
    reader = WorkReader(rules=rules)
    assert read(reader, {"team": "mine"}, {"service.name": "claude-code"}) == Work(project="tools", team="mine")
    assert read(reader, {}, {"service.name": "other"}) == NO_WORK


def test_a_rule_needs_all_its_values_and_the_span_speaks_first():
    rules = [ValueRule({"service.name": "cli", "user.department": "R&D"}, {"team": "research"})]
    reader = WorkReader(rules=rules)
    assert {"service.name", "user.department"} <= reader.wanted
    resource = {"service.name": "cli", "user.department": "R&D"}
    assert read(reader, {}, resource).team == "research"
    assert read(reader, {"user.department": "Sales"}, resource).team == ""
    assert read(reader, {}, {"service.name": "cli"}).team == ""


def test_the_earlier_rule_wins():
    rules = [ValueRule({"a": "1"}, {"team": "first"}), ValueRule({"a": "1"}, {"team": "second", "role": "r"})]
    assert read(WorkReader(rules=rules), {"a": 1})[1:5] == ("first", "", "", "r")


def test_a_tier_is_stated_then_ruled_then_the_agents_then_the_models():
    reader = WorkReader(
        rules=[ValueRule({"grade": "9"}, {"tier": "ruled"})],
        agent_tiers={"coder": "by-agent", "svc": "by-service"},
        model_tiers={"gpt-5": "by-model"},
    )
    assert read(reader, {"tier": "stated", "grade": "9"}, agent="coder", model="gpt-5").tier == "stated"
    assert read(reader, {"grade": "9"}, agent="coder", model="gpt-5").tier == "ruled"
    assert read(reader, {}, agent="coder", model="gpt-5").tier == "by-agent"
    assert read(reader, {}, {"service.name": "svc"}, model="gpt-5").tier == "by-service"
    assert read(reader, {}, agent="other", model="gpt-5").tier == "by-model"
    assert read(reader, {}, agent="other", model="gpt-4").tier == ""


@pytest.mark.parametrize("model", ["gpt-5", "gpt-5-2025-08-07", "gpt-5-20250807", "gpt-5@20250807"])
def test_a_dated_model_has_the_tier_of_its_name(model):
    assert read(WorkReader(model_tiers={"gpt-5": "top"}), {}, model=model).tier == "top"


def test_a_longer_name_is_another_model():
    assert read(WorkReader(model_tiers={"gpt-5": "top"}), {}, model="gpt-5-mini").tier == ""


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(["team", "department", "phase"]), st.text(max_size=3)),
            st.dictionaries(st.sampled_from(["team", "agent.team", "agent.phase"]), st.text(max_size=3)),
        ),
        max_size=5,
    )
)
def test_what_was_read_before_never_changes_what_is_read_now(spans):
    shared = WorkReader()
    for attributes, resource in spans:
        assert read(shared, attributes, resource) == read(WorkReader(), attributes, resource)
