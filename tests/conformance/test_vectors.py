"""The 82 vectors of the dialects' specification, section 5.5, sent to a worker and looked up in its ledger.

Each vector has a service of its own, so that one ledger holds them all; records that speak of one call share a trace.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest
from conformance.vectors import aggregates, counting, reports, signals
from conformance.vectors.shapes import Call, Sent, Told, Vector
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from exporter.usage import TOKEN_CLASSES, Tokens
from support.otlp import as_json, log, logs_request, metrics_request, pairs, request, span
from support.workers import SECOND, WholeWorker

PARTS = (counting.VECTORS, aggregates.VECTORS, reports.VECTORS, signals.VECTORS)
VECTORS = {number: vector for part in PARTS for number, vector in sorted(part.items())}
NOW = 1_795_262_400 * SECOND
BEGAN = 20 * SECOND
"""Before a vector's first request."""
SETTLED = 150
CHARGED_BY_SETTING = ["claude_code", "codex", "genai"]
DOUBTS = {"basis_guess", "hidden_reasoning", "clamped", "coerced", "input_missing", "zero_usage"}


def identity(text: str, size: int) -> bytes:
    return text.encode().rjust(size, b"\1")[-size:]


def at(began: int, seconds: float) -> int:
    return began + round(seconds * SECOND)


def span_of(told: Told, trace: str, began: int) -> Any:
    return span(
        told.attributes,
        trace_id=identity(told.trace + trace, 16),
        span_id=identity(told.name, 8),
        parent_span_id=identity(told.parent, 8) if told.parent else b"",
        name=told.name,
        kind=3 if told.is_client else 1,
        start_time_unix_nano=at(began, told.start),
        end_time_unix_nano=at(began, told.end),
        status={"code": 2} if told.is_error else {},
    )


def record_of(told: Told, trace: str, began: int) -> Any:
    """A log record in the context of the span that has the same name, or of none."""
    return log(
        told.attributes,
        body=told.name or None,
        trace_id=identity(trace, 16),
        span_id=identity(told.name, 8),
        time_unix_nano=at(began, told.end),
    )


def metric_of(told: Told, sent: Sent, began: int) -> Metric:
    times = {"start_time_unix_nano": at(began, told.start), "time_unix_nano": at(began, told.end)}
    temporality = AggregationTemporality.Value(
        "AGGREGATION_TEMPORALITY_DELTA" if sent.is_delta else "AGGREGATION_TEMPORALITY_CUMULATIVE"
    )
    point = {"attributes": pairs(told.attributes), **times}
    if sent.is_histogram:
        histogram = {"data_points": [{**point, "count": 1, "sum": told.value}], "aggregation_temporality": temporality}
        return Metric(name=told.name, histogram=histogram)
    points = [{**point, "as_double": told.value}]
    sums = {"data_points": points, "aggregation_temporality": temporality, "is_monotonic": True}
    return Metric(name=told.name, unit="tokens", sum=sums)


def body_of(sent: Sent, number: int, began: int) -> bytes:
    trace = f"v{number}"
    service = f"{trace}-{sent.service}" if sent.service else trace
    about = {"resource": {"service.name": service, **sent.resource}, "scope": sent.scope}
    match sent.signal:
        case "logs":
            return logs_request(*(record_of(told, trace, began) for told in sent.told), **about)
        case "metrics":
            return metrics_request(*(metric_of(told, sent, began) for told in sent.told), **about)
        case _:
            body = request(*(span_of(told, trace, began) for told in sent.told), **about)
            return as_json(body) if sent.is_json else body


def wait(worker: WholeWorker, seconds: int) -> None:
    worker.now_ns += seconds * SECOND
    worker.run_jobs()


def send(worker: WholeWorker, number: int, vector: Vector) -> int:
    """Send what a vector has, let it settle, and say how many tokens were taken back."""
    began = worker.now_ns - BEGAN
    before = worker.total("agent_tokens_adjustments_total")
    for sent in vector.sent:
        if sent.after:
            wait(worker, sent.after)
        encoding = "application/json" if sent.is_json else "application/x-protobuf"
        answer = worker.client.post(f"/v1/{sent.signal}", data=body_of(sent, number, began), content_type=encoding)
        assert answer.status_code == 200, answer.data
    wait(worker, SETTLED)
    wait(worker, SETTLED)
    return round(worker.total("agent_tokens_adjustments_total") - before)


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """Rows and reversed tokens by number of the vector."""
    folder = tmp_path_factory.mktemp("vectors")
    document = {"charge_metrics_of": CHARGED_BY_SETTING}
    worker = WholeWorker(f"sqlite:///{folder}/ledger.db", folder, document, NOW)
    try:
        taken = {number: send(worker, number, vector) for number, vector in VECTORS.items()}
        worker.assert_audited()
        yield rows_of(worker), taken
    finally:
        worker.close()


def rows_of(worker: WholeWorker) -> dict[int, list[dict[str, Any]]]:
    """The rows of the API with what only the ledger has beside them, by number of the vector."""
    dimensions = {one["id"]: one for one in worker.table("dimension")}
    hidden = {row["id"]: dimensions[row["dimension"]] for row in worker.table("usage")}
    rows = defaultdict(list)
    for row in worker.all_rows():
        known = {name: hidden[row["id"]][name] for name in ("gateway", "cost_source")}
        rows[int(row["service"].partition("-")[0].removeprefix("v"))].append(row | known)
    return rows


def tokens_of(row: dict[str, Any]) -> Tokens:
    return Tokens(*(row["tokens"][name] for name in TOKEN_CLASSES))


def differences(row: dict[str, Any], expected: Call) -> dict[str, tuple[Any, Any]]:
    """What the row says otherwise, by field: said and expected."""
    wanted = {
        "kind": expected.kind,
        "provider": expected.provider,
        "gateway": expected.gateway,
        "price_model": expected.model,
        "cost_reported_nano_usd": expected.cost,
        "cost_source": expected.cost_source,
        "units": expected.units,
        **expected.says,
    }
    found = {name: (row[name], value) for name, value in wanted.items() if value is not None and row[name] != value}
    doubts = frozenset(row["flags"] or ()) & DOUBTS
    return found | ({"flags": (doubts, expected.doubts)} if doubts != expected.doubts else {})


def test_every_vector_is_here():
    assert sorted(number for part in PARTS for number in part) == list(range(1, 83))


@pytest.mark.parametrize("number", VECTORS, ids=[f"{number} {vector.title}" for number, vector in VECTORS.items()])
def test_the_ledger_says_what_the_specification_does(ledger, number):
    rows, taken = ledger
    vector = VECTORS[number]
    charged = sorted((row for row in rows[number] if row["billing"] == "charged"), key=tokens_of)
    assert [tokens_of(row) for row in charged] == [call.tokens for call in vector.charged]
    assert [differences(row, call) for row, call in zip(charged, vector.charged, strict=True)] == [{}] * len(charged)
    others = Counter(f"{row['billing']} {row['billing_reason']}" for row in rows[number] if row["billing"] != "charged")
    assert others == Counter(vector.others)
    assert taken[number] == vector.reversed_tokens
