import json

import pytest

from exporter.errors import InvalidRequest, TooLarge
from exporter.intake.decode import decode_traces
from exporter.intake.limits import IntakeLimits
from support.otlp import as_json, request, span

IDS = {"traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708"}


def body_of(*spans, **group):
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}], **group}]}).encode()


def decode(body, **options):
    return decode_traces(body, json=True, wanted=frozenset({"a", "b"}), **options)


def attribute(content, key="a"):
    return {**IDS, "attributes": [{"key": key, "value": content}]}


def only(body):
    decoded = decode(body)
    assert decoded.rejected == {}
    (found,) = decoded.spans
    return found


def test_ids_are_hex_in_either_case():
    found = only(body_of({**IDS, "traceId": "0102030405060708090A0b0C0d0E0f10", "parentSpanId": "ABCDEF0123456789"}))
    assert found.trace_id == bytes(range(1, 17))
    assert found.parent_id == bytes.fromhex("abcdef0123456789")


@pytest.mark.parametrize(
    "trace_id", ["AQIDBAUGBwgJCgsMDQ4PEA==", "0102", "", None, 7, "zz" * 16, "01 02 03 04 05 06 07 08 09 0a 0b", []]
)
def test_an_id_that_is_not_hex_of_the_right_length_is_rejected(trace_id):
    assert decode(body_of({**IDS, "traceId": trace_id})).rejected == {"invalid_trace_id": 1}


@pytest.mark.parametrize("number", [1_700_000_000_000_000_001, "1700000000000000001"], ids=repr)
def test_integers_of_64_bits_come_as_number_or_text(number):
    found = only(body_of({**attribute({"intValue": number}), "startTimeUnixNano": number}))
    assert (found.start_ns, found.attributes["a"]) == (1_700_000_000_000_000_001,) * 2


@pytest.mark.parametrize("number", [2**63, str(2**70), str(-(2**63) - 1), 1e30])
def test_an_attribute_beyond_64_bits_counts_as_absent(number):
    assert only(body_of(attribute({"intValue": number}))).attributes == {}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_double_that_is_not_finite_counts_as_absent(number):
    assert only(body_of(attribute({"doubleValue": number}))).attributes == {}


@pytest.mark.parametrize("number", [2.5, "2.5"], ids=repr)
def test_a_double_comes_as_number_or_text(number):
    assert only(body_of(attribute({"doubleValue": number}))).attributes == {"a": 2.5}


def test_negative_times_are_absent_times():
    assert only(body_of({**IDS, "startTimeUnixNano": -5})).start_ns == 0


def test_unknown_fields_are_ignored_and_null_is_absence():
    found = only(
        body_of(
            {**IDS, "attributes": None, "status": None, "name": None, "new": {"deep": [1]}},
            resource=None,
            later="x",
        )
    )
    assert (found.attributes, found.status, found.name, found.origin.resource) == ({}, 0, "", {})


def test_keys_in_snake_case_are_unknown_fields():
    assert decode(body_of({"trace_id": IDS["traceId"], "span_id": IDS["spanId"]})).rejected == {"invalid_trace_id": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": 5},
        {"startTimeUnixNano": "soon"},
        {"startTimeUnixNano": 1.5},
        {"startTimeUnixNano": True},
        {"startTimeUnixNano": "9" * 5_000},
        {"endTimeUnixNano": []},
        {"status": {"code": "STATUS_CODE_ERROR"}},
        {"status": {"code": 9}},
        {"status": 2},
        {"attributes": "a=1"},
        {"attributes": ["a"]},
        {"attributes": [{"key": ["a"], "value": {}}]},
        {"attributes": [{"key": "a", "value": "text"}]},
        {"attributes": [{"key": "a", "value": {"stringValue": 5}}]},
        {"attributes": [{"key": "a", "value": {"intValue": "five"}}]},
        {"attributes": [{"key": "a", "value": {"intValue": 1.5}}]},
        {"attributes": [{"key": "a", "value": {"doubleValue": "much"}}]},
        {"attributes": [{"key": "a", "value": {"doubleValue": {}}}]},
        {"attributes": [{"key": "a", "value": {"arrayValue": []}}]},
        {"attributes": [{"key": "a", "value": {"arrayValue": {"values": 3}}}]},
        {"attributes": [{"key": "a", "value": {"kvlistValue": {"values": ["x"]}}}]},
    ],
)
def test_a_field_of_the_wrong_type_rejects_its_span_alone(wrong):
    decoded = decode(body_of({**IDS, **wrong}, IDS))
    assert (len(decoded.spans), decoded.rejected) == (1, {"malformed_span": 1})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{",
        b'{"resourceSpans": 3}',
        b'{"resourceSpans": [3]}',
        b'{"resourceSpans": [{"scopeSpans": {}}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [null]}]}]}',
        b'{"resourceSpans": [{"resource": []}]}',
        b'{"resourceSpans": [{"resource": {"attributes": [7]}}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"scope": {"name": 1}}]}]}',
        b"\xff\xfe",
        '{"resourceSpans":[]}'.encode("utf-16"),
        b'{"a":' * 5_000,
        b'{"a": "\\u12"}',
        b'{"a\\u0020":' + b"[" * 200_000,
    ],
)
def test_what_is_not_otlp_json_above_the_spans_is_refused_as_a_whole(body):
    with pytest.raises(InvalidRequest, match="not OTLP/JSON"):
        decode(body)


def test_half_an_emoji_left_by_javascript_is_replaced_and_loses_nothing_else():
    body = as_json(request(span({"a": "cut HERE", "b": 5}))).replace(b"HERE", rb"\ud83d")
    assert only(body).attributes == {"a": "cut \ufffd", "b": 5}


def test_a_whole_emoji_written_as_two_halves_stays_one():
    body = as_json(request(span({"a": "HERE"}))).replace(b"HERE", rb"\ud83e\udd16")
    assert only(body).attributes == {"a": "🤖"}


def test_text_that_is_not_utf8_is_replaced_and_loses_nothing_else():
    body = as_json(request(span({"a": "cut HERE", "b": 5}))).replace(b"HERE", b"\xc3")
    assert only(body).attributes == {"a": "cut \ufffd", "b": 5}


@pytest.mark.parametrize("token", [b"NaN", b"Infinity", b"-Infinity"])
def test_the_bare_words_that_python_writes_for_no_number_count_as_absent(token):
    body = body_of(attribute({"doubleValue": 77}), attribute({"intValue": 5})).replace(b"77", token)
    assert [found.attributes for found in decode(body).spans] == [{}, {"a": 5}]


def test_numbers_far_beyond_any_type_are_refused_or_absent():
    huge = b"9" * 400
    body = body_of(attribute({"doubleValue": 77})).replace(b"77", huge)
    assert only(body).attributes == {}
    with pytest.raises(InvalidRequest):
        decode(body.replace(huge, huge * 20))


def test_a_body_of_too_many_small_values_is_refused_before_it_is_parsed():
    limits = IntakeLimits(max_json_nodes=1_000)
    with pytest.raises(TooLarge, match="1000 values"):
        decode(b'{"a": [' + b"[]," * 500 + b"[]]}", limits=limits)
    assert decode(b'{"a": "' + b"x" * 5_000 + b'"}', limits=limits).spans == []
