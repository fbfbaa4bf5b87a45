"""Recorded spans, decoded and read by their dialect, before any billing rule."""

from __future__ import annotations

import pytest
from conformance.comparing import PARTIAL, Row, compare
from conformance.expectations import EXPECTATIONS
from conformance.recordings import Recording, load, recorded_names

from exporter.dialects.registry import LIFT, WANTED, read_span
from exporter.intake.decode import decode_traces
from exporter.usage import AGGREGATE_KINDS, LEAF_KINDS, MISSING, UsageRecord


def usages(recording: Recording) -> list[UsageRecord]:
    spans = (
        span
        for request in recording.requests
        if request.path.endswith("/v1/traces")
        for span in decode_traces(request.body, json="json" in request.content_type, wanted=WANTED, lift=LIFT).spans
    )
    return [usage for span in spans if (usage := read_span(span).usage) is not None]


def row_of(usage: UsageRecord) -> Row:
    return Row(
        usage.call_key,
        frozenset(filter(None, (usage.request_model, usage.response_model))),
        usage.tokens,
        usage.usage_status != MISSING and not usage.never_billable,
        bool(usage.error_type),
    )


def test_every_recording_has_an_expectation():
    assert recorded_names() == sorted(EXPECTATIONS)


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_recorded_spans_are_read_as_the_model_server_counted(name):
    recording, expected = load(name), EXPECTATIONS[name]
    comparison = compare(recording.calls, [row_of(usage) for usage in usages(recording)])
    assert comparison.counts() == dict(expected.unsettled or expected.outcomes)


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_what_differs_is_what_the_client_never_saw_or_the_emitter_left_out(name):
    recording = load(name)
    comparison = compare(recording.calls, [row_of(usage) for usage in usages(recording)])
    hidden = {call.number for call in recording.calls if call.is_hidden}
    differing = {number for number, outcome in comparison.outcomes.items() if outcome == PARTIAL}
    assert len(differing - hidden) == EXPECTATIONS[name].understated
    for number in differing - hidden:
        assert sum(comparison.pairs[number].tokens) < sum(
            next(call.tokens for call in recording.calls if call.number == number)
        )


@pytest.mark.parametrize("name", EXPECTATIONS)
def test_only_model_calls_of_known_providers_and_what_sums_them_up_carry_usage(name):
    for usage in usages(load(name)):
        assert usage.kind in LEAF_KINDS | AGGREGATE_KINDS
        # What another signal says better may leave out who answered.
        if usage.usage_status != MISSING and usage.kind in LEAF_KINDS and not usage.outranked_by:
            assert usage.provider in {"openai", "anthropic", "gcp.gemini", "aws.bedrock"}
            assert usage.price_model


def test_two_tracers_of_one_call_agree_on_its_totals():
    native, wrapper = {}, {}
    for usage in usages(load("otel-genai-anthropic")):
        if usage.usage_status != MISSING and "output_missing" not in usage.flags:
            side = native if usage.scope.startswith("com.anthropic") else wrapper
            side[usage.call_key] = (usage.tokens.input_total, usage.tokens.output_total)
    assert len(native) == 12
    assert native.items() <= wrapper.items()
