"""Log records and metric points from a body to the ledger, beside spans of the same source, on both databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from exporter.pricing.row_json import instant_from_text
from support.otlp import log, logs_request, metrics_request, pairs, request, span
from support.workers import SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
MINUTE = 60 * SECOND
RESOURCE = {"service.name": "claude-code", "agent.project": "payments"}
SESSION = {"session.id": "s-1", "user.id": "u-1"}
REQUEST_ID = "req_011CU1abcdefghijkLMNOP"
CALL = {
    "event.name": "api_request",
    "model": "claude-opus-4-8",
    "input_tokens": "3",
    "output_tokens": 120,
    "cache_read_tokens": 15_000,
    "cache_creation_tokens": 800,
    "cache_creation_5m_tokens": 800,
    "cost_usd": 0.0123,
    "duration_ms": 2_000,
    "request_id": REQUEST_ID,
    **SESSION,
}
TOKENS = {
    "input_uncached": 3,
    "cache_read": 15_000,
    "cache_write_5m": 800,
    "cache_write_1h": 0,
    "output_visible": 120,
    "reasoning": 0,
}


@pytest.fixture
def whole(database_url, tmp_path):
    whole = WholeWorker(database_url, tmp_path, {}, NOW)
    yield whole
    whole.assert_audited()
    whole.close()


def send(whole: WholeWorker, signal: str, body: bytes) -> None:
    answer = whole.client.post(f"/v1/{signal}", data=body, content_type="application/x-protobuf")
    assert (answer.status_code, answer.data) == (200, b"")


def event(said: Mapping[str, Any] | None = None, *, at: int = NOW, **fields: Any) -> bytes:
    record = log({**CALL, **(said or {})}, body="claude_code.api_request", time_unix_nano=at, **fields)
    return logs_request(record, resource=RESOURCE, scope="com.anthropic.claude_code.events")


def points(values: Mapping[str, int], *, start: int, end: int, delta: bool, metric: str = "") -> bytes:
    counted = [
        {
            "as_int": value,
            "start_time_unix_nano": start,
            "time_unix_nano": end,
            "attributes": pairs({"type": kind, "model": "claude-opus-4-8", **SESSION}),
        }
        for kind, value in values.items()
    ]
    total = {"data_points": counted, "aggregation_temporality": 1 if delta else 2, "is_monotonic": True}
    return metrics_request(
        Metric(name=metric or "claude_code.token.usage", unit="tokens", sum=total), resource=RESOURCE
    )


COUNTED = {"input": 3, "output": 120, "cacheRead": 15_000, "cacheCreation": 800}


def charged(whole: WholeWorker) -> list[dict[str, Any]]:
    return [row for row in whole.all_rows() if row["billing"] == "charged"]


def settle(whole: WholeWorker) -> None:
    whole.now_ns += 2 * MINUTE
    whole.run_jobs()


def test_a_log_record_is_charged_at_the_time_at_which_its_call_began(whole):
    send(whole, "logs", event())
    (row,) = charged(whole)
    assert (row["signal"], row["dialect"], row["tokens"]) == ("log", "claude_code", TOKENS)
    assert row["started_at"] == "2026-11-21T11:59:58Z"
    assert (row["project"], row["call_key"], row["conversation_id"]) == ("payments", REQUEST_ID, "s-1")
    assert row["cost_reported_nano_usd"] == 12_300_000
    assert row["cost_status"] == "priced"


def test_a_log_record_again_is_the_same_and_another_under_the_same_span_is_not(whole):
    send(whole, "logs", event())
    send(whole, "logs", event())
    send(whole, "logs", event({"request_id": "req_011CU1zyxwvutsrqpONMLK", "output_tokens": 80}))
    assert [row["tokens"]["output_visible"] for row in charged(whole)] == [120, 80]


def test_log_span_and_metric_of_one_session_are_charged_once(whole):
    attributes = {"input_tokens": 3, "output_tokens": 120, "request_id": REQUEST_ID, "span.type": "llm_request"}
    spoken = span(
        {**attributes, **SESSION, "model": "claude-opus-4-8"},
        name="claude_code.llm_request",
        start_time_unix_nano=NOW - 2 * SECOND,
        end_time_unix_nano=NOW,
    )
    send(whole, "metrics", points(COUNTED, start=NOW - MINUTE, end=NOW, delta=True))
    send(whole, "traces", request(spoken, resource=RESOURCE, scope="com.anthropic.claude_code.tracing"))
    assert charged(whole) == []
    send(whole, "logs", event())
    settle(whole)
    assert [row["signal"] for row in charged(whole)] == ["log"]
    reasons = {row["signal"]: (row["billing"], row["billing_reason"]) for row in whole.all_rows()}
    assert reasons == {
        "log": ("charged", None), "span": ("superseded", "signal"), "metric": ("superseded", "signal"),
    }  # fmt: skip


def test_delta_points_alone_are_charged_once_after_they_settled(whole):
    for _ in range(2):
        send(whole, "metrics", points(COUNTED, start=NOW - MINUTE, end=NOW, delta=True))
    assert charged(whole) == []
    settle(whole)
    (row,) = charged(whole)
    assert (row["signal"], row["tokens"]) == ("metric", TOKENS)


def test_cumulative_points_count_the_most_that_was_said_since_each_start(whole):
    begun, again = NOW - 10 * MINUTE, NOW - 2 * MINUTE
    for start, minutes, value in [(begun, 1, 100), (begun, 3, 150), (begun, 2, 120), (begun, 3, 150), (again, 9, 20)]:
        send(whole, "metrics", points({"input": value}, start=start, end=begun + minutes * MINUTE, delta=False))
    settle(whole)
    rows = charged(whole)
    assert [row["tokens"]["input_uncached"] for row in rows] == [100, 50, 20]
    assert [row["started_at"] for row in rows] == [
        "2026-11-21T11:50:00Z", "2026-11-21T11:51:00Z", "2026-11-21T11:58:00Z",
    ]  # fmt: skip
    assert whole.total("agent_tokens_adjustments_total") == 0


def test_cumulative_points_that_began_apart_are_counted_once_in_whatever_pieces_they_come(whole):
    begun = NOW - 10 * MINUTE

    def export(minute: int, values: Mapping[str, int], *, apart: bool) -> None:
        starts = {"input": begun, "output": begun + SECOND, "cacheRead": begun + 2 * SECOND}
        end = begun + minute * MINUTE
        bodies = [points({kind: value}, start=starts[kind], end=end, delta=False) for kind, value in values.items()]
        for body in bodies if apart else [joined(bodies)]:
            send(whole, "metrics", body)

    export(1, {"input": 10, "output": 20}, apart=True)
    export(2, {"input": 11, "output": 22, "cacheRead": 300}, apart=False)
    export(3, {"output": 25, "cacheRead": 330}, apart=True)
    export(4, {"input": 20, "output": 26, "cacheRead": 340}, apart=False)
    export(4, {"input": 20, "output": 26, "cacheRead": 340}, apart=True)
    settle(whole)
    added_up = [sum(row["tokens"][name] for row in charged(whole)) for name in ("input_uncached", "output_visible")]
    assert added_up == [20, 26]
    assert sum(row["tokens"]["cache_read"] for row in charged(whole)) == 340


def test_processes_that_do_not_tell_themselves_apart_are_charged_each(whole):
    for begun in (NOW - 10 * MINUTE, NOW - 9 * MINUTE):
        for minute, value in ((5, 10), (6, 30)):
            send(whole, "metrics", points({"input": value}, start=begun, end=NOW - minute * MINUTE, delta=False))
    again = points({"input": 4}, start=NOW - 3 * MINUTE, end=NOW - 2 * MINUTE, delta=False)
    send(whole, "metrics", again)
    settle(whole)
    assert sorted(row["tokens"]["input_uncached"] for row in charged(whole)) == [4, 10, 10, 20, 20]


def test_counts_of_one_time_that_differ_are_counted_as_the_highest(whole):
    for value in (100, 150, 120, 260):
        send(whole, "metrics", points({"input": value}, start=NOW - 10 * MINUTE, end=NOW - 5 * MINUTE, delta=False))
    send(whole, "metrics", points({"input": 400}, start=NOW - 10 * MINUTE, end=NOW - 4 * MINUTE, delta=False))
    settle(whole)
    assert [row["tokens"]["input_uncached"] for row in charged(whole)] == [100, 50, 110, 140]


def test_a_kind_of_token_that_begins_again_in_a_living_process_is_charged(whole):
    begun = NOW - 10 * MINUTE
    for minute, values in ((1, (100, 700)), (2, (150, 5))):
        end = begun + minute * MINUTE
        output_begun = begun if minute == 1 else begun + MINUTE
        bodies = [points({"input": values[0]}, start=begun, end=end, delta=False)]
        bodies.append(points({"output": values[1]}, start=output_begun, end=end, delta=False))
        send(whole, "metrics", joined(bodies))
    settle(whole)
    assert [row["tokens"]["input_uncached"] for row in charged(whole)] == [100, 50]
    assert [row["tokens"]["output_visible"] for row in charged(whole)] == [700, 5]


def joined(bodies: list[bytes]) -> bytes:
    """One request in which the points of several stand in one metric."""
    first, *others = (ExportMetricsServiceRequest.FromString(body) for body in bodies)
    whole = first.resource_metrics[0].scope_metrics[0].metrics[0].sum.data_points
    for other in others:
        whole.extend(other.resource_metrics[0].scope_metrics[0].metrics[0].sum.data_points)
    return first.SerializeToString()


def test_points_of_a_dialect_that_is_not_charged_leave_no_row(whole):
    send(whole, "metrics", points(COUNTED, start=NOW - MINUTE, end=NOW, delta=True, metric="codex.turn.token_usage"))
    settle(whole)
    assert whole.all_rows() == []


# ------------------------------------------------------------------------------------ metrics that any SDK sends
@pytest.fixture
def counting(database_url, tmp_path):
    """Charges the conventions' metrics of processes that send no spans."""
    whole = WholeWorker(database_url, tmp_path, {}, NOW, AGENT_EXPORTER_CHARGE_METRICS_OF="genai,claude_code")
    yield whole
    whole.assert_audited()
    whole.close()


def histogram(value: int, *, service: str) -> bytes:
    attributes = {"gen_ai.token.type": "input", "gen_ai.request.model": "gpt-6-sol", "gen_ai.provider.name": "openai"}
    point = {
        "sum": float(value),
        "count": 1,
        "start_time_unix_nano": NOW - MINUTE,
        "time_unix_nano": NOW,
        "attributes": pairs({"gen_ai.operation.name": "chat", **attributes}),
    }
    data = {"data_points": [point], "aggregation_temporality": 1}
    return metrics_request(
        Metric(name="gen_ai.client.token.usage", unit="{token}", histogram=data), resource={"service.name": service}
    )


def test_spans_of_a_process_outrank_its_metrics(counting):
    said = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-6-sol",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 700,
        "gen_ai.usage.output_tokens": 0,
    }
    spoken = span(said, start_time_unix_nano=NOW - MINUTE, end_time_unix_nano=NOW)
    send(counting, "metrics", histogram(700, service="both"))
    send(counting, "metrics", histogram(900, service="metrics-only"))
    send(counting, "traces", request(spoken, resource={"service.name": "both"}))
    settle(counting)
    assert sorted((row["service"], row["signal"], row["tokens"]["input_uncached"]) for row in charged(counting)) == [
        ("both", "span", 700),
        ("metrics-only", "metric", 900),
    ]
