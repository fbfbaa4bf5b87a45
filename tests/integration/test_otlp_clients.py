"""Real clients against the server as shipped: the OpenTelemetry SDK's exporters, and raw connections."""

import gzip
import http.client
import socket
import time

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from support.otlp import as_json, request, span
from support.server import Server

PROTOBUF = "application/x-protobuf"
COMPRESSIONS = [Compression.NoCompression, Compression.Gzip]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clients")
    server = Server(f"sqlite:///{folder / 'ledger.db'}", folder / "serve.log").start()
    yield server
    server.stop()


def received(server, signal):
    """What the self-metrics say of one signal, by outcome."""
    counts = {}
    for line in server.get("/metrics").body.decode().splitlines():
        if line.startswith("agent_exporter_received_total{") and f'signal="{signal}"' in line:
            outcome = line.split('outcome="')[1].split('"')[0]
            counts[outcome] = counts.get(outcome, 0) + float(line.rsplit(" ", 1)[1])
    return counts


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_spans_of_the_sdk_become_usage(server, compression):
    before = received(server, "span")
    provider = TracerProvider(resource=Resource({"service.name": "sdk", "agent.project": "clients"}))
    exporter = OTLPSpanExporter(endpoint=f"{server.url}/v1/traces", compression=compression)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("test", "1")
    with tracer.start_as_current_span("invoke_agent"):
        for number in range(20):
            with tracer.start_as_current_span("chat", kind=trace.SpanKind.CLIENT) as one:
                one.set_attributes(
                    {
                        "gen_ai.operation.name": "chat",
                        "gen_ai.provider.name": "openai",
                        "gen_ai.request.model": "gpt-4o",
                        "gen_ai.usage.input_tokens": 100 + number,
                        "gen_ai.usage.output_tokens": 10,
                    }
                )
    assert provider.force_flush()
    provider.shutdown()
    after = received(server, "span")
    assert after["accepted"] - before.get("accepted", 0) == 20
    assert after["ignored"] - before.get("ignored", 0) == 1


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_log_records_of_the_sdk_are_taken(server, compression):
    before = received(server, "log")
    provider = LoggerProvider()
    exporter = OTLPLogExporter(endpoint=f"{server.url}/v1/logs", compression=compression)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("test")
    for number in range(5):
        logger.emit(body=f"record {number}", attributes={"event.name": "test"})
    assert provider.force_flush()
    provider.shutdown()
    assert received(server, "log")["ignored"] - before.get("ignored", 0) == 5


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_data_points_of_the_sdk_are_taken(server, compression):
    before = received(server, "metric")
    exporter = OTLPMetricExporter(endpoint=f"{server.url}/v1/metrics", compression=compression)
    provider = MeterProvider([PeriodicExportingMetricReader(exporter)])
    meter = provider.get_meter("test")
    meter.create_counter("calls").add(1, {"a": 1})
    meter.create_histogram("seconds").record(0.5)
    assert provider.force_flush()
    provider.shutdown()
    assert received(server, "metric")["ignored"] - before.get("ignored", 0) >= 2


# -------------------------------------------------------------------------------- what HTTP clients do
ONE = request(span(start_time_unix_nano=time.time_ns(), end_time_unix_nano=time.time_ns()))


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def talk(server, *parts, pause=0.0, shut=False):
    """Send raw bytes and read to the end of the connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        if shut:
            connection.shutdown(socket.SHUT_WR)
        received = b""
        while data := connection.recv(65536):
            received += data
    return received


def head(*lines, content_type=PROTOBUF):
    fixed = ("POST /v1/traces HTTP/1.1", "Host: test", "Connection: close", f"Content-Type: {content_type}")
    return "\r\n".join((*fixed, *lines, "", "")).encode()


def test_a_chunked_gzip_body_as_javascript_sends_it_is_read_whole(server):
    zipped = gzip.compress(as_json(ONE))
    body = chunked(*(zipped[at : at + 20] for at in range(0, len(zipped), 20))) + b"0\r\n\r\n"
    lines = head("Content-Encoding: gzip", "Transfer-Encoding: chunked", content_type="application/json")
    answer = talk(server, lines, body)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"{}")


def test_a_chunked_body_without_its_end_is_400_and_not_a_shorter_body(server):
    answer = talk(server, head("Transfer-Encoding: chunked"), chunked(ONE), shut=True)
    assert answer.startswith(b"HTTP/1.1 400")


def test_a_body_that_ends_before_its_length_is_400(server):
    answer = talk(server, head(f"Content-Length: {len(ONE) + 1}"), ONE, shut=True)
    assert answer.startswith(b"HTTP/1.1 400")


def test_a_body_that_arrives_in_drops_is_read_whole(server):
    parts = [ONE[at : at + 10] for at in range(0, len(ONE), 10)]
    assert talk(server, head(f"Content-Length: {len(ONE)}"), *parts, pause=0.02).startswith(b"HTTP/1.1 200")


def test_a_chunked_bomb_is_413_while_it_arrives(server):
    bomb = gzip.compress(bytes(70 << 20))
    body = chunked(*(bomb[at : at + 8_192] for at in range(0, len(bomb), 8_192))) + b"0\r\n\r\n"
    answer = talk(server, head("Content-Encoding: gzip", "Transfer-Encoding: chunked"), body)
    assert answer.startswith(b"HTTP/1.1 413")


def test_one_connection_serves_many_requests_after_refusals_too(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    statuses = []
    for body, kind in [(ONE, PROTOBUF), (b"\xff", PROTOBUF), (ONE, "text/plain"), (as_json(ONE), "application/json")]:
        connection.request("POST", "/v1/traces", body, {"Content-Type": kind})
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200, 400, 415, 200]


def test_a_resent_request_is_a_duplicate(server):
    call = span(
        {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.usage.input_tokens": 1},
        trace_id=b"resent resent re",
        start_time_unix_nano=time.time_ns(),
        end_time_unix_nano=time.time_ns(),
    )
    before = received(server, "span")
    for _ in range(2):
        assert server.post_protobuf("/v1/traces", gzip.compress(request(call)), encoding="gzip").status == 200
    after = received(server, "span")
    grown = {outcome: after.get(outcome, 0) - before.get(outcome, 0) for outcome in ("accepted", "duplicate")}
    assert grown == {"accepted": 1, "duplicate": 1}


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Content-Type": "text/plain"}, 415), ({"Content-Type": PROTOBUF, "Content-Encoding": "br"}, 415)],
)
def test_a_large_body_that_is_refused_unread_still_gets_its_answer(server, headers, status):
    answer = server.request("POST", "/v1/traces", bytes(8 << 20), headers=headers)
    assert answer.status == status


def test_a_body_that_announces_more_than_is_allowed_still_gets_its_413(server):
    answer = server.request("POST", "/v1/traces", bytes(66 << 20), headers={"Content-Type": PROTOBUF})
    assert answer.status == 413
