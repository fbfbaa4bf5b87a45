"""The past that `backfill` tells: on both databases it ends at what /metrics shows, and rises when calls started."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from sqlalchemy import select

from exporter.budgets.definition import Budget
from exporter.ledger import late, tables
from exporter.ledger.budget_booking import GRACE_NS, BudgetBooks
from exporter.ledger.budget_store import Change, budgets_in_force, change_budget, create_budget
from exporter.ledger.cost_sums import is_counted
from exporter.pricing.charge import Charge, Component
from exporter.telemetry.catalog import CATALOG
from exporter.telemetry.family import COUNTER
from exporter.usage import LIST_EQUIVALENT, TOKEN_CLASSES, Tokens
from exporter.views.history_rows import Grid
from exporter.views.metrics import MetricReader
from support.entries import NOON, SECOND, call
from support.history import tell_past, told_at
from support.ledgers import HOUR, Books

MINUTE = 60 * SECOND
DAY = 24 * HOUR
END = NOON + 2 * HOUR + 34 * SECOND
BEFORE_ALL = NOON - 30 * DAY
BUDGETS = (
    Budget(id="all-day", limit=2_000_000, unit="nano_usd", period="day", timezone="Asia/Kolkata"),
    Budget(id="p1-week", scope={"project": "p1"}, limit=4_000_000, unit="nano_usd", period="week"),
    Budget(id="a2-hour", scope={"agent": "a2"}, limit=4_000, unit="tokens", period="hour"),
    Budget(id="m3-month", scope={"model": "m3"}, limit=10**12, unit="nano_usd", period="month", month_day=20),
    Budget(id="t1-day", scope={"task": "T-1", "project": "p1"}, limit=9_000, unit="tokens", period="day"),
    Budget(id="worth-day", limit=4_000_000, unit="nano_usd", period="day", include_list_equivalent=True),
)


class LatePrices:
    """7 nano-USD an input token, for some models."""

    def price_first(self, _provider, models, _at_ns, tokens, _units, **_context):
        if models[0] not in {"m1", "m2", "m3"}:
            return models[0], Charge(None, "unknown", ("unknown_model",), (), "")
        cost = 7 * tokens.input_uncached
        part = Component("input_uncached", tokens.input_uncached, 7_000, "", cost)
        return models[0], Charge(cost, "priced", (), (part,), "override:1")


def make_budgets(books, budgets, at):
    with books.database.write() as connection:
        for budget in budgets:
            create_budget(connection, budget, Change("test", at))
        books.budgets = BudgetBooks(budgets_in_force(connection))


def some_calls(dice, number):
    """A call somewhen in the last three days; now and then one with an outer span that told the same usage before."""
    start = NOON + HOUR - dice.randrange(3 * DAY // SECOND) * SECOND
    tokens = Tokens(*(dice.randrange(1_000) for _ in TOKEN_CLASSES)) if dice.random() < 0.9 else Tokens()
    usage = {
        "project": f"p{dice.randrange(4)}",
        "agent": f"a{dice.randrange(6)}",
        "model": f"m{dice.randrange(12)}",
        "task": dice.choice(["", "T-1", "T-2"]),
        "tokens": tokens,
        "cost": dice.randrange(1, 10**5) if any(tokens) and dice.random() < 0.7 else None,
        "error_type": dice.choice(["", "", "", "timeout"]),
        "cost_source": dice.choice(["", "", "list_equivalent"]),
        "start": start,
        "end": start + dice.randrange(100) * SECOND,
    }
    if number % 7 == 0:
        return [call(f"t{number}", "outer", kind="agent", **usage)], [call(f"t{number}", "c", "outer", **usage)]
    return [call(f"t{number}", "c", **usage)], []


def fill(url, series_limit=10_000):
    """Calls of three days with reversals, prices that came late, and budgets made before and amid them."""
    books = Books(url, series_limit=series_limit)
    make_budgets(books, BUDGETS[:3], BEFORE_ALL)
    dice = random.Random(5)
    calls = [some_calls(dice, number) for number in range(200)]
    books.book(*(entry for outer, _ in calls for entry in outer), at=NOON + HOUR)
    make_budgets(books, BUDGETS[3:], NOON + HOUR)
    late.charge_due(books.booking, NOON + HOUR + 2 * MINUTE)
    books.book(*(entry for _, inner in calls for entry in inner), at=NOON + HOUR + 3 * MINUTE)
    assert late.price_late(books.booking, LatePrices(), NOON + HOUR + 4 * MINUTE) > 0
    return books


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """Read by several tests, written by none."""
    books = fill(f"sqlite:///{tmp_path_factory.mktemp('books') / 'ledger.db'}")
    yield books
    books.database.close()


def shown(books, at):
    """What a scrape shows, by feed and labels."""
    with books.database.read() as connection:
        points = MetricReader(birth_seconds=0).read(connection, at)
    return {
        (feed, labels): value
        for feed, found in points.items()
        for labels, value in zip(found.labels, found.values, strict=True)
    }


@pytest.mark.parametrize("series_limit", [10_000, 40])
def test_at_its_end_every_number_is_what_metrics_show(database_url, series_limit):
    books = fill(database_url, series_limit)
    grid = Grid(NOON - 4 * DAY, END, 3 * MINUTE)
    told = told_at(tell_past(books, grid), grid.last)
    feeds = {feed for feed, _ in told}
    assert told == {key: value for key, value in shown(books, END).items() if key[0] in feeds}
    assert {"cost", "tokens_adjustments", "unpriced_calls", "budget_cost", "budget_usage", "budget_info"} <= feeds
    assert any(value for (feed, _), value in told.items() if feed == "cost_adjustments")
    assert any(value for (feed, _), value in told.items() if feed == "budget_breaches")
    books.database.close()


def net_cost(told, sample):
    values = told_at(told, sample)
    return sum(value * {"cost": 1, "cost_adjustments": -1}.get(feed, 0) for (feed, _), value in values.items())


def counted_rows(books, *, billed_only=False):
    """Start, cost and project of the calls that are in the sums, without those of sources on a flat plan if so wished."""
    with books.database.read() as connection:
        query = (
            select(tables.usage.c.started_at, tables.usage.c.cost_nano_usd, tables.dimension.c.project)
            .join(tables.dimension, tables.dimension.c.id == tables.usage.c.dimension)
            .where(is_counted(), *([tables.dimension.c.cost_source != LIST_EQUIVALENT] if billed_only else []))
        )
        return [(start, cost or 0, project) for start, cost, project in connection.execute(query)]


def test_in_between_the_net_cost_is_that_of_the_calls_that_had_started(books):
    grid = Grid(NOON - 4 * DAY, END, 3 * MINUTE)
    told, rows = tell_past(books, grid), counted_rows(books)
    for sample in range(grid.first, grid.last, 97):
        at = grid.time_of(sample)
        assert net_cost(told, sample) == sum(cost for start, cost, _ in rows if start < at)


def test_a_range_that_starts_later_tells_the_same(books):
    whole = tell_past(books, Grid(NOON - 4 * DAY, END, 3 * MINUTE))
    grid = Grid(NOON - DAY - 15 * MINUTE, END, 3 * MINUTE)
    part = tell_past(books, grid)
    for sample in (grid.first, grid.first + 100, grid.last):
        assert told_at(part, sample) == told_at(whole, sample)


def test_no_counter_ever_falls_and_each_is_born_at_0(books):
    grid = Grid(NOON - 4 * DAY, END, 3 * MINUTE)
    counters = {family.feed for family in CATALOG if family.kind == COUNTER}
    for (feed, labels), values in tell_past(books, grid).items():
        if feed in counters:
            in_order = [values[sample] for sample in sorted(values)]
            assert in_order[0] == 0, (feed, labels)
            assert all(before <= after for before, after in pairwise(in_order)), (feed, labels)
            assert sorted(values) == list(range(min(values), grid.last + 1)), "a series has no holes"


def test_what_a_budget_spent_is_what_its_period_had_spent_so_far(books):
    grid = Grid(NOON - 4 * DAY, END, 3 * MINUTE)
    told, billed, everything = tell_past(books, grid), counted_rows(books, billed_only=True), counted_rows(books)
    assert len(billed) < len(everything)
    for budget, covered, rows in (
        (BUDGETS[0], lambda _: True, billed),
        (BUDGETS[1], lambda project: project == "p1", billed),
        (BUDGETS[5], lambda _: True, everything),
    ):
        key = (budget.id, budget.period)
        for sample in range(grid.first + 1, grid.last, 61):
            at = grid.time_of(sample)
            began = budget.period_at(at).start_ns
            spent = sum(cost for start, cost, project in rows if began <= start < at and covered(project))
            values = told_at(told, sample)
            assert values[("budget_spent_usd", key)] == spent
            assert values[("budget_utilization", key)] == spent / budget.limit
            assert values[("budget_period_start", key)] == began
            for percent, severity in budget.thresholds:
                reached = values[("budget_threshold_reached", (*key, str(percent), severity))]
                assert reached == (spent * 100 >= percent * budget.limit)


def day_budget(books, at=BEFORE_ALL, limit=1_000):
    make_budgets(books, [Budget(id="day", limit=limit, unit="nano_usd", period="day")], at)


def call_at(name, at, cost=600):
    return call(name, "c", cost=cost, start=at, end=at + SECOND)


@pytest.fixture
def empty(sqlite_url):
    books = Books(sqlite_url)
    yield books
    books.database.close()


GRID = Grid(NOON - 3 * DAY, NOON + 2 * HOUR, 3 * MINUTE)
COUNTER_KEY = ("budget_cost", ("day", "day"))
EVENTS_KEY = ("budget_breaches", ("day", "day", "100"))


def test_a_breach_counts_from_the_call_that_crossed(empty):
    day_budget(empty)
    crossed_at = NOON - DAY
    empty.book(call_at("t", crossed_at - HOUR), call_at("u", crossed_at))
    events = tell_past(empty, GRID)[EVENTS_KEY]
    sample = GRID.sample_after(crossed_at)
    assert (events[sample - 1], events[sample], events[GRID.last]) == (0, 1, 1)


def test_the_counters_of_a_budget_begin_when_it_was_made(empty):
    empty.book(call_at("t", NOON - 2 * DAY), call_at("u", NOON - 2 * DAY + HOUR), at=NOON - DAY - MINUTE)
    day_budget(empty, at=NOON - DAY)
    empty.book(call_at("v", NOON - HOUR), at=NOON - DAY + GRACE_NS + HOUR)
    told = tell_past(empty, GRID)
    assert told[COUNTER_KEY][GRID.first] == 0
    assert told[COUNTER_KEY][GRID.sample_after(NOON - 2 * DAY)] == 0
    assert told[COUNTER_KEY][GRID.last] == 600
    assert told[("budget_spent_usd", ("day", "day"))][GRID.sample_after(NOON - 2 * DAY + HOUR)] == 1_200


def test_a_budget_that_is_assumed_rises_before_it_was_made_and_meets_the_live_counter(empty):
    empty.book(call_at("t", NOON - 2 * DAY), call_at("u", NOON - 2 * DAY + HOUR), at=NOON - DAY - MINUTE)
    day_budget(empty, at=NOON - DAY)
    empty.book(call_at("v", NOON - HOUR), at=NOON - DAY + GRACE_NS + HOUR)
    told = tell_past(empty, GRID, assume_budgets=True)
    assert [told[COUNTER_KEY][sample] for sample in (GRID.first, GRID.last)] == [-1_200, 600]
    assert [told[EVENTS_KEY][sample] for sample in (GRID.first, GRID.last)] == [-1, 0]
    assert told[EVENTS_KEY][GRID.sample_after(NOON - 2 * DAY + HOUR)] == 0


def test_a_limit_holds_from_when_it_was_set(empty):
    day_budget(empty, limit=1_000)
    with empty.database.write() as connection:
        change_budget(connection, "day", {"limit": "0.000004 USD"}, Change("test", NOON - DAY))
    empty.book(call_at("t", NOON - 2 * DAY))
    limits = tell_past(empty, GRID)[("budget_limit_usd", ("day", "day"))]
    sample = GRID.sample_after(NOON - DAY)
    assert (limits[sample - 2], limits[sample]) == (1_000, 4_000)


def test_what_was_received_after_the_end_is_left_out(empty):
    grid = Grid(NOON - 3 * DAY, NOON, 3 * MINUTE)
    empty.book(call_at("t", NOON - HOUR, cost=5), at=NOON - MINUTE)
    empty.book(call_at("u", NOON - HOUR, cost=7), at=NOON + MINUTE)
    assert net_cost(tell_past(empty, grid), grid.last) == 5
    assert net_cost(tell_past(empty, GRID), GRID.last) == 12


def test_a_series_shows_0_for_a_minute_before_it_rises(empty):
    empty.book(call_at("t", NOON - HOUR + 10 * SECOND, cost=5), at=NOON - HOUR + MINUTE)
    grid = Grid(NOON - 3 * HOUR, NOON, 15 * SECOND)
    (values,) = [values for (feed, _), values in tell_past(empty, grid).items() if feed == "cost"]
    rise = grid.sample_after(NOON - HOUR + 10 * SECOND)
    assert min(values) == rise - 4
    assert [values[sample] for sample in range(rise - 4, rise + 1)] == [0, 0, 0, 0, 5]
