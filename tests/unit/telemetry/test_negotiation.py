"""Which format a scraper gets, whatever it asks for."""

from __future__ import annotations

import pytest
from prometheus_client.exposition import choose_encoder

from exporter.telemetry.scrape import understood

TEXT = "text/plain; version=0.0.4; charset=utf-8"
PROMETHEUS_3 = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,"
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


def chosen(accept):
    return choose_encoder(understood(accept))[1]


@pytest.mark.parametrize("accept", ["", "*/*", "text/html", "application/openmetrics-text;version=0.0.1", ",;=,"])
def test_plain_text_is_the_answer_to_whoever_asks_for_nothing_better(accept):
    assert chosen(accept) == TEXT


def test_prometheus_gets_openmetrics():
    assert chosen(PROMETHEUS_3).startswith("application/openmetrics-text; version=1.0.0")


@pytest.mark.parametrize("version", ["2.0.0", "3.1", "abc", "", "1.0.0.0.0"])
def test_a_version_of_openmetrics_that_we_do_not_write_is_not_promised(version):
    assert chosen(f"application/openmetrics-text;version={version}") == TEXT


@pytest.mark.parametrize("scheme", ["dots", "values"])
def test_names_are_never_promised_in_a_rewritten_form(scheme):
    kind = chosen(f"application/openmetrics-text;version=1.0.0;escaping={scheme}")
    assert kind.endswith("escaping=underscores")
