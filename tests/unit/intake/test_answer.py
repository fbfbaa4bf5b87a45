import json

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from exporter.intake.answer import LOG, METRIC, SPAN, failure, success
from exporter.intake.limits import DEFAULT_LIMITS, IntakeLimits


@pytest.mark.parametrize("signal", [SPAN, LOG, METRIC])
def test_full_success_leaves_partial_success_unset(signal):
    assert success(signal, {}, DEFAULT_LIMITS, as_json=False) == b""
    assert success(signal, {"too_old": 0}, DEFAULT_LIMITS, as_json=True) == b"{}"


def test_partial_success_counts_the_rejected_and_names_the_reasons():
    body = success(SPAN, {"too_old": 3, "invalid_trace_id": 1}, DEFAULT_LIMITS, as_json=False)
    partial = ExportTraceServiceResponse.FromString(body).partial_success
    assert partial.rejected_spans == 4
    assert partial.error_message == "Rejected spans, never to be sent again: 1 invalid_trace_id, 3 too_old."


@pytest.mark.parametrize(
    ("signal", "kind", "field"),
    [
        (LOG, ExportLogsServiceResponse, "rejected_log_records"),
        (METRIC, ExportMetricsServiceResponse, "rejected_data_points"),
    ],
)
def test_each_signal_counts_in_its_own_field(signal, kind, field):
    answer = kind.FromString(success(signal, {"malformed": 2}, DEFAULT_LIMITS, as_json=False))
    assert getattr(answer.partial_success, field) == 2


def test_partial_success_in_json_writes_the_count_as_protobuf_maps_64_bits():
    body = json.loads(success(METRIC, {"malformed": 2}, DEFAULT_LIMITS, as_json=True))
    assert body["partialSuccess"]["rejectedDataPoints"] == "2"
    assert body["partialSuccess"]["errorMessage"].startswith("Rejected data points")


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, 3), (401, 16), (403, 7), (404, 5), (405, 12), (413, 3), (415, 3), (429, 8), (503, 14), (418, 2)],
)
def test_a_failure_is_a_status_in_either_encoding(status, code):
    as_protobuf = Status.FromString(failure(status, "No.", DEFAULT_LIMITS, as_json=False))
    assert (as_protobuf.code, as_protobuf.message) == (code, "No.")
    assert json.loads(failure(status, "No.", DEFAULT_LIMITS, as_json=True)) == {"code": code, "message": "No."}


def test_a_long_diagnostic_is_cut_so_that_the_answer_keeps_its_limit():
    limits = IntakeLimits(max_answer_bytes=1_000)
    for as_json in (True, False):
        assert 100 < len(failure(400, "é" * 5_000, limits, as_json=as_json)) < 1_000


def test_a_diagnostic_with_half_a_character_still_leaves_as_utf8():
    assert json.loads(failure(400, "a\ud83dz\0", DEFAULT_LIMITS, as_json=True))["message"] == "a\ufffdz\ufffd"
    assert Status.FromString(failure(400, "a\ud83d", DEFAULT_LIMITS, as_json=False)).message == "a\ufffd"
