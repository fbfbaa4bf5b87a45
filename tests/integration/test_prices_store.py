"""Price rows in the ledger: versions, overlaps, rollback, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from exporter.errors import Conflict, NotFound
from exporter.ledger import price_store, schema
from exporter.ledger.engine import Database
from exporter.ledger.price_store import Change
from exporter.ledger.service_tables import audit_log, price_version
from exporter.pricing.row_json import row_from_mapping


@pytest.fixture
def database(database_url):
    database = Database(database_url)
    schema.upgrade(database.engine)
    yield database
    database.close()


def row(model="gpt-6-sol", usd="1", **stated):
    rates = {"input": usd, "output": usd}
    return row_from_mapping(
        {"layer": "override", "provider": "openai", "model": model, "usd_per_million": rates, **stated}
    )


def change(database, *add, withdraw=(), beside=(), dry_run=False):
    with database.write() as connection:
        return price_store.change_prices(
            connection, Change(add, withdraw, "a test", "tester"), beside=beside, now_ns=1, dry_run=dry_run
        )


def in_force(database, beside=()):
    with database.read() as connection:
        return price_store.rows_in_force(connection, beside=beside)


def test_a_row_comes_back_as_it_was_set(database):
    full = row(
        **{"from": "2026-11-01", "until": "2026-12-01T16:00:00Z"},
        context={"processing": "batch"},
        windows=["01:00-04:00"],
        weekdays=["mon"],
        utc_offset="+08:00",
        tiers=[{"from": 200000, "usd_per_million": {"input": "2"}}],
        usd_per_unit={"web_searches": "0.01"},
        source="contract 4711",
    )
    change(database, full)
    assert in_force(database) == [full]


def test_each_change_makes_a_version_on_top_of_the_one_before(database):
    first, second = change(database, row("a")), change(database, row("b"))
    assert [one.model for one in in_force(database)] == ["a", "b"]
    with database.read() as connection:
        assert [(one.book, one.parent, one.active) for one in price_store.read_books(connection)] == [
            (first, 0, False),
            (second, first, True),
        ]
        assert [one.model for one in price_store.rows_of_book(connection, first)] == ["a"]


def test_two_rows_for_one_instant_are_refused_and_nothing_is_written(database):
    first = change(database, row(until="2026-12-01"))
    with pytest.raises(Conflict, match="two override prices for openai/gpt-6-sol would hold at the same time"):
        change(database, row(usd="2", **{"from": "2026-11-01"}))
    with database.read() as connection:
        assert price_store.active_book(connection) == first
        assert connection.scalar(select(func.count()).select_from(price_version)) == 1


def test_a_row_that_contradicts_the_configuration_file_is_refused(database):
    with pytest.raises(Conflict):
        change(database, row(usd="2"), beside=[row()])
    assert in_force(database) == []


def test_a_row_that_a_later_file_contradicts_gives_way_to_the_file(database):
    change(database, row("a"), row("b"))
    assert [one.model for one in in_force(database, beside=[row("a", "9")])] == ["b"]


def test_rows_that_follow_one_another_are_no_overlap(database):
    change(database, row(until="2026-12-01"))
    change(database, row(usd="2", **{"from": "2026-12-01"}))
    assert len(in_force(database)) == 2


def test_a_withdrawn_row_is_gone_from_its_version_on_and_kept_in_the_table(database):
    old, new = row("a"), row("b")
    first = change(database, old)
    change(database, new, withdraw=[old])
    assert in_force(database) == [new]
    with database.read() as connection:
        assert price_store.rows_of_book(connection, first) == [old]
        assert connection.scalar(select(func.count()).select_from(price_version)) == 3


def test_a_rollback_points_back_and_a_later_change_builds_on_that(database):
    first = change(database, row("a"))
    second = change(database, row("b"))
    with database.write() as connection:
        assert price_store.roll_back(connection, actor="tester", now_ns=2) == (second, first)
    assert [one.model for one in in_force(database)] == ["a"]
    change(database, row("c"))
    assert [one.model for one in in_force(database)] == ["a", "c"]
    with database.write() as connection:
        price_store.roll_back(connection, to_book=second, actor="tester", now_ns=3)
    assert [one.model for one in in_force(database)] == ["a", "b"]


def test_a_row_may_be_withdrawn_again_after_a_rollback(database):
    old = row("a")
    first = change(database, old)
    change(database, row("b"), withdraw=[old])
    with database.write() as connection:
        price_store.roll_back(connection, to_book=first, actor="tester", now_ns=2)
    assert in_force(database) == [old]
    change(database, row("c"), withdraw=[old])
    assert [one.model for one in in_force(database)] == ["c"]


def test_a_rollback_to_nothing_or_to_what_never_was(database):
    with database.write() as connection, pytest.raises(NotFound, match="nothing to roll back"):
        price_store.roll_back(connection, actor="tester", now_ns=2)
    change(database, row("a"))
    with database.write() as connection, pytest.raises(NotFound, match="there is no version 99"):
        price_store.roll_back(connection, to_book=99, actor="tester", now_ns=2)
    with database.write() as connection:
        price_store.roll_back(connection, to_book=0, actor="tester", now_ns=2)
    assert in_force(database) == []


def test_a_dry_run_checks_and_writes_nothing(database):
    assert change(database, row("a"), dry_run=True) == 0
    assert in_force(database) == []
    change(database, row("a"))
    with pytest.raises(Conflict):
        change(database, row("a", "2"), dry_run=True)


def test_every_change_is_in_the_audit_log(database):
    change(database, row("a"))
    with database.write() as connection:
        price_store.roll_back(connection, actor="tester", now_ns=2)
    with database.read() as connection:
        found = [(one.actor, one.action) for one in connection.execute(select(audit_log).order_by(audit_log.c.number))]
    assert found == [("tester", "prices.change"), ("tester", "prices.rollback")]
