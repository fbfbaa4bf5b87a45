"""The OTLP/HTTP receiver: the conformance points that a client can see."""

import gzip
import io
import json
import threading

import pytest
from flask import Flask
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from exporter.errors import Conflict, ExporterError, Forbidden, NotFound, RateLimited, Unauthorized, Unavailable
from exporter.intake.decode import decode_logs, decode_metrics, decode_traces
from exporter.intake.limits import InflightBudget, IntakeLimits
from exporter.intake.receipt import Receipt
from exporter.web.otlp import is_otlp_request, otlp_blueprint, otlp_error_response
from support.otlp import as_json, request, span

JSON, PROTOBUF = "application/json", "application/x-protobuf"
PATHS = ["/v1/traces", "/v1/logs", "/v1/metrics"]
NONE = frozenset[str]()
ONE_SPAN = request(span())


class Recording:
    """Decodes for real and keeps what it was given; or fails as it is told."""

    def __init__(self):
        self.bodies = []
        self.failure = None
        self.receipt = None
        self.meanwhile = lambda: None

    def _take(self, body, receipt):
        if self.failure:
            raise self.failure
        self.bodies.append(body)
        self.meanwhile()
        return self.receipt or receipt

    def traces(self, body, *, json):
        decoded = decode_traces(body, json=json, wanted=frozenset())
        return self._take(body, Receipt(accepted=len(decoded.spans), rejected=decoded.rejected))

    def logs(self, body, *, json):
        decoded = decode_logs(body, json=json, wanted=NONE, events=NONE)
        return self._take(body, Receipt(ignored=decoded.ignored, rejected=decoded.rejected))

    def metrics(self, body, *, json):
        decoded = decode_metrics(body, json=json, wanted=NONE, metrics=frozenset({"tokens"}))
        return self._take(body, Receipt(ignored=decoded.ignored, rejected=decoded.rejected))


class Counting:
    """The self-metrics as a list of what was counted."""

    def __init__(self):
        self.counted = []

    def received(self, signal, dialect, outcome, n):
        self.counted.append((signal, dialect, outcome, n))

    def rejected(self, signal, reason, n):
        self.counted.append((signal, reason, n))


class Receiver:
    def __init__(self, **options):
        self.intake, self.observe = Recording(), Counting()
        app = Flask("receiver")
        app.config["MAX_CONTENT_LENGTH"] = 100
        app.register_blueprint(otlp_blueprint(self.intake, self.observe, **options))
        self.client = app.test_client()

    def post(self, body=ONE_SPAN, path="/v1/traces", content_type=PROTOBUF, **headers):
        return self.client.post(path, data=body, content_type=content_type, headers=headers)


@pytest.fixture
def receiver():
    return Receiver()


def status_of(answer):
    """The google.rpc.Status of an answer in either encoding."""
    if answer.headers["Content-Type"] == PROTOBUF:
        status = Status.FromString(answer.data)
        return status.code, status.message
    assert answer.headers["Content-Type"] == JSON
    return answer.json["code"], answer.json["message"]


# ------------------------------------------------------------------------------------------- accepting
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("content_type", "body", "empty"), [(PROTOBUF, b"", b""), (JSON, b"{}", b"{}")])
def test_an_empty_request_succeeds_with_an_empty_answer_of_the_same_type(receiver, path, content_type, body, empty):
    answer = receiver.post(body, path, content_type)
    assert (answer.status_code, answer.headers["Content-Type"], answer.data) == (200, content_type, empty)


@pytest.mark.parametrize("body", [b"\x0a\x00", b"\x0a\x02\x12\x00"])
def test_empty_envelopes_succeed(receiver, body):
    assert receiver.post(body).status_code == 200


def test_a_span_arrives_as_it_was_sent_and_is_counted(receiver):
    assert receiver.post().status_code == 200
    assert receiver.intake.bodies == [ONE_SPAN]
    assert receiver.observe.counted == [("span", "", "accepted", 1)]


def test_the_content_type_of_an_answer_is_literal_whatever_the_request_adds(receiver):
    answer = receiver.post(as_json(ONE_SPAN), content_type="Application/JSON; charset=utf-8")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, JSON)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP"])
def test_gzip_bodies_arrive_inflated(receiver, encoding):
    assert receiver.post(gzip.compress(ONE_SPAN), **{"Content-Encoding": encoding}).status_code == 200
    assert receiver.intake.bodies == [ONE_SPAN]


def test_a_chunked_body_beyond_flasks_own_limit_arrives_whole(receiver):
    body = request(*(span() for _ in range(2_000)))
    answer = receiver.client.post(
        "/v1/traces",
        input_stream=io.BytesIO(body),
        content_type=PROTOBUF,
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert (answer.status_code, receiver.intake.bodies) == (200, [body])


def test_partial_success_is_a_200_that_names_count_and_reason(receiver):
    answer = receiver.post(request(span(), span(trace_id=b"short")))
    partial = ExportTraceServiceResponse.FromString(answer.data).partial_success
    assert (answer.status_code, partial.rejected_spans) == (200, 1)
    assert "1 invalid_trace_id" in partial.error_message
    assert receiver.observe.counted == [("span", "", "accepted", 1), ("span", "invalid_trace_id", 1)]


def test_partial_success_in_json(receiver):
    answer = receiver.post(as_json(request(span(trace_id=b"short"))), content_type=JSON)
    assert answer.json["partialSuccess"]["rejectedSpans"] == "1"


def test_a_log_record_of_a_wrong_type_is_rejected_alone(receiver):
    body = b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"eventName": 5}, {"eventName": "x"}]}]}]}'
    answer = receiver.post(body, "/v1/logs", content_type=JSON)
    assert answer.status_code == 200
    assert answer.json["partialSuccess"]["rejectedLogRecords"] == "1"
    assert receiver.observe.counted == [("log", "", "ignored", 1), ("log", "malformed_log_record", 1)]


def test_a_data_point_of_a_wrong_type_is_rejected_alone(receiver):
    points = b'{"name": "tokens", "sum": {"dataPoints": [{"asInt": "many"}]}}, {"gauge": {"dataPoints": [{}]}}'
    body = b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [%s]}]}]}' % points
    answer = receiver.post(body, "/v1/metrics", content_type=JSON)
    assert answer.status_code == 200
    assert answer.json["partialSuccess"]["rejectedDataPoints"] == "1"
    assert receiver.observe.counted == [("metric", "", "ignored", 1), ("metric", "malformed_data_point", 1)]


def test_counts_by_dialect_take_the_place_of_the_plain_ones(receiver):
    receiver.intake.receipt = Receipt(
        2, 1, by_dialect={("genai", "accepted"): 2, ("", "duplicate"): 1, ("x", "ignored"): 0}
    )
    receiver.post()
    assert receiver.observe.counted == [("span", "genai", "accepted", 2), ("span", "", "duplicate", 1)]


# -------------------------------------------------------------------------------------------- refusing
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", PATHS)
def test_other_methods_are_405_and_say_which_is_allowed(receiver, method, path):
    answer = receiver.client.open(path, method=method, content_type=PROTOBUF)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    if method != "HEAD":
        assert status_of(answer)[0] == 12


@pytest.mark.parametrize("content_type", ["text/plain", "application/protobuf", "", None])
def test_another_content_type_is_415(receiver, content_type):
    answer = receiver.post(content_type=content_type)
    assert answer.status_code == 415
    assert "application/x-protobuf or application/json" in status_of(answer)[1]
    assert receiver.observe.counted == [("span", "unsupported_content_type", 1)]


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate"])
def test_another_encoding_is_415_with_what_is_accepted(receiver, encoding):
    answer = receiver.post(**{"Content-Encoding": encoding})
    assert (answer.status_code, answer.headers["Accept-Encoding"]) == (415, "gzip, identity")
    assert status_of(answer)[0] == 3


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("content_type", "body"), [(PROTOBUF, b"\xff\xff"), (JSON, b"{"), (JSON, b"")])
def test_an_undecodable_body_is_400_with_a_status_of_the_same_type(receiver, path, content_type, body):
    answer = receiver.post(body, path, content_type)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, content_type)
    assert status_of(answer)[0] == 3
    assert receiver.observe.counted == [
        ({"/v1/traces": "span", "/v1/logs": "log", "/v1/metrics": "metric"}[path], "undecodable", 1)
    ]


def test_a_truncated_gzip_body_is_400(receiver):
    answer = receiver.post(gzip.compress(ONE_SPAN)[:-9], **{"Content-Encoding": "gzip"})
    assert answer.status_code == 400
    assert receiver.observe.counted == [("span", "incomplete_body", 1)]


def test_a_body_shorter_than_announced_is_400(receiver):
    announced = {"CONTENT_LENGTH": str(len(ONE_SPAN) + 5)}
    answer = receiver.client.post("/v1/traces", data=ONE_SPAN, content_type=PROTOBUF, environ_overrides=announced)
    assert answer.status_code == 400
    assert receiver.observe.counted == [("span", "incomplete_body", 1)]


@pytest.mark.parametrize("compress", [False, True])
def test_a_body_beyond_the_limit_is_413_compressed_or_not(compress):
    receiver = Receiver(limits=IntakeLimits(max_body_bytes=1_000))
    body = bytes(1_001)
    answer = receiver.post(
        gzip.compress(body) if compress else body, **{"Content-Encoding": "gzip" if compress else ""}
    )
    assert (answer.status_code, status_of(answer)[0]) == (413, 3)
    assert receiver.observe.counted == [("span", "too_large", 1)]


# ------------------------------------------------------------------------------------------- transient
@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Unavailable("The ledger is locked.", retry_after=7), 503, 14),
        (RateLimited("Slower.", retry_after=7), 429, 8),
    ],
)
def test_what_may_succeed_later_says_when(receiver, failure, status, code):
    receiver.intake.failure = failure
    answer = receiver.post()
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert status_of(answer) == (code, failure.message)
    assert receiver.observe.counted == []


@pytest.mark.parametrize("failure", [RuntimeError("secret path"), MemoryError(), ExporterError("?"), RecursionError()])
def test_the_unforeseen_is_503_and_never_500_and_tells_nothing_of_itself(receiver, failure, caplog):
    receiver.intake.failure = failure
    answer = receiver.post()
    assert (answer.status_code, status_of(answer)[0]) == (503, 14)
    assert int(answer.headers["Retry-After"]) >= 1
    assert b"secret" not in answer.data
    assert bool(caplog.records) == (not isinstance(failure, ExporterError))


def test_a_full_worker_refuses_for_now_and_recovers():
    limits = IntakeLimits()
    receiver = Receiver(limits=limits, budget=InflightBudget(len(ONE_SPAN) - 1))
    answer = receiver.post()
    assert (answer.status_code, receiver.observe.counted) == (503, [])
    assert receiver.post(b"").status_code == 200


def test_no_more_requests_are_at_work_than_there_are_slots():
    receiver = Receiver(slots=1)
    entered, leave = threading.Event(), threading.Event()
    receiver.intake.meanwhile = lambda: (entered.set(), leave.wait(10))
    first = threading.Thread(target=receiver.post, args=(b"", "/v1/logs"))
    first.start()
    assert entered.wait(10)
    answer = receiver.client.application.test_client().post("/v1/traces", data=ONE_SPAN, content_type=PROTOBUF)
    leave.set()
    first.join()
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert receiver.post().status_code == 200


def test_bytes_are_held_until_the_body_is_booked_and_no_longer():
    budget = InflightBudget(10_000)
    receiver = Receiver(budget=budget)
    held = []
    receiver.intake.meanwhile = lambda: held.append(budget.held)
    receiver.post()
    assert (held, budget.held) == ([len(ONE_SPAN)], 0)


# ------------------------------------------------------------------------- answers for those in front
@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Unauthorized("Send a token."), 401, 16),
        (Forbidden("The token lacks the role ingest."), 403, 7),
        (NotFound("Nothing here."), 404, 5),
        (Conflict("Contradiction."), 409, 10),
    ],
)
@pytest.mark.parametrize("content_type", [PROTOBUF, JSON])
def test_errors_raised_in_front_of_the_receiver_become_statuses_too(failure, status, code, content_type):
    app = Flask("front")
    with app.test_request_context("/v1/traces", method="POST", content_type=content_type) as context:
        assert is_otlp_request(context.request)
        answer = otlp_error_response(context.request, failure)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    body = Status.FromString(answer.data) if content_type == PROTOBUF else json.loads(answer.data)
    assert (body.code if content_type == PROTOBUF else body["code"]) == code


def test_other_paths_are_none_of_the_receivers():
    with Flask("front").test_request_context("/api/v1/costs") as context:
        assert not is_otlp_request(context.request)
