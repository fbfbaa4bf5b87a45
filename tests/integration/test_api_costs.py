"""GET /api/v1/costs: sums that people ask for, each with its share of priced tokens."""

from __future__ import annotations

import pytest

from exporter.usage import Tokens
from support.api import Api, assert_error
from support.entries import NOON, SECOND, call
from support.ledgers import HOUR

DAY = 24 * HOUR
TEN = Tokens(10, 0, 0, 0, 0, 0)


@pytest.fixture
def api(database_url):
    api = Api(database_url)
    yield api
    api.close()


def found(api, *fields, **query):
    """Calls and cost by group."""
    answer = api.get("/api/v1/costs", group_by=",".join(fields), **query)
    assert answer["group_by"] == list(fields)
    return {tuple(row[name] for name in fields): (row["calls"], row["cost_nano_usd"]) for row in answer["data"]}


def test_an_empty_ledger_costs_nothing(api):
    answer = api.get("/api/v1/costs")
    assert answer["data"] == []
    assert answer["tz"] == "UTC"
    assert answer["total"] == {
        "calls": 0,
        "tokens": dict.fromkeys(Tokens._fields, 0),
        "cost_nano_usd": 0,
        "adjustments_nano_usd": 0,
        "unpriced_tokens": 0,
        "coverage": None,
        "list_equivalent_nano_usd": 0,
    }


def test_groups_add_up_to_the_total_and_the_dearest_comes_first(api):
    api.books.book(
        call("a", "1", cost=5), call("a", "2", cost=7, model="opus"), call("a", "3", cost=50, project="search")
    )
    answer = api.get("/api/v1/costs", group_by="project,model")
    assert [(row["project"], row["model"], row["cost_nano_usd"]) for row in answer["data"]] == [
        ("search", "gpt-6-sol", 50), ("payments", "opus", 7), ("payments", "gpt-6-sol", 5),
    ]  # fmt: skip
    assert answer["total"]["cost_nano_usd"] == 62
    assert answer["total"]["calls"] == 3
    assert answer["total"]["tokens"]["input_uncached"] == 300


@pytest.mark.parametrize(
    "field", ["project", "team", "environment", "agent", "model", "provider", "phase", "tier", "role", "service"]
)
def test_every_text_of_a_call_can_be_grouped_and_filtered_by(api, field):
    texts = {"project": "p", "team": "t", "environment": "e", "agent": "a", "model": "m"}
    texts |= {"provider": "pr", "phase": "ph", "tier": "ti", "role": "r", "service": "s"}
    api.books.book(call("a", "1", cost=5, **texts), call("a", "2", cost=7, **{**texts, field: "other"}))
    assert found(api, field) == {(texts[field],): (1, 5), ("other",): (1, 7)}
    assert found(api, field, **{field: "other"}) == {("other",): (1, 7)}


def test_the_answered_model_counts_and_the_requested_one_where_there_is_no_answer(api):
    api.books.book(
        call("a", "1", cost=5, request_model="alias", response_model="dated"),
        call("a", "2", cost=7, request_model="alias", response_model=""),
    )
    assert found(api, "model") == {("dated",): (1, 5), ("alias",): (1, 7)}


def test_days_follow_the_clock_of_the_zone_through_its_changes(api):
    # Berlin leaves summer time on 2026-10-25 at 01:00 UTC: that day lasts 25 hours, from 22:00 to 23:00 UTC.
    start = NOON - 27 * DAY
    for name, hours in {"before": -14.25, "first": -14, "last": 10.75, "after": 11}.items():
        at = start + int(hours * HOUR)
        api.books.book(call(name, "c", cost=1, start=at, end=at + SECOND))
    days = found(api, "day", tz="Europe/Berlin", start="2026-10-01T00:00:00Z")
    assert days == {("2026-10-24",): (1, 1), ("2026-10-25",): (2, 2), ("2026-10-26",): (1, 1)}
    utc = found(api, "day", start="2026-10-01T00:00:00Z")
    assert utc == {("2026-10-24",): (2, 2), ("2026-10-25",): (2, 2)}


def test_days_come_in_order_and_quarter_hour_zones_are_exact(api):
    for hours in (0, 6.25, 6.5):
        at = NOON + int(hours * HOUR)
        api.books.book(call(f"t{hours}", "c", cost=1, start=at, end=at), at=NOON + DAY)
    api.now_ns = NOON + DAY
    answer = api.get("/api/v1/costs", group_by="day", tz="Asia/Kathmandu")
    assert [(row["day"], row["calls"]) for row in answer["data"]] == [("2026-11-21", 1), ("2026-11-22", 2)]


def test_unpriced_usage_lowers_the_coverage_and_its_cost_is_unknown(api):
    api.books.book(
        call("a", "1", cost=6, tokens=Tokens(30, 0, 0, 0, 0, 0)), call("a", "2", cost=None, model="new", tokens=TEN)
    )
    answer = api.get("/api/v1/costs", group_by="model")
    rows = {row["model"]: row for row in answer["data"]}
    assert (rows["new"]["cost_nano_usd"], rows["new"]["unpriced_tokens"], rows["new"]["coverage"]) == (None, 10, 0.0)
    assert (rows["gpt-6-sol"]["cost_nano_usd"], rows["gpt-6-sol"]["coverage"]) == (6, 1.0)
    assert (answer["total"]["cost_nano_usd"], answer["total"]["unpriced_tokens"]) == (6, 10)
    assert answer["total"]["coverage"] == 0.75


def test_a_reversal_is_shown_beside_the_net_cost(api):
    api.books.book(call("t", "c", tokens=Tokens(100, 0, 0, 0, 20, 0), cost=500))
    api.books.book(call("t", "c", tokens=Tokens(60, 40, 0, 0, 20, 0), cost=300))
    total = api.get("/api/v1/costs")["total"]
    assert (total["calls"], total["cost_nano_usd"], total["adjustments_nano_usd"]) == (1, 300, 500)


def test_tasks_are_named_with_their_project_and_calls_without_a_task_are_the_rest(api):
    api.books.book(
        call("a", "1", cost=5, task="T-1"), call("a", "2", cost=6, task="T-1"), call("a", "3", cost=7, project="search", task="T-1"),
        call("a", "4", cost=8), call("a", "5", cost=None, task="T-2", tokens=TEN, model="new"),
    )  # fmt: skip
    assert found(api, "task") == {("T-1",): (3, 18), ("T-2",): (1, None), (None,): (1, 8)}
    expected = {
        ("payments", "T-1"): (2, 11), ("payments", "T-2"): (1, None), ("payments", None): (1, 8), ("search", "T-1"): (1, 7),
    }  # fmt: skip
    assert found(api, "project", "task") == expected
    answer = api.get("/api/v1/costs", group_by="task")
    assert [row["unpriced_tokens"] for row in answer["data"] if row["task"] == "T-2"] == [10]
    assert (answer["total"]["calls"], answer["total"]["cost_nano_usd"]) == (5, 26)


def test_tasks_can_be_crossed_with_every_other_field(api):
    api.books.book(
        call("a", "1", cost=5, task="T-1"), call("a", "2", cost=6, task="T-1", agent="coder"), call("a", "3", cost=7)
    )
    assert found(api, "task", "agent") == {
        ("T-1", "planner"): (1, 5),
        ("T-1", "coder"): (1, 6),
        (None, "planner"): (1, 7),
    }
    assert found(api, "agent", task="T-1") == {("planner",): (1, 5), ("coder",): (1, 6)}
    assert found(api, "task", "day") == {("T-1", "2026-11-21"): (2, 11), (None, "2026-11-21"): (1, 7)}


def test_the_interval_is_widened_to_quarter_hours_and_the_answer_says_so(api):
    for minutes in (0, 14, 15):
        at = NOON + minutes * 60 * SECOND
        api.books.book(call(f"t{minutes}", "c", cost=1, start=at, end=at))
    answer = api.get("/api/v1/costs", start="2026-11-21T12:05:00Z", end="2026-11-21T12:10:00Z")
    assert (answer["start"], answer["end"]) == ("2026-11-21T12:00:00Z", "2026-11-21T12:15:00Z")
    assert answer["total"]["calls"] == 2


def test_the_last_thirty_days_are_asked_for_by_default(api):
    for days in (31, 29):
        at = NOON - days * DAY
        api.books.book(call(f"t{days}", "c", cost=days, start=at, end=at))
    assert api.get("/api/v1/costs")["total"]["cost_nano_usd"] == 29


def test_a_limit_keeps_the_dearest_and_the_whole_total(api):
    api.books.book(call("a", "1", cost=5), call("a", "2", cost=7, model="opus"))
    answer = api.get("/api/v1/costs", group_by="model", limit=1)
    assert [row["model"] for row in answer["data"]] == ["opus"]
    assert answer["total"]["cost_nano_usd"] == 12


def test_the_groups_equal_the_sums_over_the_rows(api):
    """The rollups, the task rollups and the rows themselves answer alike."""
    projects, agents, tasks = ("p1", "p2"), ("a1", "a2", "a3"), ("", "T-1", "T-2")
    for number in range(40):
        at = NOON - number * 7 * HOUR
        texts = {"project": projects[number % 2], "agent": agents[number % 3], "task": tasks[number // 3 % 3]}
        cost = None if number % 5 == 0 else number
        api.books.book(call(f"t{number}", "c", start=at, end=at, cost=cost, model=f"m{number % 5}", **texts))
    by_task = found(api, "project", "task", "day")
    by_rows: dict[tuple, list[int]] = {}
    for (project, task, day, _), (calls, cost) in found(api, "project", "task", "day", "agent").items():
        group = by_rows.setdefault((project, task, day), [0, 0])
        group[0] += calls
        group[1] += cost or 0
    assert {key: (calls, cost or 0) for key, (calls, cost) in by_task.items()} == {
        key: tuple(group) for key, group in by_rows.items()
    }


@pytest.mark.parametrize(
    "query",
    [
        {"group_by": "session"},
        {"group_by": "project,project"},
        {"tz": "Mars/Olympus"},
        {"tz": "../etc/passwd"},
        {"start": "2026-11-22T00:00:00Z", "end": "2026-11-21T00:00:00Z"},
        {"start": "yesterday"},
        {"limit": "0"},
        {"day": "2026-11-21"},
    ],
)
def test_a_bad_parameter_is_refused_by_name(api, query):
    error = assert_error(api.send("GET", "/api/v1/costs", query_string=query), 400, "invalid_request")
    assert next(iter(query)) in error["message"]
