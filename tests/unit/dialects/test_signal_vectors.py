"""The vectors of the dialects' specification that concern log records and metric points, at the level of readings.

Numbers are the specification's.  F fresh, R cache read, W and W1 cache writes, V visible output, T reasoning.
"""

from __future__ import annotations

import pytest

from exporter.dialects.registry import metrics_of, read_log, read_span
from exporter.usage import IMPORTS, LLM, LOGS, METRICS, REPORTED, SPANS, Tokens
from support.spans import make_points, make_record, make_span

CLAUDE = "com.anthropic.claude_code"
IDS = (b"t" * 16, b"s" * 8)
REQUEST_37 = {
    "model": "claude-opus-4-8", "input_tokens": 3, "output_tokens": 120, "cache_read_tokens": 15000,
    "cache_creation_tokens": 800, "cache_creation_5m_tokens": 800, "cache_creation_1h_tokens": 0,
    "cost_usd": 0.0123, "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy", "session.id": "s-1", "event.sequence": 5,
}  # fmt: skip
TOKENS_37 = Tokens(3, 15000, 800, 0, 120, 0)
CODEX_42 = {
    "event.kind": "response.completed", "model": "gpt-5", "conversation.id": "c-1", "input_token_count": "12000",
    "cached_token_count": 9000, "output_token_count": "800", "reasoning_token_count": 300, "tool_token_count": "12800",
}  # fmt: skip
GEMINI_44 = {
    "model": "gemini-2.5-pro", "session.id": "s-1", "input_token_count": 1000, "cached_content_token_count": 600,
    "output_token_count": 50, "thoughts_token_count": 200, "tool_token_count": 30, "total_token_count": 1280,
}  # fmt: skip


def claude_log(attributes, **options):
    return read_log(make_record("api_request", attributes, scope=f"{CLAUDE}.events", **options)).usage


def metric_usage(attributes, values, *, scope, **options):
    (metric, _), *_ = values
    return metrics_of(metric, scope).read(make_points(attributes, scope=scope, **options), values).usage


def claude_metric(values, **options):
    attributes = {"model": "claude-opus-4-8", "session.id": "s-1"}
    return metric_usage(attributes, {("claude_code.token.usage", kind): count for kind, count in values.items()},
                        scope=CLAUDE, **options)  # fmt: skip


def test_37_a_claude_code_log_record_with_its_own_estimate_of_the_cost():
    usage = claude_log(REQUEST_37)
    assert (usage.tokens, usage.kind, usage.provider, usage.usage_status) == (TOKENS_37, LLM, "anthropic", REPORTED)
    assert (usage.cost_reported_nano_usd, usage.cost_source) == (12_300_000, "estimate")
    assert usage.flags == ()


def test_38_the_same_request_in_three_signals_is_told_by_one_source_and_the_log_record_is_believed():
    span = read_span(
        make_span(
            {name: REQUEST_37[name] for name in REQUEST_37 if "5m" not in name and "1h" not in name},
            scope=f"{CLAUDE}.tracing",
            name="claude_code.llm_request",
        )
    ).usage
    log = claude_log(REQUEST_37)
    metric = claude_metric({"input": 3.0, "output": 120.0, "cacheRead": 15000.0, "cacheCreation": 800.0})
    assert span.tokens == log.tokens == metric.tokens == TOKENS_37
    assert span.source == log.source == metric.source
    assert span.call_key == log.call_key
    assert (span.signal, log.signal, metric.signal) == (SPANS, LOGS, METRICS)
    assert log.outranked_by == frozenset()
    assert span.outranked_by == {LOGS}
    assert metric.outranked_by == {LOGS, SPANS, IMPORTS}


def test_39_one_hour_writes_of_claude_code():
    split = {"cache_creation_tokens": 1000, "cache_creation_5m_tokens": 200, "cache_creation_1h_tokens": 800}
    tokens = claude_log({**REQUEST_37, **split}).tokens
    assert (tokens.cache_write_5m, tokens.cache_write_1h) == (200, 800)


def test_40_claude_code_metrics_alone():
    usage = claude_metric({"input": 3, "output": 120, "cacheRead": 15000, "cacheCreation": 800})
    assert (usage.tokens, usage.provider) == (TOKENS_37, "anthropic")


def test_41_a_cumulative_series_is_handed_on_as_it_stands():
    assert [claude_metric({"input": count}).tokens.input_uncached for count in (100, 150, 20)] == [100, 150, 20]


def test_42_codex():
    usage = read_log(make_record("codex.sse_event", CODEX_42)).usage
    assert (usage.tokens, usage.provider, usage.conversation_id) == (
        Tokens(3000, 9000, 0, 0, 500, 300),
        "openai",
        "c-1",
    )


def test_43_the_kinds_of_token_of_codex_overlap():
    counts = {"total": 12800, "input": 12000, "cached_input": 9000, "output": 800, "reasoning_output": 300}
    values = {("codex.turn.token_usage", kind): count for kind, count in counts.items()}
    usage = metric_usage({"model": "gpt-5"}, values, scope="codex")
    assert (usage.tokens, usage.provider) == (Tokens(3000, 9000, 0, 0, 500, 300), "openai")


@pytest.mark.parametrize(
    ("authorised", "provider"), [("gemini-api-key", "gcp.gemini"), ("oauth-personal", "gcp.gemini"), ("vertex-ai", "gcp.vertex_ai")]
)  # fmt: skip
def test_44_gemini_cli(authorised, provider):
    usage = read_log(make_record("gemini_cli.api_response", {**GEMINI_44, "auth_type": authorised})).usage
    assert (usage.tokens, usage.provider) == (Tokens(430, 600, 0, 0, 50, 200), provider)


def test_45_of_three_reports_of_a_gemini_call_the_log_record_is_believed_and_the_conventions_event_says_nothing():
    details = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50, "session.id": "s-1"}
    event = "gen_ai.client.inference.operation.details"
    assert read_log(make_record(event, details, scope="gemini-cli")).usage is None
    log = read_log(make_record("gemini_cli.api_response", GEMINI_44, scope="gemini-cli")).usage
    span = read_span(
        make_span({**details, "gen_ai.operation.name": "llm_call", "gen_ai.conversation.id": "s-1"}, scope="gemini-cli")
    ).usage
    assert span.source == log.source
    assert (span.outranked_by, log.outranked_by) == ({LOGS}, frozenset())


def test_53_the_kinds_of_token_that_envoy_adds_are_parts():
    counts = {"input": 710, "cached_input": 500, "cache_creation_input": 200, "output": 40, "reasoning": 10}
    values = {("gen_ai.client.token.usage", kind): count for kind, count in counts.items()}
    attributes = {"gen_ai.provider.name": "aws.anthropic", "gen_ai.request.model": "claude-sonnet-4-5"}
    usage = metric_usage(attributes, values, scope="envoyproxy/ai-gateway")
    assert usage.tokens == Tokens(10, 500, 200, 0, 30, 10)
    assert (usage.provider, usage.gateway) == ("anthropic", "aws.bedrock")
    assert "basis_guess" not in usage.flags


def test_81_two_requests_within_one_interaction_are_two_records():
    first = claude_log({**REQUEST_37, "cache_read_tokens": 0, "cache_creation_tokens": 0}, ids=IDS)
    other = {"request_id": "req_011CSHoEeqs5C35K2UUqR7Fz", "input_tokens": 5, "output_tokens": 80}
    second = claude_log({**REQUEST_37, **other}, ids=IDS)
    assert (first.tokens.output_total, second.tokens.output_total) == (120, 80)
    assert first.record_key != second.record_key
    assert first.record_key == "req:claude_code:req_011CSHoEeqs5C35K2UUqR7Fy"


def test_82_the_conventions_event_is_a_copy_of_the_span_of_its_ids():
    counts = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10, "gen_ai.request.model": "gpt-5"}
    event = read_log(make_record("gen_ai.client.inference.operation.details", counts, ids=IDS)).usage
    span = read_span(make_span({**counts, "gen_ai.operation.name": "chat"})).usage
    assert event.tokens == span.tokens
    assert (event.signal, event.record_key) == (LOGS, "")
    assert (event.trace_id, event.span_id) == (span.trace_id, span.span_id) == IDS
