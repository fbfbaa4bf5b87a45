"""One error shape for every route that can fail, and headers that every answer has."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.exc import OperationalError

from exporter.errors import ConfigError, Conflict, RateLimited, SchemaError, Unavailable
from exporter.web.bodies import MAX_BYTES
from support.api import Api, assert_error, fail_with

BUDGET = {"id": "b", "limit": "5 USD", "period": "day"}


@pytest.fixture
def api(sqlite_url):
    api = Api(sqlite_url)
    yield api
    api.close()


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api/v2/usage", "/-/stop", "/api/v1/usage/"])
def test_an_unknown_path_is_not_found(api, path):
    assert path in assert_error(api.send("GET", path), 404, "not_found")["message"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/v1/usage", "GET"),
        ("PUT", "/api/v1/budgets", "POST"),
        ("POST", "/api/v1/budgets/b", "PATCH"),
        ("DELETE", "/api/v1/costs", "GET"),
        ("GET", "/-/reload", "POST"),
        ("GET", "/api/v1/prices/quote", "POST"),
        ("POST", "/healthz", "GET"),
    ],
)
def test_a_wrong_method_says_which_are_right(api, method, path, allowed):
    answer = api.send(method, path)
    assert allowed in assert_error(answer, 405, "method_not_allowed")["message"]
    assert allowed in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    ["/api/v1/usage", "/api/v1/costs", "/api/v1/budgets", "/api/v1/breaches", "/api/v1/prices", "/api/v1/budgets/b"],
)
def test_a_misspelt_parameter_never_widens_an_answer(api, path):
    error = assert_error(api.send("GET", path, query_string={"projct": "x"}), 400, "invalid_request")
    assert "projct" in error["message"]


BODIES = [("POST", "/api/v1/budgets"), ("PATCH", "/api/v1/budgets/b"), ("POST", "/api/v1/prices/quote")]


@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_request"),
        (b"{", 400, "invalid_request"),
        (b"[]", 400, "invalid_request"),
        (b"null", 400, "invalid_request"),
        (b'{"id": NaN}', 400, "invalid_request"),
        (b'{"id": "\xff"}', 400, "invalid_request"),
        (rb'{"id": "\ud800"}', 400, "invalid_request"),
        (rb'{"id": "a\u0000b"}', 400, "invalid_request"),
        (b"[" * 100_000, 400, "invalid_request"),
        (b" " * (MAX_BYTES + 1), 413, "too_large"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(api, method, path, body, status, code):
    answer = api.send(method, path, data=body, content_type="application/json")
    assert_error(answer, status, code)


@pytest.mark.parametrize(("method", "path"), BODIES)
@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/x-protobuf"])
def test_a_body_of_another_type_is_refused(api, method, path, kind):
    error = assert_error(api.send(method, path, data=b"{}", content_type=kind), 415, "unsupported_media")
    assert "application/json" in error["message"]


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ({}, "model"),
        ({"model": 5}, "model"),
        ({"model": "opus", "tokens": {"output": 5}}, "tokens.output"),
        ({"model": "opus", "tokens": {"reasoning": "5"}}, "tokens.reasoning"),
        ({"model": "opus", "tokens": {"reasoning": True}}, "tokens.reasoning"),
        ({"model": "opus", "units": {"requests": 1.5}}, "units.requests"),
        ({"model": "opus", "context": {"planet": "mars"}}, "context.planet"),
        ({"model": "opus", "at": "today"}, "at"),
        ({"model": "opus", "when": "2026-01-01T00:00:00Z"}, "when"),
    ],
)
def test_a_bad_price_question_is_refused_by_key(api, question, named):
    error = assert_error(api.send("POST", "/api/v1/prices/quote", json=question), 400, "invalid_request")
    assert named in error["message"]


@pytest.mark.parametrize("query", [{}, {"model": ""}, {"model": "opus", "at": "now"}])
def test_a_price_needs_a_model_and_a_real_time(api, query):
    assert_error(api.send("GET", "/api/v1/prices", query_string=query), 400, "invalid_request")


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (ConfigError("budgets[0].limit: found 5"), 400, None),
        (Conflict("same id twice"), 409, None),
        (RateLimited("slower", retry_after=3), 429, "3"),
        (SchemaError("run migrate"), 503, None),
        (Unavailable("database", retry_after=5), 503, "5"),
    ],
)
def test_a_refused_reload_says_why_and_when_to_come_back(api, error, status, retry):
    api.reload = fail_with(error)
    answer = api.send("POST", "/-/reload")
    assert assert_error(answer, status, error.code)["message"] == error.message
    assert answer.headers.get("Retry-After") == retry


def test_an_unforeseen_error_tells_nothing_but_its_request_id(api, caplog):
    def explode() -> int:
        raise RuntimeError("password=hunter2")

    api.reload = explode
    answer = api.send("POST", "/-/reload")
    error = assert_error(answer, 500, "internal")
    assert "hunter2" not in answer.text
    assert error["request_id"] in caplog.text
    assert "RuntimeError" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/api/v1/usage", {}),
        ("GET", "/api/v1/costs", {}),
        ("GET", "/api/v1/budgets", {}),
        ("GET", "/api/v1/budgets/b", {}),
        ("GET", "/api/v1/breaches", {}),
        ("POST", "/api/v1/budgets", {"json": BUDGET}),
        ("PATCH", "/api/v1/budgets/b", {"json": {"limit": "6 USD"}}),
        ("DELETE", "/api/v1/budgets/b", {}),
    ],
)
def test_a_database_that_is_away_is_503_and_retried(api, monkeypatch, method, path, options):
    def refuse(*_args, **_options):
        raise OperationalError("SELECT 1", {}, Exception("connection refused"))

    monkeypatch.setattr(api.database.engine, "connect", refuse)
    answer = api.send(method, path, **options)
    assert_error(answer, 503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "SELECT" not in answer.text


def test_a_service_that_is_not_ready_says_what_is_missing_and_is_still_alive(api):
    api.probes["database"] = fail_with(Unavailable("the database does not answer"))
    answer = api.send("GET", "/readyz")
    assert answer.status_code == 503
    assert answer.json == {"status": "not ready", "checks": {"database": "the database does not answer"}}
    assert api.send("GET", "/healthz").json == {"status": "ok", "version": "1.2.3"}


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/usage", "/nothing"])
def test_every_answer_has_security_headers_and_a_request_id(api, path):
    answer = api.send("GET", path)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])


def test_a_request_id_of_the_caller_is_kept_unless_it_could_harm_the_log(api):
    assert api.send("GET", "/healthz", headers={"X-Request-Id": "trace-7.a_b"}).headers["X-Request-Id"] == "trace-7.a_b"
    for bad in ("a b", "x" * 65, "", "<script>"):
        answer = api.send("GET", "/healthz", headers={"X-Request-Id": bad})
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])
