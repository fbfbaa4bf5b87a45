"""Claude Code: log records, spans and metrics; its vectors are among the others."""

from __future__ import annotations

import pytest

from exporter.dialects.registry import WANTED, WANTED_OF_LOGS, metrics_of, read_log, read_span
from exporter.usage import AGENT, LLM, LOGS, MISSING, OTHER, TOOL, TTL_UNKNOWN, Tokens
from support.spans import make_points, make_record, make_span

SCOPE = "com.anthropic.claude_code"
CALL = {"gen_ai.request.model": "claude-sonnet-4-5", "input_tokens": 5000, "output_tokens": 7, "session.id": "s-1"}


def read(name, attributes, **options):
    return read_span(make_span(attributes, name=f"claude_code.{name}", scope=f"{SCOPE}.tracing", **options))


def log(attributes, event="api_request", **options):
    return read_log(make_record(event, attributes, scope=f"{SCOPE}.events", **options)).usage


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("interaction", AGENT),
        ("llm_request", LLM),
        ("tool", TOOL),
        ("tool.execution", TOOL),
        ("tool.blocked_on_user", OTHER),
    ],
)
def test_the_name_of_a_span_tells_its_kind(name, kind):
    assert read(name, {"span.type": name, "session.id": "s-1"}).kind == kind


def test_cached_tokens_stand_beside_the_input_whoever_answers():
    for provider in ("firstParty", "bedrock", "vertex", "foundry"):
        usage = read("llm_request", {**CALL, "cache_read_tokens": 100, "anthropic.provider": provider}).usage
        assert usage.tokens == Tokens(5000, 100, 0, 0, 7, 0)


@pytest.mark.parametrize(
    ("stated", "provider"),
    [
        ("firstParty", "anthropic"),
        ("bedrock", "aws.bedrock"),
        ("vertex", "gcp.vertex_ai"),
        ("foundry", "azure.ai.inference"),
    ],
)
def test_who_answered_comes_before_who_made_the_model(stated, provider):
    attributes = {**CALL, "anthropic.provider": stated, "gen_ai.provider.name": "anthropic"}
    assert read("llm_request", attributes).usage.provider == provider


def test_writes_without_their_lifetime_are_flagged():
    usage = read("llm_request", {**CALL, "cache_creation_tokens": 10}).usage
    assert (usage.tokens.cache_write_5m, usage.flags) == (10, (TTL_UNKNOWN,))


def test_a_sub_agent_is_told_by_its_name_and_stays_in_the_session():
    span = {**CALL, "query_source_safe": "agent.builtin.general-purpose", "gen_ai.conversation.id": "a7bed"}
    record = {**CALL, "query_source": "agent:custom:reviewer"}
    assert (read("llm_request", span).usage.agent, log(record).agent) == ("general-purpose", "reviewer")
    assert log({**record, "agent.name": "its own"}).agent == "its own"
    assert log({**CALL, "query_source": "sdk"}).agent == ""
    assert read("llm_request", span).usage.conversation_id == "s-1"


def test_fast_answers_have_a_price_of_their_own():
    assert log({**CALL, "speed": "fast"}).context.speed == "fast"


def test_a_call_began_as_long_before_its_record_as_it_took():
    usage = log({**CALL, "duration_ms": 1_500}, at_ns=10_000_000_000)
    assert (usage.start_ns, usage.end_ns) == (8_500_000_000, 10_000_000_000)


def test_the_cost_in_millionths_counts_where_the_other_is_missing():
    assert log({**CALL, "cost_usd_micros": 12_300}).cost_reported_nano_usd == 12_300_000
    assert log({**CALL, "cost_usd": 0.02, "cost_usd_micros": 12_300}).cost_reported_nano_usd == 20_000_000


@pytest.mark.parametrize("event", ["api_error", "api_refusal", "claude_code.api_error"])
def test_a_failure_is_an_error_without_usage(event):
    usage = log({"model": "claude-sonnet-4-5", "status_code": 529, "session.id": "s-1"}, event)
    assert (usage.error_type, usage.usage_status, usage.kind) == ("529", MISSING, LLM)


def test_a_failed_span_says_the_same_as_its_record():
    attributes = {"gen_ai.request.model": "claude-sonnet-4-5", "status_code": 500, "error_class": "server_error"}
    assert read("llm_request", attributes, status=2).usage.error_type == "500"


@pytest.mark.parametrize("event", ["subagent_completed", "api_retries_exhausted", "tool_result", "user_prompt"])
def test_what_sums_up_or_is_no_call_is_left_out(event):
    assert log({"total_tokens": 4036, **CALL}, event) is None


def test_the_same_names_from_elsewhere_are_not_its_own():
    assert read_log(make_record("api_request", CALL, scope="my.gateway")).usage is None
    assert read_log(make_record("claude_code.api_request", CALL)).usage.dialect == "claude_code"
    assert read_span(make_span(CALL, scope="my.tracer")).usage is None


def test_its_cost_metric_is_of_the_same_record():
    values = {("claude_code.token.usage", "input"): 10.0, ("claude_code.cost.usage", ""): 0.0123}
    usage = metrics_of("claude_code.cost.usage", SCOPE).read(make_points({"model": "claude-opus-4-8"}), values).usage
    assert (usage.tokens.input_uncached, usage.cost_reported_nano_usd) == (10, 12_300_000)


def test_a_series_that_repeats_zeros_says_nothing():
    values = {("claude_code.token.usage", "input"): 0.0, ("claude_code.cost.usage", ""): 0.0}
    assert metrics_of("claude_code.token.usage", SCOPE).read(make_points({}), values).usage is None


def test_without_a_session_a_source_is_an_hour():
    attributes = {name: value for name, value in CALL.items() if name != "session.id"}
    hour = 3600 * 10**9
    early, late = (log({**attributes, "event.sequence": 1}, at_ns=at) for at in (hour + 1, 2 * hour + 1))
    again = log({**attributes, "event.sequence": 2}, at_ns=hour + 2)
    assert early.source == again.source != late.source


@pytest.mark.parametrize("minutes", [1, 9])
def test_metrics_that_leave_the_session_out_are_spoken_for_by_what_names_it(minutes):
    minute = 60 * 10**9
    called = 59 * minute
    points = make_points({"model": "claude-opus-4-8", "user.id": "u"}, end_ns=called + minutes * minute)
    metrics = metrics_of("claude_code.token.usage", SCOPE)
    metric = metrics.read(points, {("claude_code.token.usage", "input"): 10}).usage
    records = [log({**CALL, "user.id": "u"}, at_ns=called), log({**CALL, "user.id": "other"}, at_ns=called)]
    assert [metric.source in record.speaks_for for record in records] == [True, False]
    assert metric.source not in log({**CALL, "user.id": "u"}, at_ns=called - 120 * minute).speaks_for
    named = metrics.read(
        make_points({"model": "claude-opus-4-8", "session.id": "s-1", "user.id": "u"}),
        {("claude_code.token.usage", "input"): 10},
    ).usage
    assert (named.source, named.speaks_for) == (records[0].source, ())


def test_what_people_wrote_is_not_wanted():
    for name in ("prompt", "prompt_text", "response", "user_prompt", "user.email", "error", "bash_argv0"):
        assert name not in WANTED | WANTED_OF_LOGS


def test_a_record_sent_again_is_known_by_its_key():
    weak = {**CALL, "request_id": "req_0001", "event.sequence": 5}
    assert log(weak).record_key == log(dict(weak)).record_key
    assert log(weak).record_key != log({**weak, "event.sequence": 6}).record_key
    assert log(weak).signal == LOGS
