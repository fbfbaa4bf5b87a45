"""A stream of Anthropic through Logfire: two reports without an id in common, in two traces, and one charge."""

from __future__ import annotations

import pytest

from support.otlp import request, span
from support.workers import SECOND, WholeWorker

NOW = 1_795_400_000 * SECOND
PROCESS = {"service.name": "shop", "service.instance.id": "i-1"}
COUNTS = {
    "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5", "gen_ai.response.model": "claude-sonnet-4-5",
    "gen_ai.usage.input_tokens": 3894, "gen_ai.usage.output_tokens": 142,
}  # fmt: skip
BY_LOGFIRE, BY_SDK = "a1" * 8, "b2" * 8


@pytest.fixture
def worker(database_url, tmp_path):
    worker = WholeWorker(database_url, tmp_path, {}, NOW)
    yield worker
    worker.assert_audited()
    worker.close()


def stream_end(process=PROCESS):
    said = {**COUNTS, "logfire.span_type": "log", "duration": 2.5}
    times = {"start_time_unix_nano": NOW, "end_time_unix_nano": NOW}
    report = span(said, trace_id=b"l" * 16, span_id=bytes.fromhex(BY_LOGFIRE), name="streaming response", **times)
    return request(report, resource=process, scope="logfire.anthropic")


def native_span(process=PROCESS):
    times = {"start_time_unix_nano": NOW - 3 * SECOND, "end_time_unix_nano": NOW}
    said = {**COUNTS, "gen_ai.usage.cache_read.input_tokens": 2816, "gen_ai.response.id": "msg_0123456789abcdef"}
    report = span(said, trace_id=b"n" * 16, span_id=bytes.fromhex(BY_SDK), **times)
    return request(report, resource=process, scope="com.anthropic.sdk.python")


def settle(worker):
    for _ in range(3):
        worker.now_ns += 3600 * SECOND
        worker.run_jobs()


def billing(worker):
    return {span_id: (row["billing"], row["billing_reason"]) for span_id, row in worker.rows().items()}


@pytest.mark.parametrize("order", [(stream_end, native_span), (native_span, stream_end)])
def test_the_span_of_the_sdk_is_charged_and_the_report_of_logfire_is_not(worker, order):
    for body in order:
        worker.push(body())
    settle(worker)
    assert billing(worker) == {BY_SDK: ("charged", None), BY_LOGFIRE: ("superseded", "signal")}


def test_without_a_span_of_the_sdk_the_report_is_charged_after_it_waited(worker):
    worker.push(stream_end())
    assert billing(worker) == {BY_LOGFIRE: ("pending", "settling")}
    settle(worker)
    assert billing(worker) == {BY_LOGFIRE: ("charged", None)}
    assert worker.rows()[BY_LOGFIRE]["started_at"] < worker.rows()[BY_LOGFIRE]["ended_at"]


def test_a_span_of_the_sdk_that_comes_late_takes_the_charge_over(worker):
    worker.push(stream_end())
    settle(worker)
    worker.push(native_span())
    settle(worker)
    assert billing(worker) == {BY_SDK: ("charged", None), BY_LOGFIRE: ("superseded", "signal")}


def test_another_process_speaks_for_itself(worker):
    worker.push(native_span({**PROCESS, "service.instance.id": "i-2"}))
    worker.push(stream_end())
    settle(worker)
    assert {state for state, _ in billing(worker).values()} == {"charged"}
