"""What a request says of telemetry that is not in it: sampling, and the numbers of a session's events."""

from __future__ import annotations

import json

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from exporter.intake.decode import decode_logs, decode_traces
from exporter.intake.hints import Sampled, SessionEvent, adjusted_count
from support.otlp import as_json, log, logs_request, request, span

WANTED = frozenset({"service.name"})
SCOPE = "com.anthropic.claude_code.events"
SESSION = {"event.name": "tool_result", "session.id": "s1"}


# ------------------------------------------------------------------------------------------------- sampling
@pytest.mark.parametrize(
    ("trace_state", "count"),
    [
        ("", 1),
        ("vendor=x", 1),
        ("ot=th:0", 1),
        ("ot=th:8", 2),
        ("ot=th:c", 4),
        ("ot=th:fd70a3d70a3d71", 100),
        ("ot=rv:abcdefabcdefab;th:8", 2),
        (" vendor=y , ot=th:8 ", 2),
        ("ot=p:3;r:5", 8),
        ("ot=p:0", 1),
        # Nothing of this is a hint.
        ("ot=th:", 1),
        ("ot=th:xyz", 1),
        ("ot=th:-8", 1),
        ("ot=th:123456789abcdef", 1),
        ("ot=p:63", 1),
        ("ot=p:999999", 1),
        ("ot=p:-1", 1),
        ("ot", 1),
        ("ot=;;;::", 1),
    ],
)
def test_a_span_stands_for_as_many_as_its_threshold_says(trace_state, count):
    assert adjusted_count(trace_state) == pytest.approx(count, rel=1e-6)


@pytest.mark.parametrize("is_json", [False, True])
def test_sampled_spans_are_counted_by_service_with_what_they_stand_for(is_json):
    spans = [span(trace_state=state) for state in ("ot=th:8", "ot=th:c", "", "ot=th:0", "vendor=1")]
    spans.append(span(trace_state="ot=th:8", span_id=bytes(8)))
    body = request(*spans, resource={"service.name": "shop"})
    decoded = decode_traces(as_json(body) if is_json else body, json=is_json, wanted=WANTED)
    assert decoded.sampled == {"shop": Sampled(2, 6.0)}
    assert len(decoded.spans) == 5
    assert sum(decoded.rejected.values()) == 1


def test_a_wrong_hint_spoils_no_span():
    document = json.loads(as_json(request(span())))
    document["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceState"] = {"ot": 3}
    decoded = decode_traces(json.dumps(document).encode(), json=True, wanted=WANTED)
    assert (len(decoded.spans), decoded.rejected, decoded.sampled) == (1, {}, {})


# ------------------------------------------------------------------------------------------------- numbering
def decode_events(*records, is_json, scope=SCOPE):
    body = logs_request(*records, resource={"service.name": "claude-code"}, scope=scope)
    if is_json:
        body = as_json(body, ExportLogsServiceRequest)
    return decode_logs(
        body, json=is_json, wanted=WANTED, events=frozenset({"api_request"}), numbered=frozenset({SCOPE})
    )


@pytest.mark.parametrize("is_json", [False, True])
def test_every_event_of_a_numbered_session_leaves_its_number(is_json):
    decoded = decode_events(
        log({**SESSION, "event.sequence": 0}),
        log({**SESSION, "event.name": "api_request", "event.sequence": 1}),
        is_json=is_json,
    )
    assert (len(decoded.records), decoded.ignored) == (1, 1)
    assert [event[1:] for event in decoded.events] == [("s1", 0, "tool_result", False), ("s1", 1, "api_request", True)]
    assert isinstance(decoded.events[0], SessionEvent)
    assert decoded.events[0].origin.resource == {"service.name": "claude-code"}


@pytest.mark.parametrize("is_json", [False, True])
@pytest.mark.parametrize(
    "said",
    [
        {**SESSION},
        {"event.sequence": 3},
        {**SESSION, "session.id": "", "event.sequence": 3},
        {**SESSION, "event.sequence": -1},
        {**SESSION, "event.sequence": 2**60},
    ],
)
def test_what_numbers_nothing_leaves_nothing(said, is_json):
    decoded = decode_events(log(said), is_json=is_json)
    assert decoded.events == ()
    assert (decoded.ignored, decoded.rejected) == (1, {})


@pytest.mark.parametrize("is_json", [False, True])
def test_other_scopes_are_not_asked(is_json):
    assert decode_events(log({**SESSION, "event.sequence": 3}), is_json=is_json, scope="app").events == ()
