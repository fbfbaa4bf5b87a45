"""What hostile, broken or merely unlucky senders do to the booking, on both databases."""

from __future__ import annotations

from itertools import permutations

import pytest
from sqlalchemy import text

from exporter.budgets.definition import Budget
from exporter.combining import Combiner
from exporter.ledger import booking, late, retention, tables
from exporter.ledger.budget_booking import Ref
from exporter.ledger.entry import Entry
from exporter.ledger.evaluation import watch_windows
from exporter.ledger.scope import Scope
from exporter.pricing.charge import Charge
from exporter.settle.skeleton import CARRIER
from exporter.settle.tree import find_superseded
from exporter.usage import Tokens
from support.entries import NOON, SECOND, bare, call, node, priced, trace_id
from support.ledgers import HOUR, Books


@pytest.fixture
def books(database_url):
    books = Books(database_url)
    yield books
    books.database.close()


def stated_cost_only(trace, name, end):
    """A call that reports a cost and no tokens."""
    shape = node(name, classes=0, carries=False, end=end, digest=7)._replace(marks=CARRIER)
    return Entry(trace_id(trace), shape, priced(tokens=Tokens(), cost=900, cost_status="reported"))


def test_a_bare_copy_with_a_later_end_takes_nothing_from_a_call_without_tokens(books):
    """Whatever the order, the copy that says what the call cost stands."""
    for number, order in enumerate(permutations(range(3))):
        name = f"t{number}"
        later = bare(name, "c", "llm")
        copies = [
            stated_cost_only(name, "c", NOON + SECOND),
            later._replace(node=later.node._replace(end_ns=NOON + 9 * SECOND)),
            call(name, "a", kind="agent", cost=900),
        ]
        copies[0] = copies[0]._replace(node=copies[0].node._replace(parent_id=copies[2].node.span_id))
        for position in order:
            books.book(copies[position], at=NOON)
        late.charge_due(books.booking, NOON + HOUR)
    assert books.net()["cost_nano_usd"] == 6 * 900
    books.assert_balanced()


def test_durations_of_many_long_calls_stay_within_a_column(books):
    year = 365 * 24 * HOUR
    for number in range(4):
        books.book(*(call(f"t{number}", f"c{i}", start=NOON - 100 * year, end=NOON) for i in range(2)))
    with books.database.read() as connection:
        found = connection.scalar(text("SELECT sum FROM distribution WHERE measure = 2"))
    assert found == 8 * 100 * year // 1000


def test_a_request_full_of_new_names_lets_other_writers_in(books, monkeypatch):
    monkeypatch.setattr(booking, "INTERNED_TOGETHER", 3)
    opened = []
    write = books.database.write
    monkeypatch.setattr(books.database, "write", lambda: opened.append(1) or write())
    calls = [call("t", f"c{n}", model=f"m{n}", task=f"T-{n % 4}") for n in range(10)]
    assert books.book(*calls).accepted == 10
    assert len(opened) == 4 + 1
    books.assert_balanced()


def test_a_call_without_tokens_is_not_priced_late_as_free(books):
    entry = stated_cost_only("t", "c", NOON + SECOND)
    unknown = priced(tokens=Tokens(), cost=None, cost_reasons='["no_usage"]')
    books.book(entry._replace(usage=unknown))

    class Prices:
        def price_first(self, provider, models, at_ns, tokens, units, *, context):
            return models[0], Charge(0, "free", (), (), "override:1")

    assert late.price_late(books.booking, Prices(), NOON + HOUR) == 0
    assert books.rows() == {"c": ("charged", None, None)}


def test_old_shapes_are_pruned_past_the_young_trace_of_an_idle_writer(books, monkeypatch):
    """Writers take trace numbers in blocks, so a low number may be younger than many high ones."""
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(9):
        books.book(call(f"t{number}", "c"), at=NOON)
    with books.database.write() as connection:
        connection.execute(
            text("UPDATE skeleton SET received_at = :at WHERE trace = (SELECT min(id) FROM trace)"), {"at": NOON + HOUR}
        )
    assert retention.prune_skeletons(books.database, NOON + SECOND) == 8
    assert books.count(tables.skeleton) == 1


def test_a_request_that_touches_thousands_of_budget_windows_is_booked(database_url):
    hourly = [Ref(n, Budget(id=f"b{n}", limit=10**9, unit="nano_usd", period="hour")) for n in (1, 2)]
    books = Books(database_url, budgets=hourly)
    calls = [call("t", f"c{n}", start=NOON - n * HOUR, end=NOON - n * HOUR + SECOND) for n in range(450)]
    assert books.book(*calls).accepted == 450
    assert books.count(tables.budget_window) == 900
    books.database.close()


def test_a_crossing_shared_in_a_period_that_is_over_is_found(postgres_url):
    """Two writers, each half of the limit, neither sees the other; the present period is another one by now."""
    daily = Ref(1, Budget(id="day", limit=1_000, unit="nano_usd", period="day"))
    books = Books(postgres_url, budgets=[daily])
    tomorrow = NOON + 24 * HOUR
    books.book(call("first", "c", cost=10), at=tomorrow)
    with books.database.write() as connection:
        one = books.writer(slot=1)
        one.dimensions.intern(connection, {call("x", "y").usage.dimension}, set(), NOON)
    own = {trace_id("one"): [call("one", "c", cost=500)]}
    with books.database.write() as connection:
        one._write(connection, own, tomorrow, scope=Scope(own), exact=False)
        books.book(call("two", "c", cost=500), at=tomorrow)
    assert books.count(tables.breach) == 0
    for _ in range(2):
        watch_windows(books.database, books.budgets, tomorrow + SECOND)
    assert books.count(tables.breach) == 3
    books.database.close()


def test_a_request_that_gives_up_while_others_are_taken_leaves_them_served():
    """A ticket taken away between counting and taking must not lose the tickets that were taken with it."""
    combiner = Combiner(list, most=16, patience=1)

    class Emptied(type(combiner._waiting)):
        def __len__(self):
            return super().__len__() + 1

    combiner._waiting = Emptied()
    assert combiner.submit("a") == "a"


def test_a_circle_of_parents_is_judged_alike_in_any_order():
    circles = [
        [node("a", parent="b"), node("b", carries=False, classes=0, parent="a"), node("c", parent="b")],
        [node("a", "step", "b"), node("b", parent="c"), node("c", "other", "a", carries=False, classes=0)],
    ]
    for circle in circles:
        verdicts = [find_superseded({one.span_id: one for one in order}) for order in permutations(circle)]
        assert all(verdict == verdicts[0] for verdict in verdicts)
    own_parent = node("a", "agent", "a")
    assert find_superseded({one.span_id: one for one in (own_parent, node("x"))}) == {}


def test_many_traces_with_few_calls_are_booked(books):
    shapes = [bare(f"t{number}", f"s{number}", "tool") for number in range(200)]
    books.book(*shapes, call("t1", "c"))
    assert books.count(tables.skeleton) == 200
    assert books.charged() == {"c"}
