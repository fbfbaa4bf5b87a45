"""/api/v1/budgets and /api/v1/breaches: state, changes and events."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from exporter.budgets.reading import budget_from_mapping
from exporter.ledger.tables import budget_change
from exporter.usage import Tokens
from support.api import Api, assert_error
from support.entries import NOON, SECOND, call, span_id, trace_id
from support.ledgers import HOUR

MONTH = {"id": "payments-month", "scope": {"project": "payments"}, "limit": "1000 USD", "period": "month"}
DOLLAR = 10**9


@pytest.fixture
def api(database_url):
    api = Api(database_url)
    yield api
    api.close()


def make(api, **changes):
    """A budget that is an hour old, so that every worker knows it."""
    api.now_ns -= HOUR
    answer = api.send("POST", "/api/v1/budgets", json={**MONTH, **changes})
    api.now_ns += HOUR
    assert answer.status_code == 201, answer.text
    return answer


def test_a_new_budget_answers_its_state_and_where_it_is(api):
    answer = make(api, timezone="Europe/Berlin")
    assert answer.headers["Location"].endswith("/api/v1/budgets/payments-month")
    assert answer.json == api.get("/api/v1/budgets/payments-month")
    assert answer.json == {
        "id": "payments-month",
        "origin": "api",
        "scope": {"project": "payments"},
        "unit": "nano_usd",
        "period": {
            "kind": "month",
            "start": "2026-10-31T23:00:00Z",
            "end": "2026-11-30T23:00:00Z",
            "timezone": "Europe/Berlin",
        },
        "limit": 1000 * DOLLAR,
        "spent": 0,
        "reserved": 0,
        "remaining": 1000 * DOLLAR,
        "percent_used": 0.0,
        "projected": 0,
        "on_track": True,
        "exhausted_at": None,
        "thresholds": [
            {"percent": 70, "severity": "info", "reached": False, "reached_at": None},
            {"percent": 85, "severity": "warning", "reached": False, "reached_at": None},
            {"percent": 100, "severity": "critical", "reached": False, "reached_at": None},
        ],
        "include_list_equivalent": False,
    }


def test_a_budget_made_in_the_middle_of_a_period_knows_the_whole_of_it(api):
    api.books.book(call("a", "1", cost=300 * DOLLAR), call("a", "2", cost=DOLLAR, project="search"))
    make(api)
    budget = api.get("/api/v1/budgets/payments-month")
    assert (budget["spent"], budget["remaining"], budget["percent_used"]) == (300 * DOLLAR, 700 * DOLLAR, 30.0)


def test_spending_after_the_budget_was_made_is_counted_by_the_booking(api):
    make(api)
    api.books.book(call("a", "1", cost=300 * DOLLAR))
    api.books.book(call("b", "1", cost=100 * DOLLAR))
    assert api.get("/api/v1/budgets/payments-month")["spent"] == 400 * DOLLAR


def test_tokens_are_a_unit_of_their_own(api):
    make(api, limit="1k tokens")
    api.books.book(call("a", "1", tokens=Tokens(100, 20, 3, 0, 40, 5)))
    budget = api.get("/api/v1/budgets/payments-month")
    assert (budget["unit"], budget["limit"], budget["spent"]) == ("tokens", 1000, 168)


def test_the_projection_is_linear_and_says_when_the_limit_is_met(api):
    make(api, period="day", limit="100 USD")
    api.books.book(call("a", "1", cost=100 * DOLLAR, start=NOON - HOUR, end=NOON))
    api.now_ns = NOON
    budget = api.get("/api/v1/budgets/payments-month")
    assert (budget["projected"], budget["on_track"]) == (200 * DOLLAR, False)
    assert budget["exhausted_at"] == "2026-11-21T12:00:00Z"
    assert budget["thresholds"][2]["reached"] is True


@pytest.mark.parametrize(
    ("scope", "spent"),
    [
        ({}, 31),
        ({"project": "payments"}, 23),
        ({"team": "core"}, 2),
        ({"agent": "coder"}, 4),
        ({"model": "opus"}, 8),
        ({"environment": "prod"}, 16),
        ({"task": "T-1"}, 3),
        ({"task": "T-1", "project": "payments"}, 3),
        ({"task": "T-1", "team": "core"}, 2),
        ({"project": "nothing"}, 0),
    ],
)
def test_every_scope_counts_what_it_names(api, scope, spent):
    api.books.book(
        call("a", "1", cost=1, task="T-1"),
        call("a", "2", cost=2, task="T-1", team="core"),
        call("a", "3", cost=4, agent="coder"),
        call("a", "4", cost=8, model="opus", project="search"),
        call("a", "5", cost=16, environment="prod"),
    )
    make(api, scope=scope)
    assert api.get("/api/v1/budgets/payments-month")["spent"] == spent


def test_a_breach_is_one_event_and_the_threshold_shows_when(api):
    make(api, limit="10 USD")
    api.books.book(call("a", "1", cost=8 * DOLLAR))
    api.books.book(call("b", "2", cost=3 * DOLLAR))
    events = api.get("/api/v1/breaches")["data"]
    assert [(event["percent"], event["severity"], event["spent"]) for event in events] == [
        (70, "info", 8 * DOLLAR), (85, "warning", 11 * DOLLAR), (100, "critical", 11 * DOLLAR),
    ]  # fmt: skip
    assert events[0] == {
        "id": events[0]["id"],
        "budget": "payments-month",
        "period_start": "2026-11-01T00:00:00Z",
        "period_end": "2026-12-01T00:00:00Z",
        "percent": 70,
        "severity": "info",
        "at": "2026-11-21T13:00:00Z",
        "spent": 8 * DOLLAR,
        "limit": 10 * DOLLAR,
        "unit": "nano_usd",
        "trace_id": trace_id("a").hex(),
        "span_id": span_id("1").hex(),
    }
    thresholds = api.get("/api/v1/budgets/payments-month")["thresholds"]
    assert [threshold["reached_at"] for threshold in thresholds] == ["2026-11-21T13:00:00Z"] * 3


def test_breaches_are_paged_and_filtered(api):
    make(api, limit="10 USD")
    make(api, id="all", scope={}, limit="10 USD")
    api.books.book(call("a", "1", cost=20 * DOLLAR))
    pages = api.pages("/api/v1/breaches", limit=4)
    assert [len(page) for page in pages] == [4, 2]
    assert len(api.get("/api/v1/breaches", budget="all")["data"]) == 3
    assert api.get("/api/v1/breaches", end="2026-11-21T13:00:00Z")["data"] == []
    assert len(api.get("/api/v1/breaches", start="2026-11-21T13:00:00Z")["data"]) == 6


def test_budgets_are_listed_by_id_whoever_owns_them(api):
    api.load_file(budget_from_mapping({**MONTH, "id": "from-file"}))
    make(api, id="by-api")
    answer = api.get("/api/v1/budgets")
    assert [(budget["id"], budget["origin"]) for budget in answer["data"]] == [("by-api", "api"), ("from-file", "file")]
    assert answer["next_cursor"] is None


def test_a_raised_limit_applies_at_once_and_keeps_what_was_spent(api):
    make(api, limit="10 USD")
    api.books.book(call("a", "1", cost=9 * DOLLAR))
    answer = api.send("PATCH", "/api/v1/budgets/payments-month", json={"limit": "100 USD"})
    assert (answer.status_code, answer.json["limit"], answer.json["spent"]) == (200, 100 * DOLLAR, 9 * DOLLAR)
    assert not any(threshold["reached"] for threshold in answer.json["thresholds"])
    assert [event["limit"] for event in api.get("/api/v1/breaches")["data"]] == [10 * DOLLAR] * 2


def test_a_changed_scope_counts_the_new_scope_from_the_start_of_the_period(api):
    make(api)
    api.books.book(call("a", "1", cost=9), call("a", "2", cost=5, project="search"))
    answer = api.send("PATCH", "/api/v1/budgets/payments-month", json={"scope": {"project": "search"}})
    assert answer.json["spent"] == 5
    api.books.book(call("b", "2", cost=1, project="search"))
    assert api.get("/api/v1/budgets/payments-month")["spent"] == 6


def test_a_deleted_budget_is_gone_and_its_events_stay(api):
    make(api, limit="10 USD")
    api.books.book(call("a", "1", cost=20 * DOLLAR))
    answer = api.send("DELETE", "/api/v1/budgets/payments-month")
    assert (answer.status_code, answer.data) == (204, b"")
    assert_error(api.send("GET", "/api/v1/budgets/payments-month"), 404, "not_found")
    assert len(api.get("/api/v1/breaches")["data"]) == 3


def test_the_history_names_who_changed_what_and_when(api):
    make(api)
    api.send("PATCH", "/api/v1/budgets/payments-month", json={"limit": "5 USD"})
    api.send("DELETE", "/api/v1/budgets/payments-month")
    with api.database.read() as connection:
        rows = connection.execute(select(budget_change).order_by(budget_change.c.number)).all()
    assert [(row.action, row.actor, row.at) for row in rows] == [
        ("create", "loopback", NOON), ("change", "loopback", NOON + HOUR), ("delete", "loopback", NOON + HOUR),
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "options"), [("PATCH", {"json": {"limit": "5 USD"}}), ("DELETE", {})])
def test_a_budget_of_the_file_is_read_only_and_says_so(api, method, options):
    api.load_file(budget_from_mapping(MONTH))
    error = assert_error(api.send(method, "/api/v1/budgets/payments-month", **options), 409, "conflict")
    assert "configuration file" in error["message"]
    assert "read-only" in error["message"]
    assert api.get("/api/v1/budgets/payments-month")["limit"] == 1000 * DOLLAR


def test_an_id_that_the_file_or_the_api_has_is_refused_naming_its_owner(api):
    api.load_file(budget_from_mapping(MONTH))
    error = assert_error(api.send("POST", "/api/v1/budgets", json=MONTH), 409, "conflict")
    assert "payments-month" in error["message"]
    assert "configuration file" in error["message"]
    make(api, id="mine")
    error = assert_error(api.send("POST", "/api/v1/budgets", json={**MONTH, "id": "mine"}), 409, "conflict")
    assert "API" in error["message"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"limit": "1000"}, "limit"),
        ({"limit": 1000}, "limit"),
        ({"limit": "0 USD"}, "limit"),
        ({"period": "year"}, "period"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"scope": {"user": "me"}}, "scope.user"),
        ({"thresholds": [0]}, "thresholds[0]"),
        ({"month_day": 32}, "month_day"),
        ({"limitt": "5 USD"}, "limitt"),
    ],
)
def test_a_bad_budget_is_refused_by_key_on_making_and_on_changing(api, change, named):
    error = assert_error(api.send("POST", "/api/v1/budgets", json={**MONTH, **change}), 400, "invalid_request")
    assert named in error["message"]
    assert named in [problem["key"] for problem in error["details"]["problems"]]
    make(api)
    error = assert_error(api.send("PATCH", "/api/v1/budgets/payments-month", json=change), 400, "invalid_request")
    assert named in error["message"]


def test_an_id_cannot_be_changed(api):
    make(api)
    assert_error(api.send("PATCH", "/api/v1/budgets/payments-month", json={"id": "other"}), 400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_budget_is_not_found_by_name(api, method):
    error = assert_error(api.send(method, "/api/v1/budgets/nothing", json={}), 404, "not_found")
    assert "nothing" in error["message"]


def test_times_are_rfc_3339_with_a_zone(api):
    budget = make(api).json
    assert datetime.fromisoformat(budget["period"]["start"]).utcoffset() is not None
    assert api.now_ns > NOON + SECOND
