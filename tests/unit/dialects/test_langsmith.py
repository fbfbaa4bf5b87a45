"""Spans that LangSmith exports: totals as numbers, their parts in texts."""

from __future__ import annotations

import json

import pytest

from exporter.dialects.registry import LIFT, WANTED, read_span
from exporter.usage import AGENT, EMBEDDING, LLM, MISSING, RETRIEVAL, STEP, TOOL, Tokens
from support.spans import make_span

U = "gen_ai.usage."
CALL = {
    "langsmith.span.kind": "llm",
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
}
TOTALS = {f"{U}input_tokens": 710, f"{U}output_tokens": 40, f"{U}total_tokens": 750}
METADATA = {
    "input_tokens": 710,
    "output_tokens": 40,
    "total_tokens": 750,
    "input_token_details": {"cache_read": 500, "cache_creation": 200, "ephemeral_1h_input_tokens": 150},
    "output_token_details": {"reasoning": 30},
}


def usage_of(attributes):
    kept = {key: value for key, value in attributes.items() if key in WANTED}
    return read_span(make_span({**LIFT.take(attributes), **kept}, scope="langsmith")).usage


PARTS = {
    "50 printed by Python": (
        TOTALS | {f"{U}input_token_details": "{'cache_read': 500, 'cache_creation': 200}"},
        Tokens(10, 500, 200, 0, 40, 0),
    ),
    "JSON": (
        TOTALS | {f"{U}input_token_details": '{"cache_read": 500, "cache_creation": 200}'},
        Tokens(10, 500, 200, 0, 40, 0),
    ),
    "both sides": (
        TOTALS
        | {
            f"{U}input_token_details": "{'cache_read': 500}",
            f"{U}output_token_details": "{'reasoning': 30, 'audio': 0}",
        },
        Tokens(210, 500, 0, 0, 10, 30),
    ),
    "of another tier": (
        TOTALS | {f"{U}input_token_details": "{'audio': None, 'priority_cache_read': 500, 'priority': 210}"},
        Tokens(210, 500, 0, 0, 40, 0),
    ),
    "usage metadata beside the totals": (
        TOTALS | {"langsmith.metadata.usage_metadata": json.dumps(METADATA)},
        Tokens(10, 500, 50, 150, 10, 30),
    ),
    "usage metadata alone": (
        {"langsmith.metadata.usage_metadata": json.dumps(METADATA)},
        Tokens(10, 500, 50, 150, 10, 30),
    ),
}


@pytest.mark.parametrize(("said", "tokens"), PARTS.values(), ids=PARTS)
def test_parts_of_the_totals_are_read_out_of_texts(said, tokens):
    usage = usage_of(CALL | said)
    assert (usage.dialect, usage.tokens, usage.provider) == ("langsmith", tokens, "anthropic")
    assert "basis_guess" not in usage.flags


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cache_read=500",
        "{'cache_read': 500",
        "{'cache_read': __import__('os')}",
        "[500]",
        "{'cache_read': '5'}",
        "9",
    ],
)
def test_a_text_that_says_no_parts_leaves_the_totals_alone(text):
    assert usage_of(CALL | TOTALS | {f"{U}input_token_details": text}).tokens == Tokens(710, 0, 0, 0, 40, 0)


@pytest.mark.parametrize(
    ("stated", "named", "kind"),
    [
        ("llm", "chat", LLM),
        ("embedding", "embeddings", EMBEDDING),
        ("tool", "execute_tool", TOOL),
        ("retriever", "embeddings", RETRIEVAL),
        ("prompt", "chat", STEP),
        ("chain", "chain", STEP),
        ("agent", "agent", AGENT),
    ],
)
def test_the_kind_is_believed_before_the_operation(stated, named, kind):
    attributes = CALL | TOTALS | {"langsmith.span.kind": stated, "gen_ai.operation.name": named}
    assert read_span(make_span(attributes)).kind == kind


def test_a_chain_is_not_read_by_the_parts_of_its_calls():
    chain = CALL | TOTALS | {"langsmith.span.kind": "chain", "langsmith.metadata.usage_metadata": json.dumps(METADATA)}
    assert usage_of(chain).tokens == Tokens(710, 0, 0, 0, 40, 0)


def test_a_stream_without_usage_is_unknown():
    assert usage_of(CALL).usage_status == MISSING


def test_the_session_stands_in_its_metadata():
    assert usage_of(CALL | TOTALS | {"langsmith.metadata.thread_id": "t-1"}).conversation_id == "t-1"
