"""Google ADK: what its spans leave out stands in the answer; its agents and tools are barriers."""

from __future__ import annotations

import json

import pytest

from exporter.dialects.registry import LIFT, WANTED, read_span
from exporter.settle.tree import find_superseded
from exporter.usage import AGENT, LLM, OTHER, TOOL, Tokens
from support.entries import node
from support.spans import make_span

SCOPE = "gcp.vertex.agent"
ANSWER = f"{SCOPE}.llm_response"
U = "gen_ai.usage."
CALL = {
    "gen_ai.system": SCOPE, "gen_ai.request.model": "gemini-2.5-flash", f"{SCOPE}.session_id": "s1",
    U + "input_tokens": 1000, U + "output_tokens": 50,
}  # fmt: skip
COUNTED = {
    "prompt_token_count": 1000, "candidates_token_count": 50, "thoughts_token_count": 200,
    "cached_content_token_count": 600, "total_token_count": 1250,
}  # fmt: skip


def lifted(answer):
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return {**CALL, **LIFT.take({**CALL, ANSWER: text})}


def call_of(attributes, name="call_llm"):
    return read_span(make_span(attributes, scope=SCOPE, name=name)).usage


def test_cached_and_thinking_tokens_come_from_the_answer():
    usage = call_of(lifted({"content": {"parts": [{"text": "secret"}]}, "usage_metadata": COUNTED}))
    assert (usage.dialect, usage.kind, usage.operation) == ("google_adk", LLM, "call_llm")
    assert usage.tokens == Tokens(400, 600, 0, 0, 50, 200)
    assert (usage.provider, usage.price_model, usage.conversation_id) == ("gcp.gemini", "gemini-2.5-flash", "s1")


def test_nothing_of_the_answer_but_counts_and_the_model_leaves_decode():
    taken = LIFT.take(
        {ANSWER: json.dumps({"content": "secret", "model_version": "gemini-x", "usage_metadata": COUNTED})}
    )
    assert ANSWER in LIFT.content
    assert "secret" not in str(taken)
    assert taken["gen_ai.response.model"] == "gemini-x"
    assert all(type(value) is int for name, value in taken.items() if name != "gen_ai.response.model")
    assert set(taken) <= WANTED


@pytest.mark.parametrize("answer", ["{}", "<not serializable>", "[1]", '{"usage_metadata": 5}', ""])
def test_without_a_readable_answer_the_span_counts(answer):
    assert call_of(lifted(answer)).tokens == Tokens(1000, 0, 0, 0, 50, 0)


def test_without_content_the_span_counts():
    assert call_of(CALL).tokens == Tokens(1000, 0, 0, 0, 50, 0)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("agent_run [writer]", AGENT), ("invoke_agent writer", AGENT), ("execute_tool search", TOOL),
     ("invocation", OTHER), ("chat gpt-5", OTHER), ("GET /", OTHER), ("execute_tool", OTHER)],
)  # fmt: skip
def test_agents_and_tools_that_have_nothing_but_a_name_are_barriers(name, kind):
    assert read_span(make_span({}, scope=SCOPE, name=name))[:2] == (kind, None)


def test_30_a_call_below_the_agent_that_a_call_handed_over_to_is_another_call():
    tree = [
        node("first"),
        node("agent", read_span(make_span({}, name="agent_run [writer]")).kind, "first", carries=False),
        node("second", parent="agent"),
    ]
    assert find_superseded({one.span_id: one for one in tree}) == {}


def test_31_one_call_on_two_spans_is_one():
    tree = [node("outer"), node("inner", parent="outer")]
    assert list(find_superseded({one.span_id: one for one in tree})) == [tree[0].span_id]
