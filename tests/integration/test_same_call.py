"""Rule R2 through the booking, on both databases: one call that several traces report is charged once."""

from __future__ import annotations

import random
from itertools import permutations

from sqlalchemy import delete, select, text

from exporter.ledger import late, scope, stores, tables
from exporter.usage import Tokens
from support.entries import NOON, SECOND, bare, call, trace_id
from support.ledgers import HOUR, Books
from support.threads import at_once

RICHER = Tokens(60, 40, 0, 0, 20, 0)


def copies(number: int = 0, *, key: str = "msg_1"):
    """A call as its instrumentation, the provider's SDK and a gateway report it, and an agent above one of them."""
    app, own, proxy = f"a{number}", f"o{number}", f"g{number}"
    return [
        call(app, f"agent{number}", kind="agent", cost=900),
        call(app, f"app{number}", f"agent{number}", key=key, cost=300),
        call(own, f"own{number}", key=key, tokens=RICHER, cost=200, start=NOON + 1),
        call(proxy, f"way{number}", key=key, cost=300, end=NOON + SECOND + 5),
        bare(proxy, f"root{number}", "other"),
    ]


def test_the_richest_report_is_charged_and_the_others_are_duplicates(books):
    books.book(*copies())
    assert books.rows() == {
        "agent0": ("superseded", "aggregate", 900),
        "app0": ("duplicate", "same_call", 300),
        "own0": ("charged", None, 200),
        "way0": ("duplicate", "same_call", 300),
    }


def test_every_order_of_the_reports_ends_alike(books):
    for number, order in enumerate(permutations(range(4))):
        spans = copies(number, key=f"msg_{number}")
        for position in order:
            books.book(spans[position])
        late.charge_due(books.booking, NOON + 2 * HOUR)
    assert books.charged() == {f"own{number}" for number in range(24)}
    assert books.net()["cost_nano_usd"] == 24 * 200


def test_a_report_that_was_charged_is_reversed_exactly(books):
    books.book(call("t1", "poor", key="msg_1", cost=300, task="T-1"))
    books.book(call("t2", "rich", key="msg_1", tokens=RICHER, cost=200, task="T-1"))
    assert books.rows() == {"poor": ("duplicate", "same_call", 300), "rich": ("charged", None, 200)}
    assert books.sums(tables.adjustment)["cost_nano_usd"] == 300
    assert books.sums(tables.task_rollup) == books.net()
    with books.database.read() as connection:
        revisions = connection.execute(select(tables.revision.c.reason, tables.revision.c.billing_after)).all()
    assert revisions == [("same_call", 3)]


def test_an_ancestor_that_arrives_later_changes_which_report_is_deepest(books):
    books.book(call("t1", "a", "parent", key="msg_1"), call("t2", "b", "root", key="msg_1"))
    assert books.charged() == {"a"}
    books.book(bare("t2", "root", "workflow"))
    assert books.charged() == {"b"}
    books.book(bare("t1", "parent", "workflow", "top"))
    assert books.charged() == {"a"}


def test_a_wrapper_superseded_later_frees_or_takes_the_calls_of_other_traces(books):
    books.book(call("t1", "wrapper", key="msg_1"), call("t2", "gateway", key="msg_1"))
    assert books.charged() == {"wrapper"}
    books.book(call("t1", "inner", "wrapper"))
    assert books.charged() == {"inner"}
    assert books.rows()["gateway"][:2] == ("duplicate", "same_call")


def test_a_better_copy_of_a_span_with_another_id_leaves_the_others_alone(books):
    books.book(call("t1", "a", key="msg_1"), call("t2", "b", key="msg_1"))
    assert books.charged() == {"a"}
    books.book(call("t1", "a", key="msg_2", tokens=RICHER))
    assert books.charged() == {"a", "b"}


def test_an_id_that_comes_again_is_another_call(books):
    """Ollama draws its ids from 999 values."""
    hour_later = {"start": NOON + HOUR, "end": NOON + HOUR + SECOND}
    books.book(call("t1", "a", key="chatcmpl-42"))
    books.book(call("t2", "b", key="chatcmpl-42", **hour_later))
    books.book(call("t3", "c", key="chatcmpl-42", tokens=Tokens(100, 0, 0, 0, 21, 0)))
    assert books.charged() == {"a", "b", "c"}
    books.book(call("t4", "d", key="chatcmpl-42"))
    assert books.charged() == {"a", "b", "c"}


def test_a_call_answered_from_the_gateways_cache_costs_nothing(books):
    books.book(call("t1", "client", key="msg_1"))
    assert books.charged() == {"client"}
    books.book(call("t2", "gateway", key="msg_1", never="cache_hit"))
    assert books.rows()["client"][:2] == ("duplicate", "same_call")
    assert books.rows()["gateway"][:2] == ("not_billable", "cache_hit")
    assert books.net()["cost_nano_usd"] == 0


def test_calls_without_an_id_are_never_the_same(books):
    books.book(call("t1", "a"), call("t2", "b"), call("t2", "c"))
    assert books.charged() == {"a", "b", "c"}
    with books.database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM usage WHERE call_ref IS NOT NULL")).scalar() == 0


def test_a_resent_report_changes_nothing(books):
    spans = copies()
    books.book(*spans)
    before = books.rows(), books.net(), books.count(tables.revision)
    for span in spans:
        books.book(span)
    assert (books.rows(), books.net(), books.count(tables.revision)) == before


def test_a_start_that_was_replaced_is_no_evidence(books):
    """Both emitters sent a start of 0: the times of receipt say nothing about whether it is one call."""
    for number, received in enumerate((NOON, NOON + 3 * HOUR)):
        shape = call(f"t{number}", f"c{number}", key="msg_1", start=0, end=0)
        shape.usage.started_at = shape.usage.ended_at = received
        shape.usage.flags = '["time_replaced"]'
        books.book(shape, at=received)
    assert books.charged() == {"c0"}


def test_a_row_whose_shape_is_forgotten_stands_and_speaks_for_its_call(books):
    books.book(call("t1", "old", key="msg_1"))
    with books.database.write() as connection:
        connection.execute(delete(tables.skeleton))
    books.book(call("t2", "new", key="msg_1", tokens=RICHER))
    assert books.charged() == {"old"}
    assert books.rows()["new"][:2] == ("duplicate", "same_call")
    books.book(call("t1", "old", key="msg_1"))
    assert books.charged() == {"old"}


def test_a_duplicate_that_had_no_price_is_priced_once_it_is_charged(books):
    books.book(
        call("t1", "a", key="msg_1", cost=None, model="new"), call("t2", "b", key="msg_1", cost=None, model="new")
    )

    class Prices:
        def price_first(self, _provider, models, *_call, **_context):
            from exporter.pricing.charge import Charge, Component

            return models[0], Charge(7, "priced", (), (Component("input_uncached", 100, 1, "", 7),), "override:1")

    assert late.price_late(books.booking, Prices(), NOON + HOUR) == 1
    books.book(bare("t2", "root", "other"), call("t2", "b", "root", key="msg_1", tokens=RICHER, cost=5))
    assert books.charged() == {"b"}
    assert books.net()["cost_nano_usd"] == 5


def test_replayed_traffic_with_one_id_ties_a_bounded_number_of_traces(books, monkeypatch):
    monkeypatch.setattr(scope, "MOST_TIED", 5)
    for number in range(20):
        at = NOON + number * SECOND
        books.book(call(f"t{number}", f"c{number}", key="msg_fixture", start=at, end=at + SECOND))
    assert 1 <= len(books.charged()) < 20


def test_any_split_into_requests_and_any_order_gives_the_same_rows(database_url):
    """Shuffled, cut at random places, some sent twice: every outcome equals that of one request with everything."""
    books, outcomes = Books(database_url), set()
    for seed in range(12):
        rng = random.Random(seed)
        spans = [span for n in range(3) for span in copies(n, key=f"msg_{seed}_{n // 2}")]
        renamed = [one._replace(trace_id=trace_id(f"{seed}-{one.trace_id.decode().strip(chr(1))}")) for one in spans]
        rng.shuffle(renamed)
        renamed += renamed[: rng.randrange(len(renamed))]
        while renamed:
            size = rng.randrange(1, 6)
            books.book(*renamed[:size])
            renamed = renamed[size:]
        late.charge_due(books.booking, NOON + 2 * HOUR)
        outcomes.add(frozenset(outcome_of(books, f"{seed}-")))
    assert len(outcomes) == 1
    books.assert_proven()
    books.database.close()


def outcome_of(books, prefix: str) -> list[tuple]:
    usage = tables.usage
    query = select(tables.trace.c.trace_id, usage.c.span_id, usage.c.billing, usage.c.billing_reason).join(
        tables.trace, tables.trace.c.id == usage.c.trace
    )
    with books.database.read() as connection:
        rows = [(bytes(trace).decode().strip("\1"), *rest) for trace, *rest in connection.execute(query)]
    return [
        (trace.removeprefix(prefix), bytes(span), billing, reason)
        for trace, span, billing, reason in rows
        if trace.startswith(prefix)
    ]


def test_writers_that_meet_at_the_same_calls_charge_each_once(database_url):
    """Each call's four reports, scattered over three writers at a time."""
    books = Books(database_url)
    calls = 30
    spans = [span for n in range(calls) for span in copies(n, key=f"msg_{n}")]
    shares: list[list] = [[], [], []]
    for number, span in enumerate(random.Random(1).sample(spans, len(spans))):
        shares[number % 3].append(span)

    def send(slot: int) -> None:
        rng, writer = random.Random(slot), books.writer(slot=slot)
        waiting = shares[slot] + rng.sample(shares[(slot + 1) % 3], 20)
        while waiting:
            size = rng.randrange(1, 12)
            writer.book([waiting[:size]], NOON + HOUR)
            waiting = waiting[size:]

    assert at_once(send, 3) == []
    late.charge_due(books.booking, NOON + 2 * HOUR)
    assert books.charged() == {f"own{n}" for n in range(calls)}
    books.assert_proven()
    books.database.close()


def test_a_body_with_more_calls_than_locks_is_booked(database_url, monkeypatch):
    monkeypatch.setattr(stores, "MOST_LOCKS", 10)
    books = Books(database_url)
    books.book(*(call("t", f"c{n}", key=f"msg_{n}") for n in range(50)), call("u", "copy", key="msg_7"))
    assert len(books.charged()) == 50
    books.assert_proven()
    books.database.close()


def test_reports_are_found_through_the_index_alone(sqlite_url):
    books = Books(sqlite_url)
    books.book(*copies())
    with books.database.read() as connection:
        query = text("EXPLAIN QUERY PLAN SELECT id FROM usage u WHERE u.call_ref IS NOT NULL AND u.call_ref IN (1, 2)")
        plan = " ".join(row[3] for row in connection.execute(query))
    assert "ix_usage_call_ref" in plan
    books.database.close()


def test_a_booking_without_copies_elsewhere_locks_and_reads_once(database_url):
    books = Books(database_url)
    reads = []
    store = stores.SqliteStore if books.database.is_sqlite else stores.PostgresStore
    original = store.lock_and_read

    def counting(self, wanted):
        reads.append(wanted)
        return original(self, wanted)

    store.lock_and_read = counting
    try:
        books.book(*(call("t", f"c{n}", key=f"msg_{n}") for n in range(8)))
        books.book(bare("t", "root", "workflow"), call("t", "d", "root", key="msg_d"))
        books.book(call("t", "x"))
    finally:
        store.lock_and_read = original
    assert len(reads) == 3
    assert not reads[2].refs
    books.database.close()
