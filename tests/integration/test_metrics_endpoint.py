"""GET /metrics as a scraper meets it."""

from __future__ import annotations

import gzip

import pytest
from flask import Flask
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.telemetry.gather import Gatherer
from exporter.telemetry.scrape import Scrape
from exporter.telemetry.selfmetrics import SelfMetrics
from exporter.web.metrics import make_metrics_blueprint
from support.fleet_rows import make_fleet
from support.metric_rows import NOW

OPENMETRICS = "application/openmetrics-text;version=1.0.0"


@pytest.fixture
def database(database_url):
    database = make_fleet(database_url)
    yield database
    database.close()


def client_of(database, **options):
    gatherer = Gatherer(database, version="1", price_books=lambda: [("7", "shipped")], clock_ns=lambda: NOW)
    application = Flask("test")
    application.register_blueprint(make_metrics_blueprint(Scrape(gatherer, SelfMetrics(), **options)))
    return application.test_client()


def value_of(body, name, **labels):
    (value,) = [
        sample.value
        for family in parse_text(body)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    return value


def test_a_scraper_that_asks_for_nothing_gets_text(database):
    answer = client_of(database).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert value_of(answer.text, "agent_cost_usd_total", gen_ai_agent_name="builder") == 12.345678902
    assert value_of(answer.text, "agent_exporter_database_up") == 1


def test_openmetrics_is_whole_and_ends_once(database):
    answer = client_of(database).get("/metrics", headers={"Accept": OPENMETRICS})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    names = [family.name for family in parse_openmetrics(answer.text)]
    assert answer.text.count("# EOF\n") == 1
    assert {"agent_cost_usd", "agent_budget_spent_usd", "agent_exporter_received"} <= set(names)
    assert len(set(names)) == len(names)


def test_exemplars_can_be_switched_off(database):
    answer = client_of(database, exemplars=False).get("/metrics", headers={"Accept": OPENMETRICS})
    assert not [s for family in parse_openmetrics(answer.text) for s in family.samples if s.exemplar]


def test_the_answer_is_compressed_for_whom_it_helps(database):
    client = client_of(database)
    packed = client.get("/metrics", headers={"Accept-Encoding": "gzip, deflate"})
    plain = client.get("/metrics", headers={"Accept-Encoding": "deflate"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data
    assert set(packed.headers["Vary"].split(", ")) == {"Accept", "Accept-Encoding"}


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text;version=x", "\x00", "a" * 10_000, ";;;,,,=", "*/*;q=0"]
)
def test_a_strange_accept_header_is_answered_with_text(database, accept):
    answer = client_of(database).get("/metrics", environ_overrides={"HTTP_ACCEPT": accept})
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")


def test_two_replicas_say_the_same(database):
    assert client_of(database).get("/metrics").data == client_of(database).get("/metrics").data


def test_without_the_database_the_exporter_says_so_and_invents_nothing(postgres_url):
    database = make_fleet(postgres_url)
    client = client_of(database)
    assert value_of(client.get("/metrics").text, "agent_exporter_database_up") == 1
    database.close()
    broken = type(database)(postgres_url.replace("/test_", "/absent_"))
    answer = client_of(broken).get("/metrics")
    assert answer.status_code == 200
    assert value_of(answer.text, "agent_exporter_database_up") == 0
    assert value_of(answer.text, "agent_exporter_build_info", version="1") == 1
    names = {family.name for family in parse_text(answer.text)}
    assert not [name for name in names if name.startswith(("agent_cost", "agent_budget", "gen_ai"))]
    broken.close()
