"""What the shipped Collector configuration removes, what it lifts out before, and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conformance.recordings import load, recorded_names
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.dialects.answers import read_answer_with_usage
from exporter.dialects.registry import WANTED
from support.collector import Collector, numbered_span
from support.lifted import LIFTS, SECRET, lifted_of
from support.otlp import any_value, pairs, parse_traces, request
from support.otlp_sink import Received, Sink
from support.tools import ROOT, require_tool

NAMES = json.loads((ROOT / "tests" / "support" / "content_keys.json").read_text())
LIFT_BASE, HAYSTACK_BASE, CONTENT_NUMBER, LITELLM_NUMBER, ADK_NUMBER = 100, 50, 1, 2, 4
MLFLOW_NUMBER, MLFLOW_TOOL_NUMBER = 5, 6
USAGE = {"prompt_tokens": 1013, "completion_tokens": 107}
META = {"model": "gpt-4o-mini", "usage": USAGE, "id": "chatcmpl-1"}
SAID = META | {"text": SECRET}
HAYSTACK = {
    "replies": {"replies": [{"meta": SAID, "content": [{"text": SECRET}]}, {"meta": SAID}]},
    "texts": {"replies": [SECRET], "meta": [SAID]},
    "vectors": {"embedding": [0.5], "meta": SAID},
}
ANSWER = META | {"choices": [{"message": {"content": SECRET}}]}
ADK_ANSWER = {"content": SECRET, "usage_metadata": {"thoughts_token_count": 3}}
EVENT_NAME = "claude_code.api_request"

KEPT: dict[str, Any] = {name: index for index, name in enumerate(sorted({*NAMES["billed"], *WANTED}))}
MIXED = dict.fromkeys(NAMES["content"], SECRET) | KEPT
COMMAND_LINE = {"service.name": "cli", "process.command_args": ["agent", SECRET], "process.command_line": SECRET}


def traces_body() -> bytes:
    spans = [numbered_span(LIFT_BASE + index, attributes) for index, (attributes, _) in enumerate(LIFTS.values())]
    spans.append(
        numbered_span(CONTENT_NUMBER, MIXED, events=[Span.Event(name="gen_ai.choice", attributes=pairs(MIXED))])
    )
    litellm = {"llm.openai.messages": SECRET, "llm.openai.prompt": SECRET, "llm.openai.usage": "{}"}
    spans.append(numbered_span(LITELLM_NUMBER, litellm, name="raw_gen_ai_request"))
    spans += [
        numbered_span(HAYSTACK_BASE + index, {"haystack.component.output": json.dumps(output)})
        for index, output in enumerate(HAYSTACK.values())
    ]
    for number, kind in ((MLFLOW_NUMBER, '"CHAT_MODEL"'), (MLFLOW_TOOL_NUMBER, '"TOOL"')):
        spans.append(numbered_span(number, {"mlflow.spanType": kind, "mlflow.spanOutputs": json.dumps(ANSWER)}))
    spans.append(numbered_span(ADK_NUMBER, {"gcp.vertex.agent.llm_response": json.dumps(ADK_ANSWER)}))
    return request(*spans, resource=COMMAND_LINE)


def logs_body() -> bytes:
    message = ExportLogsServiceRequest()
    group = message.resource_logs.add()
    group.resource.attributes.extend(pairs(COMMAND_LINE))
    records = group.scope_logs.add().log_records
    for body in (EVENT_NAME, SECRET, {"content": SECRET}, [SECRET]):
        records.add(time_unix_nano=1, attributes=pairs(MIXED), body=any_value(body))
    return message.SerializeToString()


def metrics_body() -> bytes:
    message = ExportMetricsServiceRequest()
    group = message.resource_metrics.add()
    group.resource.attributes.extend(pairs(COMMAND_LINE))
    metric = group.scope_metrics.add().metrics.add(name="claude_code.token.usage")
    attributes = pairs({"type": "input", "user.email": SECRET, "session.id": "s"})
    metric.sum.data_points.add(as_int=5, time_unix_nano=1, attributes=attributes)
    return message.SerializeToString()


@pytest.fixture(scope="module")
def forwarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    """What the Collector makes of every case above and of every recording."""
    folder = tmp_path_factory.mktemp("forwarded")
    with Sink() as sink:
        collector = Collector(require_tool("otelcol"), folder / "collector", sink.url).start()
        try:
            collector.send(traces_body())
            collector.send(logs_body(), "/v1/logs")
            collector.send(metrics_body(), "/v1/metrics")
            for one in (one for name in recorded_names() for one in load(name).requests):
                # The receiver knows OTLP's own paths; whoever sends through a Collector tells Langfuse's SDK another.
                path = one.path.removeprefix("/api/public/otel")
                assert collector.post(path, one.body, content_type=one.content_type) == 200
            collector.wait_until(lambda: not collector.is_queueing(), what="an empty queue")
        finally:
            collector.stop()
        yield sink


def forwarded_span(sink: Sink, number: int) -> dict[str, Any]:
    (found,) = (one for one in sink.spans() if one.span_id == number.to_bytes(8, "big"))
    return plain(found.attributes)


def plain(attributes: Any) -> dict[str, Any]:
    values = {one.key: (one.value, one.value.WhichOneof("value")) for one in attributes}
    return {key: getattr(value, kind) for key, (value, kind) in values.items()}


@pytest.mark.parametrize("case", LIFTS)
def test_what_billing_needs_is_lifted_out_of(forwarded, case):
    _, expected = LIFTS[case]
    found = forwarded_span(forwarded, LIFT_BASE + list(LIFTS).index(case))
    assert lifted_of(found) == expected
    assert "output.value" not in found


@pytest.mark.parametrize("index", range(len(HAYSTACK)), ids=HAYSTACK)
def test_usage_that_stands_only_in_what_a_component_puts_out_stays_without_the_text(forwarded, index):
    haystack = forwarded_span(forwarded, HAYSTACK_BASE + index)["haystack.component.output"]
    assert json.loads(haystack) == {"replies": [{"meta": META}]}


def test_usage_that_stands_only_in_an_answer_stays_without_the_text(forwarded):
    adk = forwarded_span(forwarded, ADK_NUMBER)["gcp.vertex.agent.llm_response"]
    assert json.loads(adk) == {"usage_metadata": ADK_ANSWER["usage_metadata"]}
    mlflow = forwarded_span(forwarded, MLFLOW_NUMBER)["mlflow.spanOutputs"]
    assert json.loads(mlflow) == META
    assert read_answer_with_usage(mlflow) == read_answer_with_usage(json.dumps(ANSWER))
    assert "mlflow.spanOutputs" not in forwarded_span(forwarded, MLFLOW_TOOL_NUMBER)


def test_every_content_attribute_of_a_span_goes_and_every_other_stays_as_it_was(forwarded):
    assert forwarded_span(forwarded, CONTENT_NUMBER) == KEPT


def test_every_content_attribute_of_a_span_event_goes_and_every_other_stays_as_it_was(forwarded):
    (event,) = (
        event for one in forwarded.spans() if one.span_id == CONTENT_NUMBER.to_bytes(8, "big") for event in one.events
    )
    assert plain(event.attributes) == KEPT


def test_the_copy_of_the_request_that_litellm_makes_goes_but_its_usage_stays(forwarded):
    assert forwarded_span(forwarded, LITELLM_NUMBER) == {"llm.openai.usage": "{}"}


def test_every_content_attribute_of_a_log_record_goes_and_of_bodies_only_event_names_stay(forwarded):
    records = [one for one in forwarded.log_records() if one.time_unix_nano == 1]
    assert [plain(one.attributes) for one in records] == [KEPT] * 4
    assert [one.body.string_value for one in records] == [EVENT_NAME, "", "", ""]


def test_a_data_point_keeps_its_labels_without_the_mail_address(forwarded):
    points = [
        plain(point.attributes)
        for one in forwarded.metrics()
        for group in one.resource_metrics
        for scoped in group.scope_metrics
        for metric in scoped.metrics
        if metric.name == "claude_code.token.usage"
        for point in metric.sum.data_points
    ]
    assert {"type": "input", "session.id": "s"} in points
    assert not [point for point in points if "user.email" in point]


def test_no_text_that_was_marked_as_content_is_forwarded_anywhere(forwarded):
    assert not [one.path for one in forwarded.bodies if SECRET.encode() in one.body]


def test_nothing_that_a_recorded_emitter_was_told_or_answered_is_forwarded(forwarded):
    sent = b"".join(one.body for name in recorded_names() for one in load(name).requests)
    words = (b"Mock answer number", b"sunny in Paris")
    assert [word for word in words if word not in sent] == []
    assert [word for word in words for one in forwarded.bodies if word in one.body] == []


def test_no_span_of_a_recording_is_lost_or_doubled(forwarded):
    recorded = (one for name in recorded_names() for one in load(name).requests if one.path.endswith("/v1/traces"))
    sent = [parse_traces(one.body, one.content_type) for one in recorded]
    sent.append(ExportTraceServiceRequest.FromString(traces_body()))
    arrived = [ExportTraceServiceRequest.FromString(one.body) for one in forwarded.bodies if is_traces(one)]
    assert span_ids(sent) == span_ids(arrived)


def span_ids(requests: list[ExportTraceServiceRequest]) -> list[bytes]:
    groups = (group for one in requests for group in one.resource_spans)
    return sorted(one.span_id for group in groups for scoped in group.scope_spans for one in scoped.spans)


def is_traces(one: Received) -> bool:
    return one.path == "/v1/traces"
