from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.dialects.answers import read_answer
from exporter.dialects.json_text import LONGEST_JSON
from exporter.dialects.registry import LIFT

ID = "gen_ai.response.id"
OPENAI_TIER, ANTHROPIC_TIER = "openai.response.service_tier", "anthropic.response.service_tier"
WRITES = "anthropic.usage.cache_creation.ephemeral_"


@pytest.mark.parametrize(
    ("answer", "facts"),
    [
        ({"id": "chatcmpl-1", "model": "gpt-5", "service_tier": "flex"}, {ID: "chatcmpl-1", OPENAI_TIER: "flex"}),
        ({"id": "resp_1", "model": "gpt-5", "output": [{"id": "msg_2"}]}, {ID: "resp_1"}),
        ({"response_id": "gem_1", "model_version": "gemini-2.5-flash"}, {ID: "gem_1"}),
        ({"responseId": "gem_1", "modelVersion": "gemini-2.5-flash"}, {ID: "gem_1"}),
        (
            {
                "id": "msg_1",
                "model": "claude-sonnet-4-5",
                "usage": {
                    "service_tier": "priority",
                    "cache_creation": {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 9},
                },
            },
            {ID: "msg_1", ANTHROPIC_TIER: "priority", f"{WRITES}5m_input_tokens": 7, f"{WRITES}1h_input_tokens": 9},
        ),
        (
            {"generations": [[{"message": {"kwargs": {"response_metadata": {"id": "msg_1", "service_tier": "x"}}}}]]},
            {ID: "msg_1", OPENAI_TIER: "x"},
        ),
        ({"model": "gpt-5", "id": 42, "service_tier": None, "usage": []}, {}),
        ({"model": None, "id": "order-42"}, {}),
        ({"model": "m", "usage": {"cache_creation": {"ephemeral_1h_input_tokens": True}}}, {}),
        ({"generations": [[]]}, {}),
        ({"generations": {"0": 1}}, {}),
    ],
)
def test_of_an_answer_only_what_billing_needs_is_taken(answer, facts):
    assert read_answer(json.dumps(answer)) == facts
    assert read_answer(json.dumps(answer, indent=1)) == facts


@pytest.mark.parametrize(
    "text", [None, 7, True, (), "", "hello", "[1]", '["id"]', "{", "{}", "null", '{"id": "order-42"']
)
def test_what_is_no_answer_tells_nothing(text):
    assert read_answer(text) == {}


@pytest.mark.parametrize("rest", ['"model": "gp', '"choices": [' + "[" * 100_000, '"x": ' + "9" * 5_000])
def test_a_cut_or_broken_answer_still_begins_with_its_id(rest):
    assert read_answer('{"id": "chatcmpl-1", ' + rest) == {ID: "chatcmpl-1"}


def test_of_a_huge_answer_only_the_beginning_is_looked_at():
    huge = json.dumps({"id": "msg_1", "model": "m", "text": "x" * LONGEST_JSON, "service_tier": "flex"})
    assert read_answer(huge) == {ID: "msg_1"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda node: (
            st.lists(node, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "model", "usage", "generations", "cache_creation", "service_tier"]), node
            )
        ),
    )
)
def test_no_json_whatever_makes_it_fail(node):
    assert all(type(value) in (str, int) for value in read_answer(json.dumps(node)).values())


@pytest.mark.parametrize(("kind", "lifted"), [("LLM", True), ("CHAIN", False), ("TOOL", False), (None, False)])
def test_only_a_model_call_holds_an_answer_of_its_own(kind, lifted):
    attributes = {"output.value": '{"id": "resp_1", "model": "gpt-5"}'}
    if kind:
        attributes["openinference.span.kind"] = kind
    assert LIFT.take(attributes) == ({ID: "resp_1"} if lifted else {})
