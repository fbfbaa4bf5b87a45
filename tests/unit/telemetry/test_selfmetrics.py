"""What a worker counts of itself."""

from __future__ import annotations

from exporter.telemetry.selfmetrics import SelfMetrics


def samples(measured):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for metric in measured.collect()
        for sample in metric.samples
    }


def test_received_spans_add_up_by_signal_dialect_and_outcome():
    measured = SelfMetrics()
    measured.received("span", "genai", "accepted", 3)
    measured.received("span", "genai", "accepted")
    measured.received("span", "genai", "duplicate", 2)
    found = samples(measured)
    labels = (("dialect", "genai"), ("outcome", "accepted"), ("signal", "span"))
    assert found[("agent_exporter_received_total", *labels)] == 4


def test_received_and_rejected_with_the_same_labels_stay_apart():
    measured = SelfMetrics()
    measured.rejected("span", "too_old", 5)
    measured.received("span", "too_old", "ignored", 1)
    found = samples(measured)
    assert found[("agent_exporter_rejected_total", ("reason", "too_old"), ("signal", "span"))] == 5


def test_a_request_counts_once_by_code_and_once_in_its_duration():
    measured = SelfMetrics()
    measured.http("/v1/traces", 200, 0.03)
    measured.http("/v1/traces", 503, 0.004)
    found = samples(measured)
    assert found[("agent_exporter_http_requests_total", ("code", "503"), ("route", "/v1/traces"))] == 1
    name = "agent_exporter_http_request_duration_seconds"
    assert found[(f"{name}_count", ("route", "/v1/traces"))] == 2
    assert found[(f"{name}_bucket", ("le", "0.005"), ("route", "/v1/traces"))] == 1


def test_a_call_that_ended_in_our_future_has_no_lag():
    measured = SelfMetrics()
    measured.lag(-3.0)
    assert samples(measured)[("agent_exporter_ingest_lag_seconds_sum",)] == 0


def test_two_of_them_share_nothing():
    first, second = SelfMetrics(), SelfMetrics()
    first.inflight(10)
    first.transaction(0.1)
    assert samples(second)[("agent_exporter_inflight_bytes",)] == 0


def test_no_series_tells_only_when_a_counter_was_made():
    measured = SelfMetrics()
    measured.received("span", "genai", "accepted")
    assert not [key for key in samples(measured) if key[0].endswith("_created")]


def test_what_is_expected_is_shown_at_zero_before_it_happens():
    measured = SelfMetrics()
    measured.expect(received=[("span", "genai", "accepted")], rejected=[("span", "too_old")])
    found = samples(measured)
    assert found[("agent_exporter_rejected_total", ("reason", "too_old"), ("signal", "span"))] == 0
    labels = (("dialect", "genai"), ("outcome", "accepted"), ("signal", "span"))
    assert found[("agent_exporter_received_total", *labels)] == 0
