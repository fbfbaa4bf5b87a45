"""Lines of a transcript become calls: several lines one call, the fullest line speaks."""

from __future__ import annotations

import pytest

from exporter.dialects.kinds import Operation
from exporter.dialects.rereading import Kept, read_again
from exporter.imports.fields import Unreadable
from exporter.imports.transcripts import item_of, merge_lines, read_call
from exporter.usage import TTL_UNKNOWN, Tokens
from support.transcripts import SESSION, answer, question


def read(line):
    found = read_call(line)
    assert found is not None
    return found


def record(line):
    return item_of(read(line), lambda model: "anthropic" if "claude" in model else "").usage


def test_an_answer_is_a_call_with_its_six_classes():
    usage = record(answer(1))
    assert usage.tokens == Tokens(1013, 2176, 200, 103, 107, 0)
    assert (usage.provider, usage.response_model) == ("anthropic", "claude-sonnet-4-5-20250929")
    assert (usage.conversation_id, usage.call_key) == (SESSION, "req_011CVK7b9qZ4TfTP8xkw0001")
    assert usage.record_key == "msg:claude_code:msg_01XFDUDYJgAACzvnptvV0001"
    assert usage.start_ns == 1_795_168_800_250_000_000
    assert (usage.context.service_tier, usage.context.speed, usage.flags) == ("standard", "", ())


def test_of_the_lines_of_an_answer_the_fullest_speaks_over_the_time_of_all():
    lines = [
        answer(1, output=1, at="2026-11-20T10:00:00Z"),
        answer(1, output=107, at="2026-11-20T10:00:04Z"),
        answer(1, output=30, at="2026-11-20T10:00:07Z"),
    ]
    merged = merge_lines(merge_lines(read(lines[0]), read(lines[1])), read(lines[2]))
    assert merged.tokens.output_visible == 107
    assert (merged.last_ns - merged.first_ns) == 7 * 10**9


def test_a_wrapped_line_of_a_sub_agent_is_read_with_the_session_around_it():
    inner = {key: value for key, value in answer(2).items() if key not in ("sessionId", "type")}
    wrapped = {"type": "progress", "sessionId": SESSION, "data": {"message": {"type": "assistant", **inner}}}
    assert record(wrapped).conversation_id == SESSION


@pytest.mark.parametrize("line", [question(), {}, [], None, "text", answer(1, message={"model": "<synthetic>"})])
def test_what_tells_of_no_call_is_none(line):
    assert read_call(line) is None


@pytest.mark.parametrize(
    "line",
    [
        answer(1, timestamp="yesterday"),
        answer(1, timestamp="2026-11-20T10:00:00"),
        answer(1, timestamp=None),
        answer(1, usage={"input_tokens": -1}),
        answer(1, usage={"input_tokens": "many"}),
        answer(1, usage={"output_tokens": 1.5}),
        answer(1, usage={"output_tokens": True}),
        answer(1, usage={"output_tokens": 10**15}),
    ],
)
def test_a_damaged_line_is_said_to_be_unreadable(line):
    with pytest.raises(Unreadable):
        read_call(line)


def test_cache_writes_without_their_lifetime_are_flagged():
    usage = record(answer(1, usage={"cache_creation": None}))
    assert usage.tokens[2:4] == (303, 0)
    assert usage.flags == (TTL_UNKNOWN,)


def test_what_a_price_depends_on_is_read():
    told = {"speed": "fast", "inference_geo": "us", "server_tool_use": {"web_search_requests": 2}}
    usage = record(answer(1, usage=told))
    assert (usage.context.speed, usage.context.geo, usage.units) == ("fast", "us", {"web_search_requests": 2})
    assert record(answer(1, usage={"inference_geo": "not_available"})).context.geo == ""


@pytest.mark.parametrize(
    ("message", "provider"),
    [("msg_bdrk_01A", "aws.bedrock"), ("msg_vrtx_01A", "gcp.vertex_ai"), ("msg_01A", "anthropic")],
)
def test_the_cloud_that_answered_stands_in_the_id(message, provider):
    assert record(answer(1, message={"id": message})).provider == provider


def test_short_ids_are_unique_within_their_session_only():
    one = record(answer(1, message={"id": "msg_1"}, requestId="req_1"))
    other = record(answer(1, message={"id": "msg_1"}, requestId="req_1", sessionId="another"))
    assert one.record_key.startswith("hash:")
    assert one.record_key != other.record_key


def test_lines_without_any_id_are_told_apart_by_what_they_say():
    bare = answer(1, message={"id": None}, requestId=None)
    later = answer(1, message={"id": None}, requestId=None, at="2026-11-20T10:00:09Z")
    assert record(bare).record_key == record(bare).record_key
    assert record(bare).record_key != record(later).record_key
    assert record(bare).call_key == ""


def test_nothing_that_was_said_leaves_the_line():
    assert "SECRET" not in repr(item_of(read(answer(1)), lambda _: ""))
    assert "/home/ada" not in repr(item_of(read(answer(1)), lambda _: ""))


def test_zero_usage_is_missing_and_never_zero():
    nothing = dict.fromkeys(
        ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"), 0
    )
    usage = record(answer(1, usage={**nothing, "cache_creation": None}))
    assert (usage.usage_status, usage.flags) == ("missing", ("zero_usage",))


@pytest.mark.parametrize(
    ("message_id", "provider"),
    [
        ("msg_01XFDUDYJgAACzvnptvV0001", "anthropic"),
        ("msg_bdrk_01XFDUDYJgAACzvnptvV", "aws.bedrock"),
        ("msg_vrtx_01XFDUDYJgAACzvnptvV", "gcp.vertex_ai"),
    ],
)
def test_what_is_kept_of_an_answer_is_read_again_as_the_answer(message_id, provider):
    usage = record(answer(1, message={"id": message_id}))
    operation = Operation(usage.operation, usage.kind)
    again = read_again(
        Kept(usage.signal, usage.dialect, usage.scope, operation, usage.evidence.shape, usage.evidence.numbers)
    )
    assert again is not None
    for name in ("provider", "gateway", "request_model", "response_model", "price_model", "tokens", "usage_status"):
        assert getattr(again, name) == getattr(usage, name), name
    assert usage.provider == provider
