"""Large log and metric requests are read piece by piece, with the same result and little memory."""

import tracemalloc

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from exporter.errors import InvalidRequest, TooLarge
from exporter.intake.decode import decode_logs, decode_metrics
from exporter.intake.limits import IntakeLimits
from exporter.intake.values import Allowance
from exporter.intake.wire import LOGS, METRICS, pieces
from support.otlp import log, logs_request, metrics_request, pairs

AB = frozenset({"a", "b"})
NAMES = frozenset({"call.done", "tokens"})
SMALL = IntakeLimits(whole_bytes=2_000, piece_bytes=2_000)


def records_of(body, **options):
    return decode_logs(body, json=False, wanted=AB, events=NAMES, **options)


def points_of(body, **options):
    return decode_metrics(body, json=False, wanted=AB, metrics=NAMES, **options)


def histogram(kind, *points):
    return Metric(name="tokens", unit="{token}", **{kind: {"data_points": points, "aggregation_temporality": 2}})


MANY_RECORDS = logs_request(
    *(log({"a": n, "c": "x" * n}, event_name="call.done", body="y" * n) for n in range(1, 200)),
    *(log({"a": n}, event_name="other") for n in range(50)),
    resource={"b": "shared"},
)
MANY_POINTS = metrics_request(
    *(
        Metric(
            name=name,
            unit="USD",
            sum={
                "data_points": [{"attributes": pairs({"a": n, "c": "x" * n}), "as_double": n} for n in range(1, 120)],
                "aggregation_temporality": 1,
                "is_monotonic": True,
            },
        )
        for name in ("tokens", "other")
    ),
    *(
        histogram(kind, *({"attributes": pairs({"a": n}), "sum": n, "count": 1, "flags": n % 2} for n in range(90)))
        for kind in ("histogram", "exponential_histogram")
    ),
    Metric(name="tokens", gauge={"data_points": [{"as_int": n} for n in range(300)]}),
    Metric(name="tokens", summary={"data_points": [{"sum": n} for n in range(300)]}),
    resource={"b": "shared"},
)


@pytest.mark.parametrize("size", [500, 3_000, len(MANY_RECORDS) - 1])
def test_a_large_request_of_records_decodes_in_pieces_to_the_same(size):
    decoded = records_of(MANY_RECORDS)
    assert (len(decoded.records), decoded.ignored) == (199, 50)
    assert records_of(MANY_RECORDS, limits=IntakeLimits(whole_bytes=size, piece_bytes=size)) == decoded


@pytest.mark.parametrize("size", [500, 3_000, len(MANY_POINTS) - 1])
def test_a_large_request_of_points_decodes_in_pieces_to_the_same(size):
    decoded = points_of(MANY_POINTS)
    assert (len(decoded.points), decoded.ignored) == (119 + 45 + 45, 119 + 90 + 600)
    assert points_of(MANY_POINTS, limits=IntakeLimits(whole_bytes=size, piece_bytes=size)) == decoded


LARGE_RECORDS = {
    "named by an attribute": log({"a": 1, "event.name": "call.done", "c": "y" * 9_000}),
    "named by the field": log({"a": 1, "c": "y" * 9_000}, event_name="call.done", body="z" * 9_000),
    "named by the body": log({"a": 1, "c": "y" * 9_000}, body="call.done"),
}


@pytest.mark.parametrize("large", LARGE_RECORDS.values(), ids=LARGE_RECORDS)
def test_a_large_record_keeps_its_event_and_what_is_read_of_it(large):
    allowance = Allowance(wanted=AB | {"event.name"}, limits=SMALL)
    (cut,) = pieces(logs_request(large), LOGS, allowance, pytest.fail)
    assert len(cut) < 200
    assert records_of(logs_request(large), limits=SMALL) == records_of(logs_request(large))
    (found,) = records_of(logs_request(large), limits=SMALL).records
    assert (found.name, found.start_ns, found.attributes) == ("call.done", 1_000, {"a": 1})


LARGE_POINTS = {
    "sum": {"as_int": 5, "exemplars": [{"as_int": 1}] * 3_000},
    "histogram": {"sum": 5.0, "bucket_counts": range(3_000), "explicit_bounds": range(2_999)},
    "exponential_histogram": {"sum": 5.0, "positive": {"bucket_counts": range(3_000)}},
}


@pytest.mark.parametrize("kind", LARGE_POINTS)
def test_a_large_point_keeps_its_value_and_sheds_its_buckets(kind):
    times = {"start_time_unix_nano": 3, "time_unix_nano": 4}
    body = metrics_request(histogram(kind, {"attributes": pairs({"a": 1, "c": "x"}), **times, **LARGE_POINTS[kind]}))
    (cut,) = pieces(body, METRICS, Allowance(wanted=AB, limits=SMALL), pytest.fail)
    assert len(cut) < 200
    (found,) = points_of(body, limits=SMALL).points
    assert (found.value, found.start_ns, found.end_ns, found.attributes) == (5, 3, 4, {"a": 1})


def test_a_large_point_that_ended_stays_ignored():
    body = metrics_request(histogram("histogram", {"sum": 5.0, "flags": 1, "bucket_counts": range(3_000)}))
    assert points_of(body, limits=SMALL).ignored == 1


def test_large_records_and_points_with_too_many_attributes_are_rejected():
    crowd, limits = (
        {str(n): n for n in range(500)},
        IntakeLimits(whole_bytes=1_000, piece_bytes=1_000, max_attributes=400),
    )
    records = records_of(logs_request(log(crowd), log(event_name="call.done")), limits=limits)
    assert (len(records.records), records.rejected) == (1, {"too_many_attributes": 1})
    body = metrics_request(histogram("histogram", {"attributes": pairs(crowd), "sum": 1.0}, {"sum": 2.0}))
    points = points_of(body, limits=limits)
    assert ([found.value for found in points.points], points.rejected) == ([2.0], {"too_many_attributes": 1})


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_large_request_that_ends_early_is_refused(cut):
    limits = IntakeLimits(whole_bytes=1_000, piece_bytes=1_000)
    with pytest.raises(InvalidRequest):
        records_of(MANY_RECORDS[:-cut], limits=limits)
    with pytest.raises(InvalidRequest):
        points_of(MANY_POINTS[:-cut], limits=limits)


def _wrap(tag, content):
    size, length = len(content), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([tag]) + length + bytes([size]) + content


BOMBS = {
    "resources": (b"\x0a\x00", []),
    "scopes": (b"\x12\x00", [0x0A]),
    "records or metrics": (b"\x12\x00", [0x12, 0x0A]),
    "points": (b"\x0a\x00", [0x3A, 0x12, 0x12, 0x0A]),
}


@pytest.mark.parametrize(
    ("read", "name"),
    [*((points_of, name) for name in BOMBS), *((records_of, name) for name in BOMBS if name != "points")],
)
def test_a_bomb_of_empty_messages_is_refused_without_memory(read, name):
    message, tags = BOMBS[name]
    body = message * 1_000_000
    for tag in tags:
        body = _wrap(tag, body)
    limits = IntakeLimits(max_records=20_000, whole_bytes=50_000, piece_bytes=50_000)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            read(body, limits=limits)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000
