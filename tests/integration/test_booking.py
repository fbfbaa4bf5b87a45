"""The booking transaction on both databases: each call once, whatever was sent, in whatever order."""

from __future__ import annotations

import random
import threading

import pytest
from sqlalchemy import delete, select, text

from exporter.errors import Unavailable
from exporter.ledger import late, tables
from exporter.ledger.audit import audit
from exporter.ledger.engine import Database
from exporter.pricing.charge import Charge, Component
from exporter.usage import Tokens
from support.entries import NOON, SECOND, bare, call, trace_id
from support.ledgers import HOUR, Books


@pytest.fixture
def books(database_url):
    books = Books(database_url)
    yield books
    books.database.close()


def test_a_call_is_charged_and_every_sum_says_so(books):
    booked = books.book(call("t", "c", tokens=Tokens(10, 20, 30, 40, 50, 60), cost=123, task="T-1"))
    assert (booked.accepted, booked.duplicate, booked.ignored) == (1, 0, 0)
    assert books.rows() == {"c": ("charged", None, 123)}
    assert books.net() == {
        "calls": 1,
        "input_uncached": 10,
        "cache_read": 20,
        "cache_write_5m": 30,
        "cache_write_1h": 40,
        "output_visible": 50,
        "reasoning": 60,
        "cost_nano_usd": 123,
    }
    assert books.sums(tables.task_rollup) == books.net()
    books.assert_balanced()


def test_a_resend_is_a_duplicate_and_adds_nothing(books):
    entries = [bare("t", "a", "agent"), call("t", "c", "a")]
    books.book(*entries)
    before = books.net()
    again = books.book(*entries)
    assert (again.accepted, again.duplicate, again.ignored) == (0, 2, 0)
    assert books.net() == before
    assert books.count(tables.skeleton) == 1


def test_a_resend_beyond_the_settle_horizon_takes_the_exact_path(books):
    books.book(bare("t", "a", "agent"), call("t", "c", "a"))
    with books.database.write() as connection:
        connection.execute(delete(tables.skeleton))
    again = books.book(bare("t", "a", "agent"), call("t", "c", "a"), call("t", "d", "a"))
    assert (again.accepted, again.duplicate) == (1, 1)
    assert books.charged() == {"c", "d"}
    books.assert_balanced()


def test_a_copy_with_more_token_classes_replaces_the_poorer_one_exactly(books):
    books.book(call("t", "c", tokens=Tokens(100, 0, 0, 0, 20, 0), cost=500))
    again = books.book(call("t", "c", tokens=Tokens(60, 40, 0, 0, 20, 0), cost=300))
    assert again.duplicate == 1
    assert books.rows() == {"c": ("charged", None, 300)}
    assert books.sums(tables.adjustment)["cost_nano_usd"] == 500
    assert books.net()["cache_read"] == 40
    books.assert_balanced()


def test_usage_that_arrives_after_its_bare_span_is_charged(books):
    books.book(bare("t", "c", "other"))
    books.book(call("t", "c"))
    assert books.charged() == {"c"}
    books.assert_balanced()


def test_a_silent_call_counts_as_a_call_and_claims_nothing(books):
    books.book(call("t", "c", tokens=Tokens(), cost=None))
    assert books.rows() == {"c": ("not_billable", "no_usage", None)}
    assert books.net()["calls"] == 1
    assert books.net()["input_uncached"] == 0
    books.assert_balanced()


def test_an_aggregate_waits_and_is_charged_when_nothing_below_it_reported(books):
    books.book(call("t", "a", kind="agent"), at=NOON)
    assert books.rows()["a"][:2] == ("pending", "settling")
    assert books.net()["calls"] == 0
    assert late.charge_due(books.booking, NOON + 59 * SECOND) == 0
    assert late.charge_due(books.booking, NOON + 61 * SECOND) == 1
    assert books.charged() == {"a"}
    books.assert_balanced()


def test_a_late_child_reverses_its_settled_agent_through_the_adjustments(books):
    books.book(call("t", "a", kind="agent", cost=700), at=NOON)
    late.charge_due(books.booking, NOON + HOUR)
    books.book(call("t", "c", "a", cost=700), at=NOON + HOUR)
    assert books.charged() == {"c"}
    assert books.rows()["a"][:2] == ("superseded", "aggregate")
    assert books.sums(tables.adjustment)["cost_nano_usd"] == 700
    assert books.net()["cost_nano_usd"] == 700
    assert books.count(tables.revision) == 2
    books.assert_balanced()


def test_every_order_and_split_of_a_trace_gives_the_same_rows(database_url):
    """Agent totals, steps, a wrapper, a richer copy and a resend: shuffled, split into requests and repeated."""
    spans = [
        call("t", "agent", kind="agent", tokens=Tokens(300, 0, 0, 0, 30, 0), cost=3300),
        call("t", "step", "agent", kind="step", tokens=Tokens(100, 0, 0, 0, 10, 0), cost=1100),
        call("t", "outer", "step", tokens=Tokens(100, 0, 0, 0, 10, 0), cost=1100),
        call("t", "inner", "outer", tokens=Tokens(40, 60, 0, 0, 10, 0), cost=600),
        bare("t", "tool", "tool", "outer"),
        call("t", "second", "tool", cost=50),
        call("t", "second", "tool", tokens=Tokens(90, 10, 0, 0, 20, 0), cost=45),
        call("t", "silent", "agent", tokens=Tokens(), cost=None),
    ]
    books = Books(database_url)
    seen = set()
    for seed in range(12):
        rng = random.Random(seed)
        renamed = [entry._replace(trace_id=trace_id(f"t{seed}")) for entry in rng.sample(spans, len(spans))]
        cut = rng.randrange(1, len(renamed))
        for part in (renamed[:cut], renamed[cut:], renamed[: rng.randrange(len(renamed))]):
            if part:
                books.book(*part)
        late.charge_due(books.booking, NOON + 2 * HOUR)
        query = (
            select(tables.usage.c.span_id, tables.usage.c.billing, tables.usage.c.cost_nano_usd)
            .join(tables.trace, tables.trace.c.id == tables.usage.c.trace)
            .where(tables.trace.c.trace_id == trace_id(f"t{seed}"))
        )
        with books.database.read() as connection:
            seen.add(frozenset((bytes(s), b, c) for s, b, c in connection.execute(query)))
        books.assert_balanced()
    assert len(seen) == 1
    books.database.close()


def test_requests_booked_together_get_their_own_counts(books):
    books.book(call("t0", "c"))
    first, second = books.booking.book(
        [[call("t1", "a"), bare("t1", "b", "tool")], [call("t1", "a"), call("t0", "c"), call("t2", "d")]],
        NOON + HOUR,
    )
    assert (first.accepted, first.duplicate, first.ignored) == (1, 0, 1)
    assert (second.accepted, second.duplicate, second.ignored) == (1, 2, 0)
    books.assert_balanced()


def test_two_writers_with_the_same_bodies_double_nothing(books):
    bodies = [[call(f"t{n}", f"c{i}") for i in range(4)] for n in range(40)]
    writers = [books.writer(slot=slot) for slot in range(2)]

    def send(writer, order):
        for body in order:
            writer.book([body], NOON + HOUR)

    threads = [
        threading.Thread(target=send, args=(writers[0], bodies)),
        threading.Thread(target=send, args=(writers[1], list(reversed(bodies)))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert books.net()["calls"] == 160
    books.assert_balanced()


def test_a_large_body_uses_the_copy_path_and_balances(books):
    entries = [call(f"t{n // 4}", f"c{n}", task=f"T-{n % 7}") for n in range(600)]
    assert books.book(*entries).accepted == 600
    assert books.net()["calls"] == 600
    books.assert_balanced()


class SevenNano:
    """Prices of 7 nano-USD an input token, for one model."""

    def price_first(self, _provider, models, _at_ns, tokens, _units, **_context):
        assert models == ["mystery-1"]
        cost = 7 * tokens.input_uncached
        part = Component("input_uncached", tokens.input_uncached, 7_000, "", cost)
        return models[0], Charge(cost, "priced", (), (part,), "override:1")


def test_late_pricing_prices_unpriced_rows_and_only_those(books):
    books.book(call("t", "known", cost=100), call("t", "strange", model="mystery-1", cost=None))
    with books.database.read() as connection:
        unpriced = connection.scalar(text("SELECT sum(unpriced_tokens) FROM total"))
    assert unpriced == 120
    assert late.price_late(books.booking, SevenNano(), NOON + HOUR) == 1
    assert books.rows() == {"known": ("charged", None, 100), "strange": ("charged", None, 700)}
    assert books.net()["calls"] == 2
    assert books.net()["input_uncached"] == 200
    assert books.sums(tables.adjustment)["input_uncached"] == 0
    books.assert_balanced()
    assert late.price_late(books.booking, SevenNano(), NOON + HOUR) == 0


def test_late_pricing_beyond_the_series_limit_keeps_the_audit_content(database_url):
    books = Books(database_url, series_limit=1)
    books.book(call("t", "strange", model="mystery-1", cost=None))
    books.book(*(call("t", f"c{n}", agent=f"agent-{n}") for n in range(6)))
    assert late.price_late(books.booking, SevenNano(), NOON + HOUR) == 1
    with books.database.read() as connection:
        assert list(audit(connection).findings) == []
    books.assert_balanced()
    books.database.close()


def test_a_writer_that_cannot_get_the_database_says_unavailable(tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    books, other = Books(url), Database(url, lock_seconds=0.2)
    with books.database.write(), pytest.raises(Unavailable) as refused, other.write():
        pass
    assert refused.value.retry_after == 2
    other.close()
    books.database.close()
