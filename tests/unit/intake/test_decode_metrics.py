"""Data points in both encodings."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from exporter.errors import InvalidRequest, TooLarge
from exporter.intake.decode import decode_metrics
from exporter.intake.decoded import DecodedMetrics
from exporter.intake.limits import IntakeLimits
from exporter.signals import Origin, Point
from support.otlp import as_json, metrics_request, pairs

METRICS = frozenset({"tokens", "cost"})
AB = frozenset({"a", "b"})
MAX = 2**63 - 1
UNSPECIFIED, DELTA, CUMULATIVE = 0, 1, 2
HISTOGRAMS = ("histogram", "exponential_histogram")


def run(body, *, is_json, **options):
    return decode_metrics(
        as_json(body, ExportMetricsServiceRequest) if is_json else body,
        json=is_json,
        **{"wanted": AB, "metrics": METRICS, **options},
    )


@pytest.fixture(params=["protobuf", "json"])
def decode(request):
    return lambda body, **options: run(body, is_json=request.param == "json", **options)


def point(attributes=None, **fields):
    return {
        "attributes": pairs(attributes or {}),
        "start_time_unix_nano": 1_000,
        "time_unix_nano": 2_000,
        **fields,
    }


def metric(kind, *points, name="tokens", unit="{token}", **fields):
    return Metric(name=name, unit=unit, **{kind: {"data_points": points, **fields}})


def total(*points, **fields):
    return metric("sum", *points, **{"aggregation_temporality": DELTA, "is_monotonic": True, **fields})


def only(decoded):
    assert (decoded.ignored, decoded.rejected) == (0, {})
    (found,) = decoded.points
    return found


def test_a_point_of_a_sum_leaves_with_what_its_metric_says(decode):
    body = metrics_request(total(point({"a": "x", "c": "secret"}, as_int=7)), resource={"b": "service", "host": "h"})
    found = only(decode(body))
    assert found == Point(
        metric="tokens",
        unit="{token}",
        is_delta=True,
        is_monotonic=True,
        start_ns=1_000,
        end_ns=2_000,
        value=7,
        attributes={"a": "x"},
        origin=Origin({"b": "service"}, "lib", "1"),
        series=found.series,
    )


def test_points_are_of_one_series_whose_attributes_differ_in_types_only(decode):
    said = [
        {"a": "x", "c": "secret"},
        {"c": "secret", "a": "x"},
        {"a": "x", "c": "secret", "type": "input"},
        {"a": "x", "c": "secret", "type": "output"},
        {"a": "x", "c": "another"},
        {"a": "y", "c": "secret"},
        {"a": "x"},
    ]
    found = decode(
        metrics_request(total(*(point(attributes, as_int=1) for attributes in said))), types=frozenset({"type"})
    )
    series = [point.series for point in found.points]
    assert len(set(series[:4])) == 1
    assert len(set(series)) == 4


def test_both_encodings_name_a_series_alike():
    body = metrics_request(total(point({"a": 1, "c": "x", "d": True, "e": 0.5}, as_int=1)))
    assert len({run(body, is_json=is_json).points[0].series for is_json in (True, False)}) == 1


@pytest.mark.parametrize("value", [0, 7, -5, MAX, -(2**63)])
def test_a_whole_number_stays_whole(decode, value):
    found = only(decode(metrics_request(total(point(as_int=value))))).value
    assert (found, type(found)) == (value, int)


@pytest.mark.parametrize("value", [0.0, 1013.0, -1.5, 1e300])
def test_a_double_stays_a_double(decode, value):
    found = only(decode(metrics_request(total(point(as_double=value))))).value
    assert (found, type(found)) == (value, float)


@pytest.mark.parametrize("kind", HISTOGRAMS)
@pytest.mark.parametrize("value", [0.0, 8775.0, 0.00102645])
def test_the_value_of_a_histogram_is_its_sum(decode, kind, value):
    body = metrics_request(metric(kind, point({"a": 1}, sum=value, count=2, min=1.0), aggregation_temporality=DELTA))
    found = only(decode(body))
    assert (found.value, found.is_delta, found.is_monotonic, found.attributes) == (value, True, True, {"a": 1})


@pytest.mark.parametrize(("sent", "is_delta"), [(UNSPECIFIED, None), (DELTA, True), (CUMULATIVE, False), (7, None)])
@pytest.mark.parametrize("kind", ["sum", *HISTOGRAMS])
def test_the_temporality_is_delta_cumulative_or_unknown(decode, kind, sent, is_delta):
    value = {"as_int": 1} if kind == "sum" else {"sum": 1.0}
    found = only(decode(metrics_request(metric(kind, point(**value), aggregation_temporality=sent))))
    assert found.is_delta is is_delta


def test_a_sum_that_may_fall_says_so(decode):
    assert only(decode(metrics_request(total(point(as_int=1), is_monotonic=False)))).is_monotonic is False


@pytest.mark.parametrize("kind", ["gauge", "summary"])
def test_gauges_and_summaries_are_ignored(decode, kind):
    value = {"as_int": 5} if kind == "gauge" else {"sum": 5.0, "count": 1}
    assert decode(metrics_request(metric(kind, point(**value), point(**value)))) == DecodedMetrics([], 2, {})


def test_points_of_other_metrics_are_ignored(decode):
    body = metrics_request(
        total(point(as_int=1), point(as_int=2), name="sessions"), total(point(as_int=3)), Metric(name="tokens")
    )
    decoded = decode(body)
    assert ([found.value for found in decoded.points], decoded.ignored) == ([3], 2)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("sum", {"as_int": 5, "flags": 1}),
        ("sum", {"as_double": 5.0, "flags": 3}),
        ("sum", {"as_double": nan}),
        ("sum", {"as_double": inf}),
        ("sum", {"as_double": -inf}),
        ("sum", {}),
        ("histogram", {"sum": 5.0, "flags": 1}),
        ("histogram", {"sum": nan}),
        ("histogram", {"count": 3}),
        ("exponential_histogram", {"sum": inf}),
        ("exponential_histogram", {"count": 3}),
    ],
)
def test_points_without_a_finite_value_are_ignored(decode, kind, fields):
    decoded = decode(metrics_request(metric(kind, point(**fields)), total(point(as_int=1, flags=2))))
    assert (len(decoded.points), decoded.ignored, decoded.rejected) == (1, 1, {})


def test_times_beyond_64_signed_bits_are_held_at_the_largest(decode):
    body = metrics_request(total(point(as_int=1, start_time_unix_nano=2**64 - 1, time_unix_nano=2**63)))
    found = only(decode(body))
    assert (found.start_ns, found.end_ns) == (MAX, MAX)


def test_what_cannot_be_stored_is_replaced(decode):
    found = only(decode(metrics_request(total(point({"a": "\0"}, as_int=1), unit="\0" + "u" * 9_000))))
    assert (found.attributes, found.unit) == ({"a": "\ufffd"}, "\ufffd" + "u" * 4_095)


def test_points_of_one_scope_share_their_origin(decode):
    body = metrics_request(total(point(as_int=1)), total(point(as_double=1.0), name="cost"), resource={"a": 1})
    first, second = decode(body).points
    assert first.origin is second.origin


def test_a_point_with_too_many_attributes_is_rejected_alone(decode):
    crowd = {str(n): n for n in range(5)}
    body = metrics_request(total(point(crowd, as_int=1), point(as_int=2)), metric("histogram", point(crowd, sum=1.0)))
    decoded = decode(body, limits=IntakeLimits(max_attributes=4))
    assert ([found.value for found in decoded.points], decoded.rejected) == ([2], {"too_many_attributes": 2})


def test_a_resource_with_too_many_attributes_rejects_its_points(decode):
    body = metrics_request(
        total(point(as_int=1)), metric("gauge", point(as_int=1)), resource={str(n): n for n in range(5)}
    )
    assert decode(body, limits=IntakeLimits(max_attributes=4)) == DecodedMetrics([], 0, {"too_many_attributes": 2})


def test_more_points_than_a_request_may_hold_are_refused_as_a_whole(decode):
    limits, one = IntakeLimits(max_records=2), point(as_int=1)
    assert len(decode(metrics_request(total(one), total(one)), limits=limits).points) == 2
    for body in (metrics_request(total(one, one, one)), metrics_request(total(one), total(one, one, name="other"))):
        with pytest.raises(TooLarge, match="more than 2 records"):
            decode(body, limits=limits)


def test_attributes_of_a_whole_request_are_bounded():
    crowd = [point({str(n): n for n in range(300)}, as_int=1) for _ in range(10)]
    with pytest.raises(TooLarge, match="too many attributes"):
        run(metrics_request(total(*crowd)), is_json=False, limits=IntakeLimits(max_request_attributes=2_000))


def test_an_empty_request_holds_nothing():
    for body, is_json in ((b"", False), (b"{}", True)):
        assert decode_metrics(body, json=is_json, wanted=AB, metrics=METRICS) == DecodedMetrics([], 0, {})


@pytest.mark.parametrize(
    ("body", "is_json"),
    [
        (b"\xff\xff", False),
        (metrics_request(total(point(as_int=1)))[:-1], False),
        (b"{", True),
        (b"[]", True),
        (b'{"resourceMetrics": 3}', True),
        (b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [7]}]}]}', True),
        (b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": 7}]}]}]}', True),
        (b'{"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"gauge": {"dataPoints": [7]}}]}]}]}', True),
    ],
)
def test_what_is_no_request_is_refused_as_a_whole(body, is_json):
    with pytest.raises(InvalidRequest):
        decode_metrics(body, json=is_json, wanted=AB, metrics=METRICS)


VALUES = {
    "gauge": {"as_int": st.integers(-(2**63), MAX)},
    "sum": {"as_double": st.floats()},
    "histogram": {"sum": st.floats(), "count": st.integers(0, 2**64 - 1)},
    "exponential_histogram": {"sum": st.floats(), "scale": st.integers(-5, 5)},
    "summary": {"sum": st.floats()},
}
COMMON = {
    "attributes": st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", 5, 1.5, None, ["y"]])).map(pairs),
    "start_time_unix_nano": st.integers(0, 2**64 - 1),
    "time_unix_nano": st.integers(0, 2**64 - 1),
    "flags": st.integers(0, 3),
}


def metrics_of(kind):
    temporality = {} if kind in {"gauge", "summary"} else {"aggregation_temporality": st.integers(0, 3)}
    monotonic = {"is_monotonic": st.booleans()} if kind == "sum" else {}
    data = {
        "data_points": st.lists(st.fixed_dictionaries(COMMON, optional=VALUES[kind]), max_size=3),
        **temporality,
        **monotonic,
    }
    return st.builds(
        lambda name, unit, content: Metric(name=name, unit=unit, **{kind: content}),
        st.sampled_from(["tokens", "cost", "other", ""]),
        st.sampled_from(["", "{token}", "USD"]),
        st.fixed_dictionaries(data),
    )


@given(st.lists(st.sampled_from(sorted(VALUES)).flatmap(metrics_of), max_size=4))
def test_both_encodings_of_a_request_decode_to_the_same(metrics):
    body = metrics_request(*metrics, resource={"a": "r"})
    decoded = run(body, is_json=False)
    assert decoded == run(body, is_json=True)
    sent = sum(len(getattr(one, kind).data_points) for one in metrics for kind in VALUES)
    assert len(decoded.points) + decoded.ignored == sent
