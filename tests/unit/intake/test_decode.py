"""What holds for both encodings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.dialects.registry import LIFT, WANTED
from exporter.errors import TooLarge
from exporter.intake.decode import decode_traces
from exporter.intake.limits import IntakeLimits
from exporter.signals import Lift, Origin, Span
from support.lifted import LIFTS, SECRET, lifted_of
from support.otlp import SPAN_ID, TRACE_ID, as_json, request, span

AB = frozenset({"a", "b"})
MAX = 2**63 - 1


@pytest.fixture(params=["protobuf", "json"])
def decode(request):
    def run(body, wanted=AB, **options):
        is_json = request.param == "json"
        return decode_traces(as_json(body) if is_json else body, json=is_json, wanted=wanted, **options)

    return run


def only(decoded):
    assert decoded.rejected == {}
    (found,) = decoded.spans
    return found


def test_a_span_leaves_with_its_ids_times_status_and_origin(decode):
    body = request(
        span({"a": "x"}, parent_span_id=b"parent!!", status={"code": 2}),
        resource={"b": "service", "host": "h"},
        scope="lib",
        version="1.2",
    )
    assert only(decode(body)) == Span(
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        parent_id=b"parent!!",
        name="chat",
        start_ns=1_000,
        end_ns=2_000,
        status=2,
        attributes={"a": "x"},
        origin=Origin({"b": "service"}, "lib", "1.2"),
    )


def test_spans_of_one_scope_share_their_origin(decode):
    first, second = decode(request(span(), span(span_id=b"12345678"), resource={"a": 1})).spans
    assert first.origin is second.origin


@pytest.mark.parametrize("value", ["text", "", "näïve 🤖", 7, 0, -1, MAX, -(2**63), True, False, 1.5, 0.0, ("x", 1)])
def test_plain_values_keep_their_type(decode, value):
    found = only(decode(request(span({"a": value})))).attributes["a"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("value", [None, b"bytes", float("nan"), float("inf"), float("-inf")])
def test_what_cannot_be_kept_counts_as_absent(decode, value):
    assert only(decode(request(span({"a": value, "b": 1})))).attributes == {"b": 1}


def test_lists_and_maps_become_tuples_without_what_cannot_be_kept(decode):
    found = only(decode(request(span({"a": {"in": 3, "raw": b"x"}, "b": ["s", None, ["t"]]})))).attributes
    assert found == {"a": (("in", 3),), "b": ("s", ("t",))}


def test_values_deeper_than_the_limit_are_left_out(decode):
    deep = 1
    for _ in range(40):
        deep = [deep]
    found = only(decode(request(span({"a": deep})), limits=IntakeLimits(max_depth=3))).attributes["a"]
    assert found == (((),),)


def test_long_lists_are_cut(decode):
    body = request(span({"a": list(range(50)), "b": {str(n): n for n in range(50)}}))
    found = only(decode(body, limits=IntakeLimits(max_elements=2))).attributes
    assert found == {"a": (0, 1), "b": (("0", 0), ("1", 1))}


def test_attributes_that_nobody_wants_do_not_leave(decode):
    assert only(decode(request(span({"gen_ai.input.messages": "secret"})))).attributes == {}


def test_long_text_is_cut(decode):
    assert len(only(decode(request(span({"a": "x" * 9_000})))).attributes["a"]) == 4_096


def lift_length(**more):
    """Takes the length of the content `text`, and whatever else is given."""
    return Lift(frozenset({"text", "notes"}), lambda attributes: {"b": len(attributes.get("text", "")), **more})


@pytest.mark.parametrize("text", ["secret", "s" * 9_000, "\u00e9" * 9_000])
def test_what_is_taken_out_of_content_leaves_in_its_place(decode, text):
    body = request(span({"a": "x", "text": text, "notes": "secret"}))
    assert only(decode(body, lift=lift_length())).attributes == {"a": "x", "b": len(text)}


def test_what_a_span_states_itself_is_not_replaced_by_what_its_content_says(decode):
    body = request(span({"b": 7, "text": "secret"}), span({"b": "", "text": "secret"}, span_id=b"second__"))
    stated, empty = decode(body, lift=lift_length()).spans
    assert (stated.attributes, empty.attributes) == ({"b": 7}, {"b": 6})


def test_content_of_a_resource_goes_no_further_either(decode):
    body = request(span({"a": "x"}), resource={"text": "secret", "b": "y"})
    assert only(decode(body, lift=lift_length())).origin.resource == {"b": "y"}


def test_what_is_taken_out_of_content_can_be_stored(decode):
    found = only(decode(request(span({"text": "secret"})), lift=lift_length(a="\0\ud800" + "x" * 9_000))).attributes
    assert found == {"a": "\ufffd\ufffd" + "x" * 4_094, "b": 6}


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, float("inf"), float("nan")])
def test_a_number_out_of_content_that_no_database_can_hold_counts_as_absent(decode, number):
    lift = Lift(frozenset({"text"}), lambda _: {"big": number, "fits": 2**63 - 1})
    assert only(decode(request(span({"text": "x"})), lift=lift)).attributes == {"fits": 2**63 - 1}


def test_content_is_not_looked_into_where_nothing_is_taken_out(decode):
    assert only(decode(request(span({"a": "x"})), lift=Lift(frozenset({"text"}), {}.__getitem__))).attributes == {
        "a": "x"
    }


def test_nul_is_replaced_wherever_text_leaves(decode):
    body = request(span({"a": "x\0y", "b": ["\0"]}, name="\0n"), resource={"a": "\0"}, scope="s\0", version="\0")
    found = only(decode(body))
    assert found.attributes == {"a": "x\ufffdy", "b": ("\ufffd",)}
    assert (found.name, found.origin) == ("\ufffdn", Origin({"a": "\ufffd"}, "s\ufffd", "\ufffd"))


@pytest.mark.parametrize("trace_id", [b"", b"short", bytes(16), bytes(17), b"x" * 17])
def test_a_span_without_a_valid_trace_id_is_rejected_alone(decode, trace_id):
    decoded = decode(request(span(trace_id=trace_id), span()))
    assert (len(decoded.spans), decoded.rejected) == (1, {"invalid_trace_id": 1})


@pytest.mark.parametrize("span_id", [b"", b"short", bytes(8), b"x" * 9])
def test_a_span_without_a_valid_span_id_is_rejected_alone(decode, span_id):
    decoded = decode(request(span(span_id=span_id), span(), span(span_id=span_id)))
    assert (len(decoded.spans), decoded.rejected) == (1, {"invalid_span_id": 2})


@pytest.mark.parametrize("parent", [b"", bytes(8), b"short"])
def test_a_parent_that_can_be_none_makes_a_root(decode, parent):
    assert only(decode(request(span(parent_span_id=parent)))).parent_id == b""


def test_a_span_that_ends_before_it_starts_is_accepted_as_sent(decode):
    found = only(decode(request(span(start_time_unix_nano=9, end_time_unix_nano=3))))
    assert (found.start_ns, found.end_ns) == (9, 3)


def test_times_beyond_64_signed_bits_are_held_at_the_largest(decode):
    found = only(decode(request(span(start_time_unix_nano=2**64 - 1, end_time_unix_nano=2**63))))
    assert (found.start_ns, found.end_ns) == (MAX, MAX)


def test_the_last_of_equal_keys_wins(decode):
    doubled = span({"a": "first"})
    doubled.attributes.extend(span({"a": "last"}).attributes)
    assert only(decode(request(doubled))).attributes == {"a": "last"}


def test_ten_thousand_attributes_are_honest_and_more_than_the_limit_rejected(decode):
    many = span({f"llm.input_messages.{n}": "x" for n in range(10_000)} | {"a": 1})
    assert only(decode(request(many))).attributes == {"a": 1}
    decoded = decode(request(many, span(span_id=b"12345678")), limits=IntakeLimits(max_attributes=10_000))
    assert (len(decoded.spans), decoded.rejected) == (1, {"too_many_attributes": 1})


def test_a_resource_with_too_many_attributes_rejects_its_spans(decode):
    body = request(span(), span(), resource={str(n): n for n in range(5)})
    assert decode(body, limits=IntakeLimits(max_attributes=4)).rejected == {"too_many_attributes": 2}


def test_more_spans_than_a_request_may_hold_are_refused_as_a_whole(decode):
    limits = IntakeLimits(max_records=2)
    assert len(decode(request(span(), span()), limits=limits).spans) == 2
    with pytest.raises(TooLarge, match="more than 2 records"):
        decode(request(span(), span(trace_id=b""), span()), limits=limits)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), MAX)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz\0", max_size=3), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {
        "trace_id": st.just(TRACE_ID) | st.binary(max_size=20),
        "span_id": st.just(SPAN_ID) | st.binary(max_size=10),
        "parent_span_id": st.binary(max_size=8),
        "name": st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
        "start_time_unix_nano": st.integers(0, 2**64 - 1),
        "end_time_unix_nano": st.integers(0, 2**64 - 1),
    }
)
SPANS = st.lists(
    st.builds(
        lambda attributes, fields: span(attributes, **fields),
        st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3),
        FIELDS,
    ),
    max_size=4,
)


@given(SPANS)
def test_both_encodings_of_a_request_decode_to_the_same(spans):
    body = request(*spans, resource={"a": "r"})
    assert decode_traces(body, json=False, wanted=AB) == decode_traces(as_json(body), json=True, wanted=AB)


OF_SPANS = {name: case for name, case in LIFTS.items() if "mlflow.spanOutputs" not in case[0]}


@pytest.mark.parametrize(("attributes", "lifted"), OF_SPANS.values(), ids=OF_SPANS)
def test_decode_takes_the_same_out_of_an_answer_as_the_collector(decode, attributes, lifted):
    found = only(decode(request(span(attributes)), wanted=WANTED, lift=LIFT)).attributes
    assert lifted_of(found) == lifted
    assert SECRET not in str(found)
    assert "output.value" not in found
