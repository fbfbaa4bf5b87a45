"""The names that others script against.  What fails here needs a major version and an entry in the CHANGELOG."""

from __future__ import annotations

import json

import pytest
from google.rpc.status_pb2 import Status

from exporter.pricing.row_json import instant_from_text
from support.otlp import request, span
from support.price_vectors import SCOPE
from support.workers import SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
PATHS = {
    "GET /metrics",
    "GET /healthz",
    "GET /readyz",
    "POST /v1/traces",
    "POST /v1/logs",
    "POST /v1/metrics",
    "POST /api/public/otel/v1/traces",
    "GET /api/v1/usage",
    "GET /api/v1/costs",
    "GET /api/v1/budgets",
    "POST /api/v1/budgets",
    "GET /api/v1/budgets/<budget_id>",
    "PATCH /api/v1/budgets/<budget_id>",
    "DELETE /api/v1/budgets/<budget_id>",
    "GET /api/v1/breaches",
    "POST /api/v1/prices/quote",
    "GET /api/v1/openapi.json",
    "POST /-/reload",
}
USAGE_ROW = [
    "id", "signal", "dialect", "scope", "kind", "trace_id", "span_id", "call_key", "started_at", "ended_at", "provider",
    "request_model", "response_model", "price_model", "service", "agent", "conversation_id", "project", "task", "phase",
    "tokens", "usage_status", "billing", "billing_reason", "units", "cost_nano_usd", "cost_status", "cost_reasons",
    "cost_reported_nano_usd", "price_version", "error_type", "flags",
]  # fmt: skip
TOKENS = ["input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "output_visible", "reasoning"]
USAGE_FILTERS = ["start", "end", "trace_id", "conversation_id", "project", "task", "agent", "dialect", "billing"]
SUMS = [
    "calls", "tokens", "cost_nano_usd", "adjustments_nano_usd", "unpriced_tokens", "coverage",
    "list_equivalent_nano_usd",
]  # fmt: skip
BUDGET = [
    "id", "origin", "scope", "unit", "period", "limit", "spent", "reserved", "remaining", "percent_used", "projected",
    "on_track", "exhausted_at", "thresholds", "include_list_equivalent",
]  # fmt: skip
BREACH = [
    "id", "budget", "period_start", "period_end", "percent", "severity", "at", "spent", "limit", "unit", "trace_id",
    "span_id",
]  # fmt: skip
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-6-sol",
    "gen_ai.response.model": "gpt-6-sol",
    "gen_ai.response.id": "resp_1",
    "gen_ai.conversation.id": "chat-1",
    "gen_ai.agent.name": "planner",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
    "agent.project": "payments",
    "agent.task.id": "T-1",
    "agent.phase": "plan",
}
DOCUMENT = {"budgets": [{"id": "tiny", "scope": {"project": "payments"}, "limit": "0.002 USD", "period": "day"}]}


@pytest.fixture
def whole(sqlite_url, tmp_path):
    """A worker with one call of 3,000,000 nano-USD, which is beyond its budget."""
    whole = WholeWorker(sqlite_url, tmp_path, DOCUMENT, NOW - 60 * SECOND)
    whole.now_ns, start = NOW, NOW - SECOND
    whole.push(
        request(
            span(CALL, start_time_unix_nano=start, end_time_unix_nano=NOW),
            resource={"service.name": "shop"},
            scope=SCOPE,
        )
    )
    yield whole
    whole.close()


def test_the_paths_are_there(whole):
    served = {
        f"{method} {rule.rule.replace('string:', '')}"
        for rule in whole.worker.application.url_map.iter_rules()
        for method in rule.methods
    }
    assert served >= PATHS


def test_a_usage_row_has_its_fields_in_order(whole):
    answer = whole.get("/api/v1/usage")
    assert set(answer) == {"data", "next_cursor"}
    (row,) = answer["data"]
    assert list(row) == USAGE_ROW
    assert list(row["tokens"]) == TOKENS
    said = {
        "signal": "span",
        "dialect": "genai",
        "kind": "llm",
        "scope": SCOPE,
        "provider": "openai",
        "call_key": "resp_1",
    }
    said |= {"service": "shop", "agent": "planner", "conversation_id": "chat-1", "project": "payments", "task": "T-1"}
    said |= {"phase": "plan", "usage_status": "reported", "billing": "charged", "billing_reason": None, "units": {}}
    said |= {"cost_nano_usd": 3_000_000, "cost_status": "priced", "cost_reasons": [], "cost_reported_nano_usd": None}
    said |= {
        "request_model": "gpt-6-sol",
        "response_model": "gpt-6-sol",
        "price_model": "gpt-6-sol",
        "error_type": None,
    }
    assert {name: row[name] for name in said} == said


@pytest.mark.parametrize(
    ("name", "fitting", "other"),
    [
        ("start", "2026-11-21T11:59:59Z", "2026-11-21T12:00:00Z"),
        ("end", "2026-11-21T12:00:00Z", "2026-11-21T11:59:59Z"),
        ("trace_id", bytes(range(1, 17)).hex(), "00" * 16),
        ("conversation_id", "chat-1", "chat-2"),
        ("project", "payments", "search"),
        ("task", "T-1", "T-2"),
        ("agent", "planner", "coder"),
        ("dialect", "genai", "openinference"),
        ("billing", "charged", "pending"),
    ],
)
def test_usage_is_filtered_by_name(whole, name, fitting, other):
    assert len(whole.get("/api/v1/usage", **{name: fitting})["data"]) == 1
    assert whole.get("/api/v1/usage", **{name: other}) == {"data": [], "next_cursor": None}


def test_usage_has_a_limit_of_a_thousand_and_an_opaque_cursor(whole):
    assert whole.client.get("/api/v1/usage?limit=1000").status_code == 200
    assert whole.client.get("/api/v1/usage?limit=1001").status_code == 400
    whole.push(request(span(CALL, span_id=b"second__", start_time_unix_nano=NOW, end_time_unix_nano=NOW), scope=SCOPE))
    first = whole.get("/api/v1/usage", limit="1")
    rest = whole.get("/api/v1/usage", limit="1", cursor=first["next_cursor"])
    assert [len(first["data"]), len(rest["data"]), rest["next_cursor"]] == [1, 1, None]
    assert first["data"][0]["id"] < rest["data"][0]["id"]


def test_a_quote_has_its_fields(whole):
    question = {
        "provider": "openai",
        "model": "gpt-6-sol",
        "at": "2026-11-10T12:00:00Z",
        "tokens": dict.fromkeys(TOKENS, 1),
        "units": {},
        "context": dict.fromkeys(("geo", "speed", "processing", "service_tier", "region", "org"), ""),
    }
    answer = whole.client.post("/api/v1/prices/quote", json=question).json
    assert set(answer) == {"cost_nano_usd", "cost_status", "reasons", "components", "price_version"}
    assert {frozenset(part) for part in answer["components"]} == {
        frozenset({"component", "tokens", "rate_pico_usd", "tier"})
    }


@pytest.mark.parametrize("spelling", ["gcp.gemini", "google"])
def test_a_quote_takes_either_spelling_of_a_provider(whole, spelling):
    question = {"provider": spelling, "model": "gemini-2.5-pro", "at": "2026-11-10T12:00:00Z"}
    question["tokens"] = {"output_visible": 1000}
    assert whole.client.post("/api/v1/prices/quote", json=question).json["cost_nano_usd"] == 10_000_000


def test_costs_have_their_fields(whole):
    answer = whole.get("/api/v1/costs", group_by="project,model,day", start="2026-11-21T00:00:00Z", tz="Europe/Berlin")
    assert list(answer) == ["group_by", "start", "end", "tz", "data", "total"]
    assert (answer["group_by"], answer["tz"]) == (["project", "model", "day"], "Europe/Berlin")
    (row,) = answer["data"]
    assert list(row) == ["project", "model", "day", *SUMS]
    assert (list(row["tokens"]), list(answer["total"])) == (TOKENS, SUMS)
    assert (row["project"], row["model"], row["day"]) == ("payments", "gpt-6-sol", "2026-11-21")


def test_budgets_have_their_fields(whole):
    answer = whole.get("/api/v1/budgets")
    assert list(answer) == ["data", "next_cursor"]
    (budget,) = answer["data"]
    assert budget == whole.get("/api/v1/budgets/tiny")
    assert list(budget) == BUDGET
    assert list(budget["period"]) == ["kind", "start", "end", "timezone"]
    assert {tuple(threshold) for threshold in budget["thresholds"]} == {
        ("percent", "severity", "reached", "reached_at")
    }
    assert (budget["origin"], budget["unit"], budget["limit"], budget["spent"]) == (
        "file",
        "nano_usd",
        2_000_000,
        3_000_000,
    )


def test_breaches_have_their_fields(whole):
    answer = whole.get("/api/v1/breaches")
    assert list(answer) == ["data", "next_cursor"]
    assert {tuple(breach) for breach in answer["data"]} == {tuple(BREACH)}
    last = answer["data"][-1]
    assert (last["budget"], last["percent"], last["unit"], last["trace_id"]) == (
        "tiny", 100, "nano_usd", bytes(range(1, 17)).hex(),
    )  # fmt: skip


def test_budgets_are_made_changed_and_deleted_and_those_of_the_file_are_read_only(whole):
    send = whole.client.open
    made = send("/api/v1/budgets", method="POST", json={"id": "mine", "limit": "5 USD", "period": "week"})
    assert (made.status_code, made.json["origin"], made.json["limit"]) == (201, "api", 5 * 10**9)
    assert send("/api/v1/budgets/mine", method="PATCH", json={"limit": "6 USD"}).json["limit"] == 6 * 10**9
    assert send("/api/v1/budgets/mine", method="DELETE").status_code == 204
    for method, body in (("PATCH", {"limit": "6 USD"}), ("DELETE", None)):
        refused = send("/api/v1/budgets/tiny", method=method, json=body)
        assert (refused.status_code, refused.json["error"]["code"]) == (409, "conflict")
        assert "file" in refused.json["error"]["message"]
    twice = send("/api/v1/budgets", method="POST", json={"id": "tiny", "limit": "5 USD", "period": "week"})
    assert (twice.status_code, "tiny" in twice.json["error"]["message"]) == (409, True)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/api/v1/budgets/nobody", 404, "not_found"),
        ("DELETE", "/api/v1/usage", 405, "method_not_allowed"),
        ("GET", "/api/v1/usage?limit=none", 400, "invalid_request"),
    ],
)
def test_an_error_has_one_shape(whole, method, path, status, code):
    answer = whole.client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert list(answer.json) == ["error"]
    assert set(answer.json["error"]) == {"code", "message", "details", "request_id", "timestamp"}
    assert answer.json["error"]["code"] == code
    assert instant_from_text(answer.json["error"]["timestamp"])


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/logs", "/v1/metrics", "/api/public/otel/v1/traces"])
def test_an_error_of_an_otlp_path_is_a_status(whole, path):
    answer = whole.client.post(path, data=b"\xff\xff", content_type="application/x-protobuf")
    assert (answer.status_code, answer.content_type) == (400, "application/x-protobuf")
    assert Status.FromString(answer.data).code == 3
    answer = whole.client.post(path, data=b"{", content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, 3)


def test_health_and_readiness_say_what_they_looked_at(whole):
    assert whole.get("/healthz")["status"] == "ok"
    ready = whole.get("/readyz")
    assert (ready["status"], ready["checks"]) == ("ready", {"database": "ok", "prices": "ok"})


def test_the_reports_of_the_terminal_are_the_answers_of_the_api(whole):
    day = {"start": "2026-11-21T00:00:00Z", "end": "2026-11-22T00:00:00Z"}
    options = ["--by", "project,model", "--start", "2026-11-21", "--end", "2026-11-22", "--json"]
    assert json.loads(whole.command("cost", *options)) == whole.get("/api/v1/costs", group_by="project,model", **day)
    (printed,) = json.loads(whole.command("budgets", "--json"))["data"]
    assert list(printed) == BUDGET


def test_an_audit_ends_with_one_when_the_totals_are_wrong(whole):
    assert json.loads(whole.command("audit", "--json"))["ok"] is True
    with whole.database.write() as connection:
        connection.exec_driver_sql("UPDATE total SET cost_nano_usd = cost_nano_usd + 1")
    status, printed = whole.ended("audit", "--json")
    assert (status, json.loads(printed)["ok"]) == (1, False)
