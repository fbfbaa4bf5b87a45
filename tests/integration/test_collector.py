"""The shipped configuration in the real Collector: the same ledger with and without it, and nothing lost on the way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.recordings import load, recorded_names
from conformance.test_replay import usage_rows
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from support.collector import FOLDER, TRACING, Collector, numbered_span
from support.otlp import request
from support.otlp_sink import Reply, Sink
from support.ports import free_port
from support.server import Server
from support.tools import require_tool

MakeCollector = Callable[..., Collector]
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini", "gen_ai.usage.input_tokens": 7}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def make_collector(tmp_path: Path) -> Iterator[MakeCollector]:
    """Makes Collectors with a folder of their own; what still runs at the end is stopped."""
    made: list[Collector] = []

    def make(endpoint: str, **options: Any) -> Collector:
        collector = Collector(require_tool("otelcol"), tmp_path / f"collector-{len(made)}", endpoint, **options)
        made.append(collector)
        return collector

    yield make
    for collector in made:
        collector.stop()


def body(*numbers: int) -> bytes:
    return request(*(numbered_span(number, CHAT) for number in numbers))


def arrived(sink: Sink) -> list[int]:
    return sorted(int.from_bytes(one.span_id, "big") for one in sink.spans())


def booked(server: Server) -> list[int]:
    return sorted(int(row["span_id"], 16) for row in usage_rows(server) if row["billing"] == "charged")


def settled(server: Server) -> list[dict[str, Any]]:
    """All rows, without what tells the order of their arrival."""
    rows = [{name: value for name, value in row.items() if name != "id"} for row in usage_rows(server)]
    return sorted(rows, key=lambda row: (row["trace_id"] or "", row["span_id"] or "", row["signal"], str(row)))


def test_the_ledger_is_the_same_whether_emitters_send_to_the_collector_or_to_the_exporter(
    start_server, make_collector, tmp_path
):
    env = {"AGENT_EXPORTER_ACCEPT_AGE": "unlimited", "AGENT_EXPORTER_SETTLE_SECONDS": "2"}
    direct = start_server(f"sqlite:///{tmp_path}/direct.db", env=env)
    behind = start_server(f"sqlite:///{tmp_path}/behind.db", env=env)
    collector = make_collector(behind.url).start()
    for one in (one for name in recorded_names() for one in load(name).requests if one.path != "/v1/metrics"):
        assert direct.request("POST", one.path, one.body, headers={"Content-Type": one.content_type}).status == 200
        # Its receiver has one path for each signal.
        path = f"/v1/{one.path.rpartition('/')[2]}"
        assert collector.post(path, one.body, content_type=one.content_type) == 200
    collector.wait_until(
        lambda: not collector.is_queueing() and settled(behind) == settled(direct), what="the same ledger"
    )
    rows = settled(direct)
    assert len([row for row in rows if row["call_key"] and row["cost_nano_usd"]]) > 50
    assert {row["billing"] for row in rows} >= {"charged", "superseded"}
    assert collector.metric("otelcol_exporter_send_failed_spans") == 0


def test_what_is_sent_while_the_exporter_is_away_arrives_once_even_when_the_collector_is_killed_meanwhile(
    make_collector, sqlite_url, tmp_path
):
    server = Server(sqlite_url, tmp_path / "serve.log", env={"AGENT_EXPORTER_ACCEPT_AGE": "unlimited"}).start()
    collector = make_collector(server.url).start()
    try:
        collector.send(body(1, 2))
        collector.wait_until(lambda: booked(server) == [1, 2], what="the first booking")
        server.stop()
        for number in range(3, 9):
            collector.send(body(number))
        collector.kill()
        collector.start()
        collector.send(body(9))
        server.start()
        collector.wait_until(lambda: booked(server) == [*range(1, 10)], what="the rest", timeout=40)
        collector.wait_until(lambda: not collector.is_queueing(), what="an empty queue")
        assert len(usage_rows(server)) == 9
    finally:
        server.stop()


def test_a_restart_of_the_collector_while_the_exporter_is_away_loses_nothing(make_collector):
    port = free_port()
    collector = make_collector(f"http://127.0.0.1:{port}").start()
    collector.send(body(1, 2))
    collector.stop()
    collector.start()
    with Sink(port=port) as sink:
        collector.wait_until(lambda: arrived(sink) == [1, 2], what="the spans")
        collector.stop()


def test_a_refusal_that_may_pass_is_sent_again(make_collector):
    with Sink(Reply(503, {"Retry-After": "1"}), Reply(429, {"Retry-After": "1"}), Reply(502)) as sink:
        collector = make_collector(sink.url).start()
        collector.send(body(1))
        collector.wait_until(lambda: arrived(sink) == [1], what="the last try")
        assert [one.status for one in sink.received] == [503, 429, 502, 200]
        assert len({one.body for one in sink.received}) == 1
        assert collector.metric("otelcol_exporter_send_failed_spans") == 0


@pytest.mark.parametrize("status", [400, 401, 500])
def test_a_refusal_for_good_is_not_sent_again_but_counted(make_collector, status):
    with Sink(Reply(status)) as sink:
        collector = make_collector(sink.url).start()
        collector.send(body(1, 2))
        failed = "otelcol_exporter_send_failed_spans"
        collector.wait_until(lambda: collector.metric(failed, exporter="otlp_http/billing") == 2, what="the count")
        collector.send(body(3))
        collector.wait_until(lambda: arrived(sink) == [3], what="the next body")
        assert [one.status for one in sink.received] == [status, 200]


def small_queue(folder: Path) -> Path:
    path = folder / "small-queue.yaml"
    queue = {"queue_size": 4_000, "batch": {"min_size": 1_000, "max_size": 2_000}}
    path.write_text(json.dumps({"exporters": {"otlp_http/billing": {"sending_queue": queue}}}))
    return path


def test_a_full_queue_makes_senders_wait_and_loses_nothing_that_was_acknowledged(make_collector, tmp_path):
    port = free_port()
    collector = make_collector(f"http://127.0.0.1:{port}", overlays=[small_queue(tmp_path)]).start()
    acknowledged = []
    for number in range(1, 200):
        try:
            collector.post("/v1/traces", body(number), timeout=3)
        except TimeoutError:
            break
        acknowledged.append(number)
    assert 0 < len(acknowledged) < 199
    with Sink(port=port) as sink:
        collector.wait_until(lambda: set(arrived(sink)) >= set(acknowledged), what="all that was acknowledged")
        collector.stop()


def test_the_token_comes_from_a_file_and_a_new_one_is_used_without_a_restart(make_collector):
    with Sink() as sink:
        collector = make_collector(sink.url)
        collector.folder.mkdir()
        collector.token_file.write_text("first\n")
        collector.start()
        collector.send(body(1))
        collector.wait_until(lambda: len(sink.bodies) == 1, what="the first body")
        collector.token_file.write_text("second\n")
        collector.wait_until(lambda: "refresh token" in collector.log, what="reading the file again")
        collector.send(body(2))
        collector.wait_until(lambda: len(sink.bodies) == 2, what="the second body")
        assert [one.headers["authorization"] for one in sink.bodies] == ["Bearer first", "Bearer second"]


def test_spans_come_in_over_grpc_as_the_sdk_sends_them(make_collector):
    with Sink() as sink:
        collector = make_collector(sink.url).start()
        exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{collector.grpc_port}", insecure=True)
        provider = TracerProvider(resource=Resource({"service.name": "agent"}))
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        provider.get_tracer("lib").start_span("chat", attributes=CHAT).end()
        provider.shutdown()
        collector.wait_until(lambda: [one.name for one in sink.spans()] == ["chat"], what="the span")


def test_with_the_tracing_overlay_spans_without_content_also_reach_the_trace_store(make_collector):
    with Sink() as billing, Sink() as store:
        env = {"COLLECTOR_TEMPO_ENDPOINT": store.url}
        collector = make_collector(billing.url, overlays=[TRACING], env=env).start()
        collector.send(request(numbered_span(1, CHAT | {"gen_ai.prompt": "secret"})))
        collector.wait_until(lambda: arrived(billing) == arrived(store) == [1], what="both copies")
        assert billing.spans() == store.spans()
        assert {one.key for one in store.spans()[0].attributes} == set(CHAT)
        assert "authorization" not in store.bodies[0].headers


def test_a_trace_store_that_is_away_holds_up_neither_senders_nor_billing(make_collector):
    with Sink() as billing:
        collector = make_collector(billing.url, overlays=[TRACING], env={"COLLECTOR_TEMPO_ENDPOINT": NOBODY}).start()
        for number in range(1, 51):
            collector.send(body(number))
        collector.wait_until(lambda: arrived(billing) == [*range(1, 51)], what="billing")
        lost = "otelcol_exporter_send_failed_spans"
        collector.wait_until(lambda: collector.metric(lost, exporter="otlp_http/tempo") == 50, what="the count")
        assert collector.metric(lost, exporter="otlp_http/billing") == 0


def test_the_collectors_own_metrics_have_the_names_and_labels_that_its_readme_states(make_collector):
    stated = re.findall(r"^\| `(otelcol_\w+)` \| ([^|]*) \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert len(stated) >= 8
    with Sink(Reply(400)) as sink:
        collector = make_collector(sink.url).start()
        collector.send(body(1))
        failed = "otelcol_exporter_send_failed_spans"
        collector.wait_until(lambda: collector.metric(failed) == 1, what="a failure")
        collector.send(body(2))
        collector.wait_until(lambda: collector.metric("otelcol_exporter_sent_spans") == 1, what="a success")
        exposition = collector.exposition()
    for name, labels in stated:
        found = re.search(rf"^{name}(?:\{{(.*)\}})? ", exposition, re.MULTILINE)
        assert found, f"{name} is not among the metrics"
        assert re.findall(r"(\w+)=", found[1] or "") == re.findall(r"`(\w+)`", labels)
