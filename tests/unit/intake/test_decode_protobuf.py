import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from exporter.errors import InvalidRequest, TooLarge
from exporter.intake.decode import decode_traces
from exporter.intake.decoded import DecodedTraces
from exporter.intake.limits import IntakeLimits
from exporter.intake.values import Allowance
from exporter.intake.wire import TRACES, pieces
from support.otlp import SPAN_ID, TRACE_ID, pairs, request, span

AB = frozenset({"a", "b"})


def decode(body, **options):
    return decode_traces(body, json=False, wanted=AB, **options)


def test_an_empty_body_is_an_empty_request():
    assert decode(b"") == DecodedTraces([], {})


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x7f", b"\x0b", request(span())[:-1], b'{"resourceSpans":[]}'])
def test_what_is_no_protobuf_request_is_refused(body):
    with pytest.raises(InvalidRequest, match="not a protobuf ExportTraceServiceRequest"):
        decode(body)


def test_nesting_beyond_what_protobuf_allows_is_refused():
    assert decode(_deep(10)).spans[0].attributes == {"a": ((((((((((),),),),),),),),),)}
    with pytest.raises(InvalidRequest):
        decode(_deep(200))


def _varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _wrap(tag, content):
    return bytes([tag]) + _varint(len(content)) + content


def _deep(levels):
    """A span whose attribute `a` is a list in a list in a list ..."""
    value = b""
    for _ in range(levels):
        value = _wrap(0x2A, _wrap(0x0A, value))
    attribute = _wrap(0x4A, _wrap(0x0A, b"a") + _wrap(0x12, value))
    ids = _wrap(0x0A, TRACE_ID) + _wrap(0x12, SPAN_ID)
    return _wrap(0x0A, _wrap(0x12, _wrap(0x12, ids + attribute)))


def test_texts_that_are_not_utf8_are_repaired_and_lose_nothing_else():
    body = request(span({"a": "cut é", "b": 5}, name="é"), resource={"a": ["é"]}).replace("é".encode(), b"\xc3!")
    (found,) = decode(body).spans
    assert (found.name, found.attributes) == ("\ufffd!", {"a": "cut \ufffd!", "b": 5})
    assert found.origin.resource == {"a": ("\ufffd!",)}


def test_surrogates_in_protobuf_are_repaired():
    body = request(span({"a": "xyz"})).replace(b"xyz", b"\xed\xa0\xbd")
    assert "\ufffd" in decode(body).spans[0].attributes["a"]


def test_a_request_with_broken_texts_everywhere_is_refused_after_a_bounded_effort():
    names = request(*(span({"a": 1}, name="é" + "x" * 100) for _ in range(900))).replace("é".encode(), b"\xc3!")
    assert len(decode(names).spans) == 900
    with pytest.raises(InvalidRequest):
        decode(names, limits=IntakeLimits(whole_bytes=1_000, piece_bytes=1_000))
    values = request(*(span({"a": f"é{n}"}) for n in range(900))).replace("é".encode(), b"\xc3!")
    assert len(decode(values, limits=IntakeLimits(max_repaired=900)).spans) == 900
    with pytest.raises(InvalidRequest):
        decode(values, limits=IntakeLimits(max_repaired=899))


def test_what_is_no_attribute_refuses_the_request():
    body = request(span({"a": "xyz"}))
    assert decode(body).spans[0].attributes == {"a": "xyz"}
    with pytest.raises(InvalidRequest):
        decode(body.replace(b"\x12\x05\x0a\x03xyz", b"\x12\x05\x0a\x7fxyz"))


# ------------------------------------------------------------------------------------------ in pieces
MANY = request(
    *(span({"a": n, "c": "x" * n}, span_id=n.to_bytes(8, "big")) for n in range(1, 200)),
    resource={"b": "shared"},
    scope="one scope",
)


@pytest.mark.parametrize("size", [400, 700, 5_000, len(MANY) - 1])
def test_a_large_request_decodes_in_pieces_to_the_same(size):
    assert decode(MANY, limits=IntakeLimits(whole_bytes=size, piece_bytes=size)) == decode(MANY)


@given(st.lists(st.binary(max_size=60), max_size=8), st.integers(1, 200))
def test_pieces_together_say_what_the_whole_says(names, size):
    message = ExportTraceServiceRequest()
    for number, name in enumerate(names):
        group = message.resource_spans.add()
        group.resource.attributes.extend(pairs({"a": number}))
        for _ in range(number % 3):
            group.scope_spans.add().spans.append(span({"b": "x" * len(name)}, name=name.hex()))
    body = message.SerializeToString()
    limits = IntakeLimits(whole_bytes=max(size, 100), piece_bytes=size)
    assert decode(body, limits=limits) == decode(body)


def test_a_large_span_keeps_what_is_read_of_it_and_sheds_the_rest():
    large = span({"a": "x" * 3_000, "content": "y" * 9_000, "b": list(range(3_000))}, status={"code": 2})
    for n in range(500):
        large.events.add(name=str(n))
        large.links.add(trace_id=TRACE_ID)
    limits = IntakeLimits(whole_bytes=2_000, piece_bytes=2_000)
    (cut,) = pieces(request(large), TRACES, Allowance(wanted=AB, limits=limits), pytest.fail)
    assert len(cut) < 3_500
    (found,) = decode(request(large), limits=limits).spans
    assert (found.status, found.attributes) == (2, {"a": "x" * 3_000})


def test_a_large_span_with_too_many_attributes_is_rejected():
    body = request(span({str(n): n for n in range(500)}), span())
    decoded = decode(body, limits=IntakeLimits(whole_bytes=1_000, piece_bytes=1_000, max_attributes=400))
    assert (len(decoded.spans), decoded.rejected) == (1, {"too_many_attributes": 1})


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_large_request_that_ends_early_is_refused(cut):
    with pytest.raises(InvalidRequest):
        decode(MANY[:-cut], limits=IntakeLimits(whole_bytes=1_000, piece_bytes=1_000))


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_bomb_of_empty_messages_is_refused_without_memory(depth):
    body = b"\x0a\x00" * 1_000_000 if depth == 0 else b"\x12\x00" * 1_000_000
    for tag in [0x12, 0x0A][2 - depth :]:
        body = _wrap(tag, body)
    tracemalloc.start()
    with pytest.raises(TooLarge, match="more than 20000 records"):
        decode(body, limits=IntakeLimits(max_records=20_000, whole_bytes=50_000, piece_bytes=50_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


def test_attributes_of_a_whole_request_are_bounded():
    crowd = [span({str(n): n for n in range(300)}) for _ in range(10)]
    with pytest.raises(TooLarge, match="too many attributes"):
        decode(request(*crowd), limits=IntakeLimits(max_request_attributes=2_000))
