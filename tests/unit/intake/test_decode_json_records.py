"""Log records and data points in JSON that may hold anything."""

import json

import pytest

from exporter.intake.decode import decode_logs, decode_metrics
from exporter.signals import Origin, Point

AB = frozenset({"a", "b"})
EVENTS = frozenset({"call.done"})
METRICS = frozenset({"tokens"})


def decode_records(*records):
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]})
    return decode_logs(body.encode(), json=True, wanted=AB, events=EVENTS)


DONE = {"eventName": "call.done"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"eventName": 5},
        {"body": "call.done", "eventName": ""},
        {"body": {"stringValue": 5}, "eventName": ""},
        {"attributes": "a=1"},
        {"attributes": ["a"], "eventName": ""},
        {"attributes": [{"key": "event.name", "value": {"stringValue": 5}}], "eventName": ""},
        {"attributes": [{"key": "event.name", "value": ["x"]}], "eventName": ""},
        {"attributes": [{"key": "a", "value": {"intValue": "five"}}]},
        {"attributes": [{"key": ["a"], "value": {}}]},
        {"timeUnixNano": "soon"},
        {"timeUnixNano": 1.5},
        {"observedTimeUnixNano": []},
    ],
)
def test_a_field_of_the_wrong_type_rejects_its_record_alone(wrong):
    decoded = decode_records(DONE | wrong, DONE)
    assert (len(decoded.records), decoded.ignored, decoded.rejected) == (1, 0, {"malformed_log_record": 1})


@pytest.mark.parametrize("number", [1_700_000_000_000_000_001, "1700000000000000001"], ids=repr)
def test_times_come_as_number_or_text_and_ids_as_hex_in_either_case(number):
    ids = {"traceId": "0102030405060708090A0b0C0d0E0f10", "spanId": "ABCDEF0123456789"}
    (found,) = decode_records(DONE | ids | {"timeUnixNano": number}).records
    assert found.start_ns == 1_700_000_000_000_000_001
    assert (found.trace_id, found.span_id) == (bytes(range(1, 17)), bytes.fromhex("abcdef0123456789"))


@pytest.mark.parametrize("sent", ["AQIDBAUGBwgJCgsMDQ4PEA==", 7, None, [], "zz" * 16])
def test_an_id_that_is_no_hex_is_no_id(sent):
    (found,) = decode_records(DONE | {"traceId": sent, "spanId": sent}).records
    assert (found.trace_id, found.span_id) == (b"", b"")


def test_unknown_fields_of_a_record_are_ignored_and_null_is_absence():
    nothing = dict.fromkeys(("body", "attributes", "timeUnixNano", "traceId", "spanId"))
    (found,) = decode_records(DONE | nothing | {"severityText": 5, "later": {"deep": [1]}}).records
    assert (found.attributes, found.start_ns) == ({}, 0)


def decode_points(*metrics):
    body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": list(metrics)}]}]})
    return decode_metrics(body.encode(), json=True, wanted=AB, metrics=METRICS)


def node(*points, name="tokens", kind="sum", **data):
    return {"name": name, kind: {"dataPoints": list(points), "aggregationTemporality": 1, **data}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"asInt": "many"},
        {"asInt": 1.5},
        {"asInt": True},
        {"asInt": 2**63},
        {"asInt": str(-(2**63) - 1)},
        {"asInt": None, "asDouble": "much"},
        {"asInt": None, "asDouble": True},
        {"flags": "x"},
        {"timeUnixNano": "soon"},
        {"startTimeUnixNano": []},
        {"attributes": "a=1"},
        {"attributes": ["a"]},
        {"attributes": [{"key": "a", "value": {"intValue": "five"}}]},
    ],
)
def test_a_field_of_the_wrong_type_rejects_its_point_alone(wrong):
    decoded = decode_points(node({"asInt": 1, **wrong}, {"asInt": 2}))
    assert ([found.value for found in decoded.points], decoded.rejected) == ([2], {"malformed_data_point": 1})


@pytest.mark.parametrize(
    "wrong",
    [
        node({"asInt": 1}, aggregationTemporality="AGGREGATION_TEMPORALITY_DELTA"),
        node({"asInt": 1}, aggregationTemporality=True),
        node({"asInt": 1}, isMonotonic="true"),
        node({"sum": 1}, kind="histogram", aggregationTemporality="1"),
        node({"asInt": 1}, name=5),
        node({"asInt": 1}) | {"unit": 5},
    ],
)
def test_a_field_of_the_wrong_type_in_a_metric_rejects_its_points_alone(wrong):
    decoded = decode_points(wrong, node({"asInt": 2}))
    assert ([found.value for found in decoded.points], decoded.rejected) == ([2], {"malformed_data_point": 1})


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ({"asInt": 5}, 5),
        ({"asInt": "9007199254740993"}, 9007199254740993),
        ({"asDouble": 5}, 5.0),
        ({"asDouble": "2.5"}, 2.5),
        ({"asInt": None, "asDouble": 2.5}, 2.5),
    ],
)
def test_numbers_come_as_number_or_text(sent, value):
    (found,) = decode_points(node(sent)).points
    assert (found.value, type(found.value)) == (value, type(value))


def test_unknown_fields_of_a_point_are_ignored_and_null_is_absence():
    nothing = dict.fromkeys(("attributes", "flags", "timeUnixNano", "startTimeUnixNano", "asDouble"))
    decoded = decode_points(
        node({"asInt": 1, **nothing, "exemplars": 5}, isMonotonic=None, aggregationTemporality=None) | {"later": [1]},
        {"name": "tokens", "sum": None},
        {"name": "tokens", "later": {"dataPoints": [{}]}},
    )
    assert decoded.points == [Point("tokens", "", None, False, 0, 0, 1, {}, Origin({}, "", ""))]
