"""The OpenAPI document is true: it names every route, and generated requests get the answers that it promises."""

from __future__ import annotations

import re

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from exporter.app import make_worker, open_database
from exporter.ledger import schema
from exporter.settings.load import load_settings
from exporter.web.openapi import ROUTES, openapi_document
from support.api import Api
from support.entries import call

UNDOCUMENTED = {"/metrics", "/v1/traces", "/v1/logs", "/v1/metrics", "/api/public/otel/v1/traces"}
"""Prometheus and OTLP say what these speak."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def api(sqlite_url):
    api = Api(sqlite_url)
    api.send("POST", "/api/v1/budgets", json={"id": "b", "limit": "10 USD", "period": "day"})
    api.books.book(call("a", "1", cost=11 * 10**9, task="T-1"), call("a", "2", cost=None))
    yield api
    api.close()


def routes_of(app):
    """Method and path of every route, as OpenAPI writes them."""
    return {
        (method, re.sub(r"<(?:\w+:)?\w*?(\w+?)>", r"{\1}", rule.rule).replace("{budget_id}", "{id}"))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule not in UNDOCUMENTED
    }


def test_the_document_and_the_application_have_the_same_routes(api):
    assert {(route.method, route.path) for route in ROUTES} == routes_of(api.app)


def test_the_document_is_served_as_it_is_made(api):
    assert api.get("/api/v1/openapi.json") == openapi_document("1.2.3")


def test_every_operation_has_a_name_of_its_own_and_a_summary():
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert all(route.summary for route in ROUTES)


def test_a_usage_row_is_described_field_by_field(api):
    (row, _) = api.get("/api/v1/usage")["data"]
    described = openapi_document("1")["components"]["schemas"]["Usage"]
    assert list(row) == list(described["properties"])


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_generated_requests_get_what_the_document_promises(api, route):
    operation = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", api.app)[route.path][route.method]
    strategy = operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @settings(max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=strategy)
    def drive(case):
        case.call_and_validate(checks=CHECKS)

    drive()


def test_the_service_as_it_is_put_together_has_these_routes_and_no_others(sqlite_url):
    options = load_settings(None, {"AGENT_EXPORTER_DATABASE_URL": sqlite_url})
    database = open_database(options)
    schema.upgrade(database.engine)
    database.close()
    worker = make_worker(options)
    try:
        assert routes_of(worker.application) == {(route.method, route.path) for route in ROUTES}
    finally:
        worker.close()
