"""Log records in both encodings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from exporter.errors import InvalidRequest, TooLarge
from exporter.intake.decode import decode_logs
from exporter.intake.decoded import DecodedLogs
from exporter.intake.limits import IntakeLimits
from exporter.signals import Lift, Origin, Span
from support.otlp import SPAN_ID, TRACE_ID, as_json, log, logs_request

EVENTS = frozenset({"api_request", "call.done"})
AB = frozenset({"a", "b"})
MAX = 2**63 - 1
SECRET = "the prompt"


def run(body, *, is_json, wanted=AB, events=EVENTS, **options):
    return decode_logs(
        as_json(body, ExportLogsServiceRequest) if is_json else body,
        json=is_json,
        wanted=wanted,
        events=events,
        **options,
    )


@pytest.fixture(params=["protobuf", "json"])
def decode(request):
    return lambda body, **options: run(body, is_json=request.param == "json", **options)


def only(decoded):
    assert (decoded.ignored, decoded.rejected) == (0, {})
    (found,) = decoded.records
    return found


def test_a_record_leaves_in_the_shape_of_a_span(decode):
    body = logs_request(log({"a": "x", "c": SECRET}, event_name="call.done"), resource={"b": "service", "host": "h"})
    assert only(decode(body)) == Span(
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        parent_id=b"",
        name="call.done",
        start_ns=1_000,
        end_ns=1_000,
        status=0,
        attributes={"a": "x"},
        origin=Origin({"b": "service"}, "lib", "1"),
    )


NAMED = {
    "in the field": log(event_name="call.done"),
    "in the attribute": log({"event.name": "call.done"}),
    "in the body": log(body="call.done"),
    "a line of source in the field": log({"event.name": "call.done"}, event_name="event src/telemetry.rs:1089"),
    "a short name in the attribute": log({"event.name": "done"}, body="call.done"),
    "a number in the attribute": log({"event.name": 7}, event_name="line 5", body="call.done"),
    "content in the body": log({"event.name": "call.done"}, body=SECRET),
    "the field before the others": log({"event.name": "api_request"}, event_name="call.done", body="api_request"),
    "the attribute before the body": log({"event.name": "call.done"}, body="api_request"),
    "the attribute beside others": log({"x": "y", "event.name": "call.done"}, body=["call", "done"]),
}


@pytest.mark.parametrize("record", NAMED.values(), ids=NAMED)
def test_the_name_is_the_first_wanted_event_of_field_attribute_and_body(decode, record):
    found = only(decode(logs_request(record)))
    assert (found.name, found.attributes) == ("call.done", {})


OTHERS = {
    "without a name": log({"a": 1}),
    "another name in the field": log({"a": 1}, event_name="call.started", body=SECRET),
    "another name in the attribute": log({"event.name": "call"}),
    "a list in the attribute": log({"event.name": ["call.done"]}),
    "nothing in the attribute": log({"event.name": None}),
    "a map in the body": log(body={"event.name": "call.done"}),
    "a list in the body": log(body=["call.done"]),
    "bytes in the body": log(body=b"call.done"),
}


@pytest.mark.parametrize("record", OTHERS.values(), ids=OTHERS)
def test_records_of_other_events_are_ignored(decode, record):
    body = logs_request(record, log(event_name="call.done"), record)
    decoded = decode(body)
    assert (len(decoded.records), decoded.ignored, decoded.rejected) == (1, 2, {})


def test_the_name_of_the_event_leaves_as_an_attribute_where_that_is_wanted(decode):
    body = logs_request(log({"event.name": "call.done", "a": 1}))
    assert only(decode(body, wanted=AB | {"event.name"})).attributes == {"event.name": "call.done", "a": 1}


def test_the_text_of_a_body_does_not_leave(decode):
    body = logs_request(log({"a": 1}, body=SECRET, event_name="call.done"), log(body=SECRET, event_name="other"))
    assert SECRET not in str(decode(body))


@pytest.mark.parametrize(
    ("times", "seen"),
    [
        ({"time_unix_nano": 5, "observed_time_unix_nano": 9}, 5),
        ({"time_unix_nano": 0, "observed_time_unix_nano": 9}, 9),
        ({"time_unix_nano": 0}, 0),
        ({"time_unix_nano": 2**64 - 1}, MAX),
    ],
)
def test_the_time_is_that_of_the_event_else_that_of_its_observation(decode, times, seen):
    found = only(decode(logs_request(log(event_name="call.done", **times))))
    assert (found.start_ns, found.end_ns) == (seen, seen)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ((TRACE_ID, SPAN_ID), (TRACE_ID, SPAN_ID)),
        ((TRACE_ID, b""), (TRACE_ID, b"")),
        ((TRACE_ID, bytes(8)), (TRACE_ID, b"")),
        ((TRACE_ID, b"short"), (TRACE_ID, b"")),
        ((b"", b""), (b"", b"")),
        ((bytes(16), SPAN_ID), (b"", b"")),
        ((b"short", SPAN_ID), (b"", b"")),
        ((bytes(17), SPAN_ID), (b"", b"")),
    ],
)
def test_a_record_keeps_the_valid_ids_of_its_context_and_is_taken_without_them(decode, sent, kept):
    found = only(decode(logs_request(log(event_name="call.done", trace_id=sent[0], span_id=sent[1]))))
    assert (found.trace_id, found.span_id) == kept


def test_what_is_lifted_out_of_content_leaves_in_its_place(decode):
    lift = Lift(frozenset({"text"}), lambda attributes: {"b": len(attributes["text"])})
    body = logs_request(log({"a": "x", "text": SECRET * 900}, event_name="call.done"))
    assert only(decode(body, lift=lift)).attributes == {"a": "x", "b": len(SECRET) * 900}


def test_a_record_with_too_many_attributes_is_rejected_alone(decode):
    crowd = log({str(n): n for n in range(5)}, event_name="call.done")
    body = logs_request(crowd, log(event_name="call.done"), log(event_name="other"), crowd)
    decoded = decode(body, limits=IntakeLimits(max_attributes=4))
    assert (len(decoded.records), decoded.ignored, decoded.rejected) == (1, 1, {"too_many_attributes": 2})


def test_a_resource_with_too_many_attributes_rejects_its_records(decode):
    body = logs_request(log(event_name="call.done"), log(), resource={str(n): n for n in range(5)})
    assert decode(body, limits=IntakeLimits(max_attributes=4)) == DecodedLogs([], 0, {"too_many_attributes": 2})


def test_more_records_than_a_request_may_hold_are_refused_as_a_whole(decode):
    limits = IntakeLimits(max_records=2)
    assert decode(logs_request(log(), log(event_name="call.done")), limits=limits).ignored == 1
    with pytest.raises(TooLarge, match="more than 2 records"):
        decode(logs_request(log(), log(event_name="call.done"), log()), limits=limits)


def test_an_empty_request_holds_nothing():
    for body, is_json in ((b"", False), (b"{}", True)):
        assert decode_logs(body, json=is_json, wanted=AB, events=EVENTS) == DecodedLogs([], 0, {})


@pytest.mark.parametrize(
    ("body", "is_json"),
    [
        (b"\xff\xff", False),
        (logs_request(log(body="x"))[:-1], False),
        (b"{", True),
        (b"[]", True),
        (b'{"resourceLogs": 3}', True),
        (b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [7]}]}]}', True),
        (b'{"resourceLogs": [{"scopeLogs": [{"scope": []}]}]}', True),
    ],
)
def test_what_is_no_request_is_refused_as_a_whole(body, is_json):
    with pytest.raises(InvalidRequest):
        decode_logs(body, json=is_json, wanted=AB, events=EVENTS)


RECORDS = st.lists(
    st.builds(
        lambda attributes, body, **fields: log(attributes, body=body, **fields),
        st.dictionaries(
            st.sampled_from(["a", "c", "event.name"]),
            st.sampled_from(["call.done", "other", "x\0", 5, 1.5, True, None, ["call.done"], {"a": "b"}]),
            max_size=3,
        ),
        st.sampled_from([None, "call.done", "api_request", SECRET, 5, ["call.done"], {"a": "call.done"}]),
        event_name=st.sampled_from(["", "call.done", "line 5"]),
        trace_id=st.just(TRACE_ID) | st.binary(max_size=20),
        span_id=st.just(SPAN_ID) | st.binary(max_size=10),
        time_unix_nano=st.integers(0, 2**64 - 1),
        observed_time_unix_nano=st.integers(0, 2**64 - 1),
    ),
    max_size=4,
)


@given(RECORDS)
def test_both_encodings_of_a_request_decode_to_the_same(records):
    body = logs_request(*records, resource={"a": "r"})
    decoded = run(body, is_json=False)
    assert decoded == run(body, is_json=True)
    assert len(decoded.records) + decoded.ignored == len(records)
