"""A call that names no agent is the work of the nearest agent above it, whoever is sent first; on both databases."""

from __future__ import annotations

from itertools import permutations

from sqlalchemy import delete, func, select

from exporter.ledger import late, tables
from support.entries import NOON, SECOND, bare, call, node
from support.ledgers import HOUR, Books

NOBODY = "fleet"
"""The service, which stands where no agent is known."""


def agents(books: Books) -> dict[str, str]:
    """The agent of each row, by the name of its span."""
    query = select(tables.usage.c.span_id, tables.dimension.c.agent).join(
        tables.dimension, tables.dimension.c.id == tables.usage.c.dimension
    )
    with books.database.read() as connection:
        return {bytes(span).lstrip(b"\1").decode(): agent for span, agent in connection.execute(query)}


def nested(trace: str):
    """A planner that calls a model and a tool, in which a coder calls another."""
    return [
        bare(trace, "plan", "agent", named="planner"),
        call(trace, f"{trace}-1", "plan", agent=NOBODY),
        bare(trace, "tool", "tool", "plan"),
        bare(trace, "code", "agent", "tool", named="coder"),
        call(trace, f"{trace}-2", "code", agent=NOBODY),
    ]


def test_the_nearest_agent_counts_in_every_order(books):
    for number, order in enumerate(permutations(range(5))):
        if number % 5:
            continue
        spans = nested(f"t{number}")
        for position in order:
            books.book(spans[position])
    found = agents(books)
    assert {found[name] for name in found if name.endswith("-1")} == {"planner"}
    assert {found[name] for name in found if name.endswith("-2")} == {"coder"}
    assert books.net()["calls"] == len(found)


def test_what_arrives_together_is_never_counted_under_the_service(books):
    books.book(*nested("t"))
    assert agents(books) == {"t-1": "planner", "t-2": "coder"}
    assert books.sums(tables.adjustment)["calls"] == 0


def test_a_call_that_names_its_agent_keeps_it(books):
    books.book(bare("t", "plan", "agent", named="planner"), call("t", "own", "plan", agent="critic"))
    assert agents(books) == {"own": "critic"}


def test_an_agent_without_a_name_hides_none_above_it(books):
    books.book(bare("t", "plan", "agent", named="planner"), bare("t", "step", "agent", "plan"))
    books.book(call("t", "below", "step", agent=NOBODY))
    assert agents(books) == {"below": "planner"}


def test_what_is_not_charged_has_its_agent_too(books):
    books.book(
        call("t", "outer", "plan", kind="agent", agent=NOBODY),
        call("t", "inner", "outer", agent=NOBODY),
        bare("t", "plan", "workflow", "top"),
    )
    books.book(bare("t", "top", "agent", named="planner"))
    assert agents(books) == {"outer": "planner", "inner": "planner"}
    assert books.rows()["outer"][:2] == ("superseded", "aggregate")


def test_the_charged_report_of_a_call_gets_the_agent_above_another_report(books):
    key = "msg_1"
    books.book(call("sdk", "own", key=key, agent=NOBODY, reported=7))
    books.book(call("app", "wrapped", "plan", key=key, agent=NOBODY))
    books.book(bare("app", "plan", "agent", named="planner"))
    assert books.charged() == {"own"}
    assert agents(books) == {"own": "planner", "wrapped": "planner"}


def test_a_circle_of_parents_ends(books):
    books.book(
        call("t", "a", "b", agent=NOBODY), bare("t", "b", "agent", "a"), bare("t", "c", "agent", named="planner")
    )
    assert agents(books) == {"a": NOBODY}


def test_a_writer_that_never_saw_the_name_finds_it(books):
    books.book(bare("t", "plan", "agent", named="planner"))
    other = books.writer(slot=1)
    other.book([[call("t", "below", "plan", agent=NOBODY)]], 2 * 10**18)
    assert agents(books) == {"below": "planner"}


def test_what_was_forgotten_keeps_its_verdict_and_its_agent(books):
    for trace in ("t1", "t2"):
        books.book(bare(trace, "plan", "agent", named=f"planner-{trace}"))
        books.book(call(trace, f"{trace}-call", "plan", key="msg_1", agent=NOBODY))
    before = books.rows(), agents(books)
    with books.database.write() as connection:
        connection.execute(delete(tables.skeleton))
    books.book(call("t3", "late", key="msg_1", agent=NOBODY))
    assert {name: books.rows()[name] for name in before[0]} == before[0]
    assert {name: agents(books)[name] for name in before[1]} == before[1]
    assert len(books.charged()) == 1


def test_an_agent_that_comes_late_takes_no_charge_back(books):
    books.book(call("t", "sum", "plan", kind="agent", agent=NOBODY))
    late.charge_due(books.booking, NOON + 2 * HOUR)
    assert books.charged() == {"sum"}
    books.book(bare("t", "plan", "agent", named="planner"), at=NOON + 3 * HOUR)
    assert books.charged() == {"sum"}
    assert agents(books) == {"sum": "planner"}


def test_what_waits_is_due_when_it_was(books):
    books.book(call("t", "sum", "plan", kind="agent", agent=NOBODY))
    books.book(bare("t", "plan", "agent", named="planner"), at=NOON + HOUR + 30 * SECOND)
    assert late.charge_due(books.booking, NOON + HOUR + 61 * SECOND) == 1


def test_of_two_copies_of_an_agent_the_one_that_counts_names_it_whoever_came_first(books):
    for trace, order in (("t1", (0, 1)), ("t2", (1, 0))):
        copies = [
            bare(trace, "plan", "agent", named="planner"),
            bare(trace, "plan", "agent")._replace(
                node=node("plan", "agent", carries=False, classes=0, end=NOON + 9 * SECOND)
            ),
        ]
        books.book(copies[order[0]])
        books.book(call(trace, f"{trace}-call", "plan", agent=NOBODY))
        books.book(copies[order[1]])
    assert len(set(agents(books).values())) == 1


def test_a_late_agent_leaves_alone_what_says_nothing_of_agents(books):
    books.book(call("t", "priced", "plan", agent=NOBODY, cost=1_000, reported=900))
    books.book(call("t", "unpriced", "plan", agent=NOBODY, cost=None))
    names = ("cost_other", "cost_reported_nano_usd", "unpriced_calls", "unpriced_tokens")
    query = select(*(func.sum(tables.total.c[name]) for name in names))
    with books.database.read() as connection:
        before = connection.execute(query).one()
    books.book(bare("t", "plan", "agent", named="planner"))
    assert set(agents(books).values()) == {"planner"}
    with books.database.read() as connection:
        assert connection.execute(query).one() == before
