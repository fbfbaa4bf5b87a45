"""Gemini CLI and Qwen Code: log records, spans and metrics; their vectors are among the others."""

from __future__ import annotations

import pytest

from exporter.dialects.registry import WANTED_OF_LOGS, metrics_of, read_log, read_span
from exporter.usage import AGENT, LLM, LOGS, MISSING, OTHER, TOOL, Tokens
from support.spans import make_points, make_record, make_span

ANSWER = {
    "model": "gemini-2.5-flash", "session.id": "s-1", "duration_ms": 40, "input_token_count": 3189,
    "output_token_count": 107, "cached_content_token_count": 2176, "thoughts_token_count": 43, "tool_token_count": 0,
    "total_token_count": 3339,
}  # fmt: skip


def event(name, attributes, **options):
    return read_log(make_record(name, attributes, **options)).usage


@pytest.mark.parametrize(
    ("operation", "kind"), [("llm_call", LLM), ("agent_call", AGENT), ("tool_call", TOOL), ("schedule_tool_calls", OTHER)]
)  # fmt: skip
def test_the_operation_tells_the_kind(operation, kind):
    assert read_span(make_span({"gen_ai.operation.name": operation}, scope="gemini-cli")).kind == kind


def test_a_failed_call_is_an_error():
    failure = {"model": "gemini-2.5-flash", "error.type": "ApiError", "status_code": 429, "session.id": "s-1"}
    usage = event("gemini_cli.api_error", failure)
    assert (usage.error_type, usage.usage_status, usage.provider) == ("ApiError", MISSING, "gcp.gemini")


def test_the_kinds_of_token_of_its_metric_overlap():
    counts = {"input": 3189, "output": 107, "cache": 2176, "thought": 43, "tool": 0}
    values = {("gemini_cli.token.usage", kind): count for kind, count in counts.items()}
    metrics = metrics_of("gemini_cli.token.usage", "gemini-cli")
    usage = metrics.read(make_points({"model": "gemini-2.5-flash", "session.id": "s-1"}), values).usage
    assert usage.tokens == Tokens(1013, 2176, 0, 0, 107, 43)
    assert usage.source == event("gemini_cli.api_response", ANSWER).source


def test_the_conventions_metric_repeats_its_own_with_less():
    metrics = metrics_of("gen_ai.client.token.usage", "gemini-cli")
    points = make_points({"gen_ai.request.model": "gemini-2.5-flash"}, scope="gemini-cli")
    assert metrics.read(points, {("gen_ai.client.token.usage", "input"): 3189}).usage is None


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        ({"total_token_count": 3339}, Tokens(1013, 2176, 0, 0, 107, 43)),
        ({"total_token_count": 3296}, Tokens(1013, 2176, 0, 0, 64, 43)),
    ],
)
def test_whether_thoughts_are_in_qwens_output_depends_on_who_answers_and_the_total_shows_it(answer, tokens):
    usage = event("qwen-code.api_response", {**ANSWER, **answer, "model": "qwen3-coder"}, scope="qwen-code")
    assert (usage.dialect, usage.tokens) == ("qwen_code", tokens)


def test_a_sub_agent_of_qwen_has_a_name():
    assert event("qwen-code.api_response", {**ANSWER, "subagent_name": "reviewer"}).agent == "reviewer"


def test_a_record_that_comes_as_a_span_is_the_record():
    bridged = {**ANSWER, "log.bridge": True, "event.name": "qwen-code.api_response"}
    span = make_span(bridged, scope="qwen-code", name="API response from qwen3-coder.")
    record = make_record("qwen-code.api_response", ANSWER, scope="qwen-code", at_ns=span.start_ns)
    usage, of_record = read_span(span).usage, read_log(record).usage
    assert (usage.signal, usage.tokens) == (LOGS, of_record.tokens)
    assert usage.record_key == of_record.record_key
    other = {**bridged, "event.name": "qwen-code.tool_call"}
    assert read_span(make_span(other, scope="qwen-code"))[:2] == (OTHER, None)


def test_qwens_spans_are_the_conventions_and_its_records_are_believed_first():
    attributes = {
        "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5", "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 30, "gen_ai.usage.cache_read.input_tokens": 60, "thoughts_token_count": 20,
        "session.id": "s-1",
    }  # fmt: skip
    usage = read_span(make_span(attributes, scope="qwen-code", name="qwen-code.llm_request")).usage
    assert (usage.tokens, usage.outranked_by) == (Tokens(40, 60, 0, 0, 10, 20), {LOGS})
    assert usage.source == event("qwen-code.api_response", ANSWER).source


def test_what_people_wrote_is_not_wanted():
    for name in ("request_text", "response_text", "gen_ai.input.messages", "error", "error.message"):
        assert name not in WANTED_OF_LOGS
