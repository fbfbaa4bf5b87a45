"""Log and metric requests as real emitters sent them, in both encodings, whole and in pieces.

Each body is one request of a run against a model server whose usage is known: 1,013 uncached and 2,176 cached
input tokens, 303 written to a cache where the provider has such, 107 visible and 43 reasoning output tokens.
"""

import gzip
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from exporter.intake.decode import decode_logs, decode_metrics
from exporter.intake.limits import IntakeLimits
from support.otlp import as_json, parse_json

BODIES = Path(__file__).parent / "bodies"
KINDS = {"logs": ExportLogsServiceRequest, "metrics": ExportMetricsServiceRequest}


@pytest.fixture(params=["protobuf", "json", "protobuf in pieces"])
def body_of(request):
    """A recorded body in the encoding asked for, with the options that decode takes for it."""
    limits = IntakeLimits(whole_bytes=3_000, piece_bytes=1_500) if "pieces" in request.param else IntakeLimits()

    def load(name, signal):
        (path,) = BODIES.glob(f"{name}.{signal}.*.gz")
        body, kind = gzip.decompress(path.read_bytes()), KINDS[signal]
        protobuf = body if ".pb" in path.name else parse_json(body, kind()).SerializeToString()
        if request.param != "json":
            return protobuf, {"json": False, "limits": limits}
        return as_json(protobuf, kind) if ".pb" in path.name else body, {"json": True, "limits": limits}

    return load


def records_of(body_of, name, event, *keys):
    body, options = body_of(name, "logs")
    decoded = decode_logs(body, wanted=frozenset(keys) | {"service.name"}, events=frozenset({event}), **options)
    assert decoded.rejected == {}
    return decoded


def points_of(body_of, name, metrics, *keys):
    body, options = body_of(name, "metrics")
    decoded = decode_metrics(body, wanted=frozenset(keys) | {"service.name"}, metrics=frozenset(metrics), **options)
    assert decoded.rejected == {}
    return decoded


@pytest.mark.parametrize("event", ["api_request", "claude_code.api_request"])
def test_claude_code_has_a_short_name_in_the_attribute_and_the_full_one_in_the_body(body_of, event):
    keys = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_5m_tokens", "request_id")
    decoded = records_of(body_of, "claude-code", event, *keys)
    (found,) = decoded.records
    assert (found.name, found.trace_id.hex(), found.span_id.hex()) == (
        event,
        "2b7ba00b7bba658559e3da6da9c6bc75",
        "c4758544d335ea49",
    )
    assert [int(found.attributes[key]) for key in keys[:-1]] == [1013, 107, 2176, 303]
    assert found.attributes["request_id"] == "req_0001"
    assert (found.origin.resource, found.origin.scope) == (
        {"service.name": "claude-code"},
        "com.anthropic.claude_code.events",
    )
    assert found.start_ns == found.end_ns > 1_795_000_000_000_000_000
    assert decoded.ignored == 6


def test_codex_has_a_line_of_its_source_in_the_field_and_the_name_in_the_attribute(body_of):
    decoded = records_of(body_of, "codex", "codex.sse_event", "event.kind", "input_token_count", "tool_token_count")
    assert (len(decoded.records), decoded.ignored) == (22, 7)
    assert {(found.name, found.trace_id, found.span_id) for found in decoded.records} == {("codex.sse_event", b"", b"")}
    counted = [found.attributes for found in decoded.records if "input_token_count" in found.attributes]
    assert [(one["event.kind"], int(one["input_token_count"]), int(one["tool_token_count"])) for one in counted] == [
        ("response.completed", 3189, 3339)
    ]
    assert all(found.start_ns > 0 for found in decoded.records)


def test_gemini_has_the_name_in_the_attribute_and_a_sentence_in_the_body(body_of):
    keys = ("input_token_count", "output_token_count", "cached_content_token_count", "thoughts_token_count")
    decoded = records_of(body_of, "gemini-cli", "gemini_cli.api_response", *keys)
    (found,) = decoded.records
    assert list(found.attributes.values()) == [3189, 107, 2176, 43]
    assert decoded.ignored == 9


def values(decoded, key, metric=None):
    return {
        found.attributes.get(key, found.metric): found.value
        for found in decoded.points
        if metric in {None, found.metric}
    }


def test_claude_code_sends_sums_of_doubles_since_the_last_ones(body_of):
    decoded = points_of(body_of, "claude-code", {"claude_code.token.usage", "claude_code.cost.usage"}, "type")
    assert values(decoded, "type", "claude_code.token.usage") == {
        "input": 1013.0,
        "output": 107.0,
        "cacheRead": 2176.0,
        "cacheCreation": 303.0,
    }
    assert values(decoded, "type", "claude_code.cost.usage") == {"claude_code.cost.usage": 0.006433050000000001}
    assert {(found.unit, found.is_delta, found.is_monotonic) for found in decoded.points} == {
        ("tokens", True, True),
        ("USD", True, True),
    }
    assert all(0 < found.start_ns < found.end_ns for found in decoded.points)
    assert decoded.ignored == 2


def test_codex_sends_histograms_since_the_last_ones(body_of):
    decoded = points_of(body_of, "codex", {"codex.turn.token_usage"}, "token_type")
    assert values(decoded, "token_type") == {
        "output": 150.0,
        "reasoning_output": 43.0,
        "total": 3339.0,
        "input": 3189.0,
        "cached_input": 2176.0,
        "cache_write_input": 0.0,
    }
    assert {(found.is_delta, found.is_monotonic) for found in decoded.points} == {(True, True)}


def test_gemini_sends_running_sums_and_histograms(body_of):
    decoded = points_of(
        body_of, "gemini-cli", {"gemini_cli.token.usage", "gen_ai.client.token.usage"}, "type", "gen_ai.token.type"
    )
    assert values(decoded, "type", "gemini_cli.token.usage") == {
        "input": 3189,
        "output": 107,
        "cache": 2176,
        "thought": 43,
        "tool": 0,
    }
    assert values(decoded, "gen_ai.token.type", "gen_ai.client.token.usage") == {"input": 3189, "output": 107}
    assert {found.is_delta for found in decoded.points} == {False}


def test_logfire_sends_exponential_histograms(body_of):
    decoded = points_of(
        body_of, "logfire", {"gen_ai.client.token.usage", "operation.cost"}, "gen_ai.token.type", "gen_ai.request.model"
    )
    assert values(decoded, "gen_ai.token.type") == {"input": 8775.0, "output": 333.0, "operation.cost": 0.00102645}
    assert {found.attributes["gen_ai.request.model"] for found in decoded.points} == {"gpt-4o-mini"}
    assert {(found.is_delta, found.is_monotonic) for found in decoded.points} == {(False, True)}


def test_copilot_sends_one_counter_for_each_class(body_of):
    prefix = "gen_ai.client.inference.usage."
    classes = ("input_tokens", "output_tokens", "cache_read.input_tokens", "reasoning.output_tokens")
    decoded = points_of(body_of, "copilot", {prefix + one for one in classes}, "gen_ai.token.modality")
    assert {found.metric.removeprefix(prefix): found.value for found in decoded.points} == dict(
        zip(classes, (3189, 150, 2176, 43), strict=True)
    )
    assert {(found.unit, type(found.value)) for found in decoded.points} == {("{token}", int)}
