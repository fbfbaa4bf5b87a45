"""The charged report of a call gets what it leaves empty from the others, whatever came first."""

from __future__ import annotations

import random
from itertools import permutations

from sqlalchemy import select

from exporter.ledger import tables
from exporter.usage import BILLING, Tokens
from support.entries import NOON, bare, call
from support.ledgers import Books

RICHER = Tokens(60, 40, 0, 0, 20, 0)
RICHEST = Tokens(60, 40, 0, 0, 15, 5)
COST = 2_100_000


def app(trace="app", **usage):
    return call(trace, "app", key="msg_1", agent="planner", project="payments", team="core", task="T-1", **usage)


def sdk(trace="sdk", **usage):
    usage = {"tokens": RICHER, "cost": 700, "project": "", "agent": "worker", "service": "worker", **usage}
    return call(trace, "sdk", key="msg_1", **usage)


def gateway(trace="way", **usage):
    usage = {
        "reported": COST,
        "cost_source": "gateway",
        "project": "",
        "agent": "litellm",
        "service": "litellm",
        **usage,
    }
    return call(trace, "way", key="msg_1", **usage)


def content(books, prefix: str = "") -> dict[str, dict]:
    usage, dimension, task = tables.usage, tables.dimension, tables.task
    names = ("agent", "project", "team", "service", "cost_source", "cost_status", "price_version")
    columns = (
        usage.c.billing, usage.c.conversation_id, usage.c.cost_nano_usd, usage.c.cost_reported_nano_usd, usage.c.filled,
    )  # fmt: skip
    query = (
        select(
            tables.trace.c.trace_id,
            usage.c.span_id,
            *columns,
            task.c.name.label("task"),
            *(dimension.c[n] for n in names),
        )
        .join(tables.trace, tables.trace.c.id == usage.c.trace)
        .join(dimension, dimension.c.id == usage.c.dimension)
        .outerjoin(task, task.c.id == usage.c.task)
    )
    with books.database.read() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    found = {}
    for row in rows:
        trace, span = (bytes(row.pop(name)).decode().strip("\1") for name in ("trace_id", "span_id"))
        if trace.startswith(prefix):
            found[span] = {**row, "billing": BILLING[row["billing"]]}
    return found


def test_a_gateways_cost_ends_on_the_row_that_is_charged(books):
    books.book(app(tokens=RICHER, cost=500))
    books.book(gateway())
    row = content(books)["app"]
    assert (row["billing"], row["cost_nano_usd"], row["cost_reported_nano_usd"]) == ("charged", 500, COST)
    assert row["cost_source"] == "gateway"
    assert content(books)["way"]["billing"] == "duplicate"


def test_the_charged_report_learns_for_whom_the_call_was_made(books):
    books.book(sdk())
    books.book(app(conversation="c-1"))
    row = content(books)["sdk"]
    assert row | {"filled": None} == {
        "billing": "charged", "conversation_id": "c-1", "cost_nano_usd": 700, "cost_reported_nano_usd": None,
        "filled": None, "task": "T-1", "agent": "planner", "project": "payments", "team": "core", "service": "worker",
        "cost_source": "", "cost_status": "priced", "price_version": "",
    }  # fmt: skip
    assert books.sums(tables.task_rollup)["cost_nano_usd"] == 700


def test_without_a_list_price_the_cost_is_what_the_gateway_says(books):
    books.book(sdk(cost=None))
    books.book(gateway())
    row = content(books)["sdk"]
    assert (row["billing"], row["cost_nano_usd"], row["cost_status"]) == ("charged", COST, "reported")
    assert books.net()["cost_nano_usd"] == COST


def test_what_a_client_estimates_replaces_nothing_and_is_replaced(books):
    books.book(app(tokens=RICHER, cost=500, reported=1, cost_source="estimate"))
    books.book(gateway(tokens=Tokens(1)))
    assert content(books)["app"]["cost_reported_nano_usd"] == COST
    assert content(books)["way"]["cost_reported_nano_usd"] == COST


def test_a_richer_report_that_comes_later_takes_over_and_gives_back_what_was_lent(books):
    books.book(sdk())
    alone = content(books)["sdk"]
    books.book(app())
    books.book(call("last", "last", key="msg_1", tokens=RICHEST, project="", agent="x", service="x"))
    rows = content(books)
    assert rows["sdk"] == alone | {"billing": "duplicate"}
    assert (rows["last"]["billing"], rows["last"]["agent"], rows["last"]["task"]) == ("charged", "planner", "T-1")


def test_a_report_that_turns_out_to_be_of_another_call_takes_its_names_with_it(books):
    books.book(sdk())
    alone = content(books)["sdk"]
    books.book(app())
    assert content(books)["sdk"]["agent"] == "planner"
    other = call("app", "app", key="msg_2", tokens=RICHER, agent="planner", task="T-1")
    books.book(other)
    assert content(books)["sdk"] == alone
    assert books.charged() == {"sdk", "app"}


def test_a_cache_hit_lends_nothing(books):
    books.book(sdk(start=NOON, end=NOON + 10), gateway(never="cache_hit", start=NOON + 11, end=NOON + 12))
    assert content(books)["sdk"]["cost_reported_nano_usd"] is None


def test_any_order_and_split_gives_the_same_rows(database_url):
    books, outcomes = Books(database_url), set()
    for seed, order in enumerate(permutations(range(4))):
        rng, prefix = random.Random(seed), f"{seed}-"
        spans = [
            app(f"{prefix}app", conversation="c-1"),
            sdk(f"{prefix}sdk"),
            gateway(f"{prefix}way"),
            bare(f"{prefix}way", "root", "other"),
        ]
        spans = [
            span._replace(usage=span.usage and _keyed(span.usage, seed), node=_of_call(span, seed)) for span in spans
        ]
        waiting = [spans[position] for position in order]
        while waiting:
            size = rng.randrange(1, 4)
            books.book(*waiting[:size])
            waiting = waiting[size:]
        outcomes.add(repr(sorted(content(books, prefix).items())))
    assert len(outcomes) == 1
    books.assert_proven()
    books.database.close()


def _keyed(usage, seed):
    usage.call_key = f"msg_{seed}"
    usage.call_ref = call("t", "c", key=usage.call_key, start=usage.started_at).usage.call_ref
    return usage


def _of_call(span, seed):
    return span.node._replace(call=call("t", "c", key=f"msg_{seed}").node.call if span.node.call else 0)
