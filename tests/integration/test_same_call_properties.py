"""Whatever the spans are: every order, split and repetition of them gives the same ledger."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from exporter.ledger import late, tables
from exporter.ledger.audit import audit
from exporter.ledger.tables import DIMENSION_TEXTS
from exporter.usage import Tokens
from support.entries import NOON, SECOND, bare, call
from support.ledgers import HOUR, Books

NAMES = "abcdef"
KEYS = ("", "msg_1", "msg_1", "msg_2", "chatcmpl-7")
TOKENS = (Tokens(100, 0, 0, 0, 20, 0), Tokens(60, 40, 0, 0, 20, 0), Tokens(60, 40, 0, 0, 15, 6), Tokens(9))


class Told(NamedTuple):
    """A span to be sent; several of the same trace and name are copies."""

    trace: str
    name: str
    parent: str | None
    kind: str
    key: str
    tokens: Tokens
    start: int
    never: str
    reported: int | None
    agent: str


TOLD = st.builds(
    Told,
    st.sampled_from(["t1", "t2", "t3"]),
    st.sampled_from(NAMES),
    st.one_of(st.none(), st.sampled_from(NAMES)),
    st.sampled_from(["llm", "llm", "llm", "llm", "agent", "tool"]),
    st.sampled_from(KEYS),
    st.sampled_from(TOKENS),
    st.integers(0, 9),
    st.sampled_from(["", "", "", "cache_hit"]),
    st.sampled_from([None, None, 5]),
    st.sampled_from(["", "planner", "coder"]),
)


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    books = Books(f"sqlite:///{tmp_path_factory.mktemp('properties')}/ledger.db")
    yield books
    books.database.close()


def entry(told: Told, world: str):
    """The span in a world of its own, so that one database serves all examples."""
    start = NOON + told.start * SECOND
    if told.kind == "tool":
        return bare(f"{world}{told.trace}", told.name, "tool", told.parent)
    made = call(
        f"{world}{told.trace}",
        told.name,
        told.parent,
        kind=told.kind,
        key=f"{told.key}{world}" if told.key and told.kind == "llm" else "",
        tokens=told.tokens,
        cost=sum(told.tokens),
        start=start,
        end=start + SECOND // 2,
        never=told.never if told.kind == "llm" else "",
        reported=told.reported,
        cost_source="gateway" if told.reported else "",
        agent=told.agent or "fleet",
    )
    return made._replace(node=made.node._replace(digest=zlib.crc32(repr(told).encode())))


def ledger(books, world: str) -> set[tuple]:
    usage, trace, dimension = tables.usage, tables.trace, tables.dimension
    columns = (
        usage.c.span_id, usage.c.billing, usage.c.billing_reason, usage.c.started_at, usage.c.conversation_id,
        usage.c.cost_nano_usd, usage.c.cost_reported_nano_usd, usage.c.filled,
        *(usage.c[name] for name in tables.TOKEN_COLUMNS), *(dimension.c[name] for name in DIMENSION_TEXTS),
    )  # fmt: skip
    query = (
        select(trace.c.trace_id, *columns)
        .join(trace, trace.c.id == usage.c.trace)
        .join(dimension, dimension.c.id == usage.c.dimension)
    )
    with books.database.read() as connection:
        rows = [(bytes(row[0]).lstrip(b"\1").decode(), *row[1:]) for row in connection.execute(query)]
    return {(one[0].removeprefix(world), *one[1:]) for one in rows if one[0].startswith(world)}


WORLDS = iter(range(10**6))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TOLD, min_size=2, max_size=12), st.randoms(use_true_random=False))
def test_every_order_split_and_repetition_gives_the_same_ledger(books, told, rng):
    whole, parts = (f"w{next(WORLDS)}-" for _ in range(2))
    books.book(*(entry(one, whole) for one in told))
    late.charge_due(books.booking, NOON + 2 * HOUR)
    waiting = rng.sample(told, len(told)) + rng.sample(told, rng.randrange(len(told)))
    while waiting:
        size = rng.randrange(1, 5)
        books.book(*(entry(one, parts) for one in waiting[:size]))
        waiting = waiting[size:]
        if rng.random() < 0.3:
            late.charge_due(books.booking, NOON + 2 * HOUR)
    late.charge_due(books.booking, NOON + 2 * HOUR)
    assert ledger(books, parts) == ledger(books, whole)
    books.assert_balanced()
    with books.database.read() as connection:
        assert audit(connection).findings == ()
