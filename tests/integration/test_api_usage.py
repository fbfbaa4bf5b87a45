"""GET /api/v1/usage: the rows of the ledger in the words of the contract."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from exporter.ledger.tables import usage
from exporter.usage import Tokens
from support.api import Api, assert_error
from support.entries import NOON, SECOND, bare, call, span_id, trace_id

FIELDS = [
    "id", "signal", "dialect", "scope", "kind", "trace_id", "span_id", "call_key", "started_at", "ended_at", "provider",
    "request_model", "response_model", "price_model", "service", "agent", "conversation_id", "project", "task", "phase",
    "tokens", "usage_status", "billing", "billing_reason", "units", "cost_nano_usd", "cost_status", "cost_reasons",
    "cost_reported_nano_usd", "price_version", "error_type", "flags",
]  # fmt: skip


@pytest.fixture
def api(database_url):
    api = Api(database_url)
    yield api
    api.close()


def names(page):
    return [bytes.fromhex(row["span_id"]).lstrip(b"\1").decode() for row in page["data"]]


def test_a_row_has_every_field_of_the_contract_in_its_order(api):
    api.books.book(call("t", "c", tokens=Tokens(10, 20, 30, 40, 50, 60), cost=123, task="T-1", phase="plan"))
    page = api.get("/api/v1/usage")
    assert page["next_cursor"] is None
    (row,) = page["data"]
    assert list(row) == FIELDS
    assert row["trace_id"] == trace_id("t").hex()
    assert row["span_id"] == span_id("c").hex()
    assert row["started_at"] == "2026-11-21T12:00:00Z"
    assert row["ended_at"] == "2026-11-21T12:00:01Z"
    assert row["tokens"] == {
        "input_uncached": 10, "cache_read": 20, "cache_write_5m": 30, "cache_write_1h": 40, "output_visible": 50, "reasoning": 60,
    }  # fmt: skip
    assert (row["task"], row["phase"], row["project"], row["agent"]) == ("T-1", "plan", "payments", "planner")
    assert (row["billing"], row["billing_reason"], row["usage_status"]) == ("charged", None, "reported")
    assert (row["cost_nano_usd"], row["cost_status"], row["cost_reasons"]) == (123, "priced", [])
    assert (row["units"], row["flags"]) == ({}, [])


def test_what_nobody_said_is_null_and_an_unknown_cost_is_not_zero(api):
    api.books.book(call("t", "c", cost=None, project="", model="", agent="", provider="", service=""))
    (row,) = api.get("/api/v1/usage")["data"]
    unknown = (
        "call_key", "provider", "request_model", "response_model", "price_model", "service", "agent", "conversation_id",
        "project", "task", "phase", "cost_nano_usd", "cost_reported_nano_usd", "price_version", "error_type",
    )  # fmt: skip
    assert {name: row[name] for name in unknown} == dict.fromkeys(unknown)
    assert (row["cost_status"], row["cost_reasons"]) == ("unknown", ["unknown_model"])


def test_times_keep_their_nanoseconds(api):
    api.books.book(call("t", "c", start=NOON + 1, end=NOON + 123_456_789))
    (row,) = api.get("/api/v1/usage")["data"]
    assert row["started_at"] == "2026-11-21T12:00:00.000000001Z"
    assert row["ended_at"] == "2026-11-21T12:00:00.123456789Z"


def test_units_and_flags_come_out_as_they_were_booked(api):
    api.books.book(call("t", "c"))
    with api.database.write() as connection:
        connection.execute(update(usage).values(units='{"requests":2}', flags='["time_replaced"]', call_key="msg_1"))
    (row,) = api.get("/api/v1/usage")["data"]
    assert (row["units"], row["flags"], row["call_key"]) == ({"requests": 2}, ["time_replaced"], "msg_1")


def test_a_call_without_usage_and_a_superseded_parent_are_rows_and_a_bare_span_is_none(api):
    api.books.book(
        call("t", "agent", kind="agent", tokens=Tokens(100, 0, 0, 0, 20, 0)),
        call("t", "child", "agent"),
        call("t", "silent", "agent", tokens=Tokens(), cost=None),
        bare("t", "tool", "tool", "agent"),
    )
    rows = {bytes.fromhex(row["span_id"]).lstrip(b"\1").decode(): row for row in api.get("/api/v1/usage")["data"]}
    assert {name: row["billing"] for name, row in rows.items()} == {
        "agent": "superseded", "child": "charged", "silent": "not_billable",
    }  # fmt: skip
    assert (rows["silent"]["billing_reason"], rows["silent"]["usage_status"]) == ("no_usage", "missing")


def test_pages_tile_the_ledger_in_booking_order(api):
    for number in range(7):
        api.books.book(call(f"t{number}", "c", start=NOON - number * SECOND, end=NOON))
    pages = api.pages("/api/v1/usage", limit=3)
    assert [len(page) for page in pages] == [3, 3, 1]
    ids = [row["id"] for page in pages for row in page]
    assert ids == sorted(set(ids))
    assert len(ids) == 7


def test_a_last_page_that_is_full_has_no_cursor(api):
    api.books.book(call("a", "c"))
    api.books.book(call("b", "c"))
    assert api.get("/api/v1/usage", limit=2)["next_cursor"] is None


def test_the_interval_is_half_open(api):
    for number in range(3):
        api.books.book(call(f"t{number}", f"c{number}", start=NOON + number * SECOND, end=NOON + 9 * SECOND))
    page = api.get("/api/v1/usage", start="2026-11-21T12:00:01Z", end="2026-11-21T13:00:02+01:00")
    assert names(page) == ["c1"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"project": "payments"}, ["one"]),
        ({"project": "search"}, ["two", "three"]),
        ({"project": "search", "agent": "planner"}, ["two"]),
        ({"agent": "nobody"}, []),
        ({"task": "T-1"}, ["one"]),
        ({"task": ""}, ["two", "three"]),
        ({"dialect": "genai"}, ["one", "two", "three"]),
        ({"billing": "pending"}, []),
        ({"billing": "charged"}, ["one", "two", "three"]),
        ({"trace_id": trace_id("b").hex()}, ["two", "three"]),
        ({"trace_id": trace_id("b").hex().upper()}, ["two", "three"]),
        ({"trace_id": "00" * 16}, []),
        ({"conversation_id": "chat-1"}, ["three"]),
        ({"conversation_id": ""}, ["one", "two"]),
    ],
)
def test_filters_narrow_and_add_up(api, query, found):
    api.books.book(call("a", "one", task="T-1"))
    api.books.book(call("b", "two", project="search"), call("b", "three", project="search", agent="coder"))
    with api.database.write() as connection:
        connection.execute(update(usage).where(usage.c.span_id == span_id("three")).values(conversation_id="chat-1"))
    assert names(api.get("/api/v1/usage", **query)) == found


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "ten"},
        {"limit": "-1"},
        {"cursor": "1"},
        {"cursor": "%%%"},
        {"cursor": "é"},
        {"cursor": "__________8"},
        {"start": "2026-11-21"},
        {"start": "2026-11-21T12:00:00"},
        {"end": "2026-13-21T12:00:00Z"},
        {"end": "9999-01-01T00:00:00Z"},
        {"trace_id": "xyz"},
        {"trace_id": "00"},
        {"billing": "free"},
        {"projekt": "payments"},
        {"project": "a\0b"},
    ],
)
def test_a_bad_parameter_is_refused_by_name(api, query):
    answer = api.send("GET", "/api/v1/usage", query_string=query)
    error = assert_error(answer, 400, "invalid_request")
    assert next(iter(query)) in error["message"]


def test_what_is_no_span_shows_the_ids_with_which_it_was_sent_and_is_found_by_them(api):
    def logged(name, context):
        entry = call(f"own-{name}", name, signal="log")
        entry.usage.context = context
        return entry

    api.books.book(
        call("t", "span"),
        logged("inside", (trace_id("t"), span_id("span"))),
        logged("alone", None),
        logged("spanless", (trace_id("t"), b"")),
    )
    of_trace = api.get("/api/v1/usage", trace_id=trace_id("t").hex())["data"]
    assert [(row["signal"], row["trace_id"], row["span_id"]) for row in of_trace] == [
        ("span", trace_id("t").hex(), span_id("span").hex()),
        ("log", trace_id("t").hex(), span_id("span").hex()),
        ("log", trace_id("t").hex(), None),
    ]
    (alone,) = [row for row in api.get("/api/v1/usage")["data"] if row["id"] not in {row["id"] for row in of_trace}]
    assert (alone["trace_id"], alone["span_id"]) == (None, None)
