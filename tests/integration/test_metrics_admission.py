"""The series cap: sticky, and never at the cost of a sum."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from exporter.ledger.admission import admit, admit_distribution
from exporter.ledger.families import COST, DISTRIBUTION_FAMILY, ERRORS, OTHER_LABEL, TOKENS, overflow_texts
from exporter.ledger.tables import SERIES_TEXTS, family_series
from exporter.views.distributions import rejected_sets
from exporter.views.metrics import MetricReader
from support.metric_rows import NOW, add_series, add_total, make_database


@pytest.fixture
def database(database_url):
    database = make_database(database_url)
    yield database
    database.close()


def texts(project="payments", model="m", **others):
    values = {"project": project, "model": model, "provider": "openai", **others}
    return tuple(values.get(name, "") for name in SERIES_TEXTS)


def book(connection, labels, limit, cost=1):
    """A label set as a booking makes it."""
    overflow = admit(connection, labels, NOW, limit)
    number = add_series(connection, dict(zip(SERIES_TEXTS, labels, strict=True)), overflow=overflow)
    add_total(connection, number, calls=1, cost_nano_usd=cost, input_uncached=cost)
    return overflow


def read(database):
    with database.read() as connection:
        return MetricReader().read(connection, NOW + 10**12)


def test_what_was_admitted_first_stays_and_the_rest_is_added_up_by_project(database):
    with database.write() as connection:
        for number in range(10):
            book(connection, texts(model=f"m{number}"), limit=4)
    points = read(database)["cost"]
    shown = dict(zip(points.labels, points.values, strict=True))
    other = ("payments", *[OTHER_LABEL] * 5)
    assert shown == {("payments", "", "", "", "openai", f"m{n}"): 1 for n in range(4)} | {other: 6}


def test_a_label_set_that_was_admitted_is_admitted_again_when_the_family_is_full(database):
    with database.write() as connection:
        book(connection, texts(model="first"), limit=1)
        book(connection, texts(model="second"), limit=1)
        assert not book(connection, texts(model="first", operation="embeddings"), limit=1) & COST.overflow_bit


def test_a_family_of_six_token_classes_fills_six_times_as_fast(database):
    with database.write() as connection:
        masks = [admit(connection, texts(model=f"m{number}"), NOW, 12) for number in range(3)]
    assert [bool(mask & TOKENS.overflow_bit) for mask in masks] == [False, False, True]
    assert not any(mask & COST.overflow_bit for mask in masks)


def test_too_many_projects_end_up_in_one_series(database):
    with database.write() as connection:
        for number in range(9):
            book(connection, texts(project=f"p{number}"), limit=3)
    points = read(database)["cost"]
    projects = [labels[0] for labels in points.labels]
    assert projects == ["p0", "p1", "p2", "p3", "p4", "p5", OTHER_LABEL]
    assert points.values == [1, 1, 1, 1, 1, 1, 3]


def test_no_sum_depends_on_the_cap(database):
    with database.write() as connection:
        for number in range(60):
            labels = texts(project=f"p{number % 7}", model=f"m{number}", error_type=f"e{number % 5}", operation="chat")
            book(connection, labels, limit=8, cost=number)
    points = read(database)
    for feed, expected in [("cost", 1770), ("tokens", 1770), ("calls", 60), ("errors", 60), ("inference_input", 1770)]:
        assert sum(points[feed].values) == expected, feed
        assert len(set(points[feed].labels)) == len(points[feed].labels) <= 6 * 8 * 2 + 6, feed


def test_a_call_without_an_error_takes_no_place_among_the_errors(database):
    with database.write() as connection:
        for number in range(5):
            assert not admit(connection, texts(agent=f"a{number}"), NOW, 1) & ERRORS.overflow_bit
        assert not admit(connection, texts(error_type="timeout"), NOW, 1) & ERRORS.overflow_bit


def test_raising_the_limit_admits_new_label_sets_and_moves_no_old_one(database):
    with database.write() as connection:
        book(connection, texts(model="a"), limit=1)
        book(connection, texts(model="b"), limit=1)
        book(connection, texts(model="c"), limit=5)
    models = [labels[-1] for labels in read(database)["cost"].labels]
    assert models == ["a", OTHER_LABEL, "c"]


def test_a_rolled_back_booking_admits_nothing(database):
    with database.engine.connect() as connection, connection.begin() as transaction:
        admit(connection, texts(), NOW, 1)
        transaction.rollback()
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(family_series)) == 0
    with database.write() as connection:
        assert not admit(connection, texts(model="other"), NOW, 1) & COST.overflow_bit


def test_the_rejected_label_sets_of_each_family_are_counted(database):
    reader = MetricReader()
    with database.write() as connection:
        for number in range(5):
            book(connection, texts(model=f"m{number}"), limit=2)
    with database.read() as connection:
        reader.read(connection, NOW)
        assert reader.rejected(connection)["cost"] == 3


def test_histograms_are_capped_by_their_34_series(database):
    with database.write() as connection:
        shown = [admit_distribution(connection, ("chat", "p", f"m{n}", f"m{n}", ""), NOW, 100) for n in range(4)]
        again = admit_distribution(connection, ("chat", "p", "m3", "m3", ""), NOW, 100)
        assert rejected_sets(connection, DISTRIBUTION_FAMILY) == 2
    assert [labels[2] for labels in shown] == ["m0", "m1", OTHER_LABEL, OTHER_LABEL]
    assert again == (OTHER_LABEL,) * 5


def test_what_stands_for_a_label_set_belongs_to_the_same_families():
    failed = overflow_texts(texts(error_type="timeout"), keeps_project=True)
    answered = overflow_texts(texts(), keeps_project=False)
    assert failed[0] == "payments"
    assert ERRORS.holds(failed)
    assert answered[0] == OTHER_LABEL
    assert not ERRORS.holds(answered)
