"""kill -9 of the whole server in the middle of a load run: nothing acknowledged is lost, nothing counted twice."""

from __future__ import annotations

import random
import time

import pytest

from chaos.books import assert_books_hold, expected_calls, read_books
from support.commands import audit, migrate
from support.proofs import proof_size

KILLS = proof_size(bounded=2, full=10)
BODIES_BETWEEN = proof_size(bounded=60, full=300)
SEED = 7


@pytest.mark.proof
def test_kill_nine_under_load_loses_and_doubles_nothing(start_server, start_load, database_url, show):
    rng = random.Random(SEED)
    server = start_server(migrate(database_url))
    load = start_load(SEED, [server.port])
    downtime = []
    for kill in range(1, KILLS + 1):
        load.wait_for(kill * BODIES_BETWEEN)
        time.sleep(rng.random() * 0.2)
        server.kill()
        before = len(load.acknowledged)
        survived = read_books(database_url)
        assert_books_hold(survived, expected_calls(load.maker, load.acknowledged[:before]))
        began = time.monotonic()
        server.start()
        downtime.append(time.monotonic() - began)
    load.wait_for((KILLS + 1) * BODIES_BETWEEN)
    load.finish()
    server.stop()

    assert not load.faults, load.faults[:3]
    assert load.answers["no answer"] > 0
    expected = expected_calls(load.maker, load.acknowledged)
    books = read_books(database_url)
    assert_books_hold(books, expected)
    assert books.calls == expected
    audit(database_url)
    show(
        f"{KILLS} kills: {len(load.acknowledged):,} bodies with {len(expected):,} calls acknowledged, "
        f"{len(books.calls):,} in the ledger, 0 missing, 0 doubled; {load.resent} bodies resent, "
        f"{load.answers['no answer']} answers lost, restart {max(downtime):.1f} s at most; audit ok"
    )
