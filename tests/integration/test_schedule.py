"""Scheduled jobs: one holder of all workers, facts for everybody, trouble that passes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from exporter.errors import Unavailable
from exporter.ledger.service_tables import job
from exporter.schedule import LEASE_NS, SECOND_NS, Job, Outcome, Scheduler
from support.ledgers import Books


class Clock:
    def __init__(self):
        self.now = 10**18

    def __call__(self):
        return self.now


@pytest.fixture
def books(database_url):
    books = Books(database_url)
    yield books
    books.database.close()


def fact(books, name):
    with books.database.read() as connection:
        return connection.execute(select(job).where(job.c.name == name)).first()


def scheduler(books, clock, jobs, follow=()):
    return Scheduler(books.database, follow=follow, jobs=jobs, clock_ns=clock)


def test_a_job_runs_in_one_of_two_workers_until_its_holder_is_gone(books):
    clock, ran = Clock(), []
    workers = [
        scheduler(books, clock, [Job("count", 0, lambda _now, n=n: ran.append(n) or Outcome())]) for n in range(2)
    ]
    for worker in workers * 2:
        worker.tick()
        clock.now += SECOND_NS
    assert ran == [0, 0]
    clock.now += LEASE_NS
    workers[1].tick()
    assert ran == [0, 0, 1]


def test_a_job_waits_for_its_interval_and_leaves_its_finding(books):
    clock, ran = Clock(), []

    def check(now_ns):
        ran.append(now_ns)
        return Outcome(success=len(ran) == 1, value=7, detail="found 7")

    worker = scheduler(books, clock, [Job("check", 60 * SECOND_NS, check)])
    for _ in range(4):
        worker.tick()
        clock.now += 20 * SECOND_NS
    assert len(ran) == 2
    row = fact(books, "check")
    assert (row.last_success_at, row.last_run_at) == (ran[0], ran[1])
    assert (row.value, row.detail) == (7, "found 7")


def test_a_job_with_nothing_to_note_leaves_nothing(books):
    worker = scheduler(books, Clock(), [Job("idle", 0, lambda _now: None)])
    worker.tick()
    assert fact(books, "idle") is None


def test_trouble_in_one_job_stops_no_other(books, caplog):
    clock, ran = Clock(), []

    def fail(_now):
        raise Unavailable("the database is away")

    jobs = [Job("bad", 0, fail), Job("good", 0, lambda _now: ran.append(1) or Outcome())]
    scheduler(books, clock, jobs, follow=[lambda: 1 / 0]).tick()
    assert ran == [1]
    assert "the database is away" in caplog.text
    assert "division by zero" in caplog.text
