"""Codex: log records, spans and metrics; its vectors are among the others."""

from __future__ import annotations

import pytest

from exporter.dialects.registry import metrics_of, read_log, read_span
from exporter.usage import AGENT, LLM, LOGS, MISSING, OTHER, SPANS, Tokens
from support.spans import make_points, make_record, make_span

TURN, USAGE = "codex.turn.token_usage.", "codex.usage."
LEAF = {
    "codex.request.reasoning_effort": "default", "gen_ai.usage.input_tokens": 3189,
    "gen_ai.usage.cache_read.input_tokens": 2176, "gen_ai.usage.output_tokens": 150,
    f"{USAGE}reasoning_output_tokens": 43, f"{USAGE}total_tokens": 3339, "thread.id": 3,
}  # fmt: skip
SUM = {
    "model": "gpt-5", "thread.id": "01a1fc97", f"{TURN}input_tokens": 3189, f"{TURN}cached_input_tokens": 2176,
    f"{TURN}output_tokens": 150, f"{TURN}reasoning_output_tokens": 43, f"{TURN}total_tokens": 3339,
}  # fmt: skip
TOKENS = Tokens(1013, 2176, 0, 0, 107, 43)


def event(attributes, name="codex.sse_event"):
    return read_log(make_record(name, attributes)).usage


def test_the_span_that_handles_the_end_of_a_response_is_the_call():
    kind, usage, _ = read_span(make_span(LEAF, name="handle_responses"))
    assert (kind, usage.dialect, usage.tokens) == (LLM, "codex", TOKENS)
    assert (usage.outranked_by, usage.conversation_id, usage.request_model) == ({LOGS}, "", "")


def test_the_others_of_that_name_say_nothing():
    assert read_span(make_span({"codex.request.reasoning_effort": "default"}, name="handle_responses"))[:2] == (
        OTHER,
        None,
    )


def test_a_turn_is_an_agent_that_names_model_and_conversation_and_sums_up():
    kind, usage, _ = read_span(make_span(SUM, name="session_task.turn"))
    assert (kind, usage.tokens, usage.request_model, usage.conversation_id) == (AGENT, TOKENS, "gpt-5", "01a1fc97")


@pytest.mark.parametrize("kind", ["response.created", "response.output_text.delta", "response.output_item.done"])
def test_other_events_of_a_stream_are_no_calls(kind):
    assert event({"event.kind": kind, "model": "gpt-5"}) is None


def test_the_end_of_a_response_counts_once_although_it_is_told_twice():
    assert event({"event.kind": "response.completed", "model": "gpt-5", "duration_ms": "0"}) is None


@pytest.mark.parametrize(("status", "error"), [(429, "429"), ("500", "500"), (200, None), (None, "_OTHER")])
def test_a_request_that_failed_is_an_error(status, error):
    attributes = {"model": "gpt-5", "duration_ms": "12", "conversation.id": "c-1"}
    if status is not None:
        attributes["http.response.status_code"] = status
    usage = event(attributes, "codex.api_request")
    if error is None:
        assert usage is None
    else:
        assert (usage.error_type, usage.usage_status, usage.end_ns - usage.start_ns) == (error, MISSING, 12_000_000)


def test_a_response_that_failed_is_an_error():
    assert event({"event.kind": "response.failed", "model": "gpt-5"}).error_type == "_OTHER"


def test_all_its_signals_are_of_one_source():
    at = {"at_ns": 1_000}
    log = read_log(make_record("codex.sse_event", {"event.kind": "response.completed", "input_token_count": "1"}, **at))
    values = {("codex.turn.token_usage", "input"): 1}
    metric = metrics_of("codex.turn.token_usage", "codex").read(make_points({}), values)
    span = read_span(make_span(LEAF))
    assert span.usage.source == log.usage.source == metric.usage.source
    assert metric.usage.outranked_by == {LOGS, SPANS}
