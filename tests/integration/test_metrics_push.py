"""The OTLP push: what a real receiver gets is what a scrape shows."""

from __future__ import annotations

import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.utils import floatToGoString

from exporter.telemetry.family import COUNTER, GAUGE, HISTOGRAM, prometheus_name
from exporter.telemetry.gather import Gatherer
from exporter.telemetry.push import Push
from exporter.telemetry.scrape import Scrape
from exporter.telemetry.selfmetrics import SelfMetrics
from support.fleet_rows import make_fleet
from support.metric_rows import LONG_AGO, NOW

CUMULATIVE = 2
KINDS = {"sum": COUNTER, "gauge": GAUGE, "histogram": HISTOGRAM}


class Receiver:
    """An OTLP/HTTP receiver on a free port; `status` is its answer."""

    def __init__(self):
        self.requests, self.headers, self.status = [], [], 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                receiver.requests.append((self.path, ExportMetricsServiceRequest.FromString(body)))
                receiver.headers.append(self.headers)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1/metrics"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def metrics(self):
        for _, request in self.requests:
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    yield from scope.metrics

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def database(sqlite_url):
    database = make_fleet(sqlite_url)
    yield database
    database.close()


def make_push(database, receiver, measured=None, **options):
    gatherer = Gatherer(database, version="1", price_books=lambda: [("7", "shipped")], clock_ns=lambda: NOW)
    return Push(gatherer, measured or SelfMetrics(), endpoint=receiver.url, clock_ns=lambda: NOW, **options)


def series_of(metric):
    """The series that Prometheus makes of a pushed metric."""
    (kind,) = [kind for kind in KINDS if metric.HasField(kind)]
    name = prometheus_name(metric.name, metric.unit, KINDS[kind])
    for point in getattr(metric, kind).data_points:
        labels = {pair.key.replace(".", "_"): pair.value.string_value for pair in point.attributes}
        if kind == "histogram":
            yield from histogram_series(name, labels, point)
        else:
            number = point.as_int if point.HasField("as_int") else point.as_double
            yield (name, frozenset(labels.items())), float(number)


def histogram_series(name, labels, point):
    edges = [floatToGoString(edge) for edge in (*point.explicit_bounds, float("inf"))]
    for at, edge in enumerate(edges):
        yield (f"{name}_bucket", frozenset({**labels, "le": edge}.items())), float(sum(point.bucket_counts[: at + 1]))
    yield (f"{name}_count", frozenset(labels.items())), float(point.count)
    yield (f"{name}_sum", frozenset(labels.items())), point.sum


def scraped(database, measured):
    gatherer = Gatherer(database, version="1", price_books=lambda: [("7", "shipped")], clock_ns=lambda: NOW)
    text = Scrape(gatherer, measured).answer().body.decode()
    return {
        (sample.name, frozenset((name, value) for name, value in sample.labels.items() if value)): sample.value
        for family in parse_text(text)
        for sample in family.samples
    }


def test_a_receiver_gets_every_series_of_the_scrape_with_its_value(database, receiver):
    measured = SelfMetrics()
    measured.received("span", "genai", "accepted", 12)
    measured.http("/v1/traces", 200, 0.03)
    measured.lag(4)
    assert make_push(database, receiver, measured).push()
    pushed = dict(series for metric in receiver.metrics() for series in series_of(metric))
    assert pushed == scraped(database, measured)


def test_counters_are_monotonic_sums_since_their_label_set_was_made(database, receiver):
    make_push(database, receiver).push()
    (cost,) = [metric for metric in receiver.metrics() if metric.name == "agent.cost_usd"]
    assert cost.sum.is_monotonic
    assert cost.sum.aggregation_temporality == CUMULATIVE
    assert cost.unit == "{USD}"
    assert {(point.start_time_unix_nano, point.time_unix_nano) for point in cost.sum.data_points} == {(LONG_AGO, NOW)}


def test_tokens_and_calls_are_pushed_as_integers(database, receiver):
    make_push(database, receiver).push()
    (tokens,) = [metric for metric in receiver.metrics() if metric.name == "agent.tokens"]
    assert all(point.HasField("as_int") for point in tokens.sum.data_points)


def test_the_receiver_learns_who_pushes(database, receiver):
    make_push(database, receiver, headers={"authorization": "Bearer t"}, resource={"service.instance.id": "a"}).push()
    path, request = receiver.requests[0]
    assert path == "/v1/metrics"
    resource = {pair.key: pair.value.string_value for pair in request.resource_metrics[0].resource.attributes}
    assert resource["service.name"] == "agent-exporter"
    assert resource["service.instance.id"] == "a"
    assert receiver.headers[0]["authorization"] == "Bearer t"


def test_a_receiver_that_refuses_is_no_success(database, receiver, caplog):
    receiver.status = 400
    assert not make_push(database, receiver).push()
    assert "400" in caplog.text
