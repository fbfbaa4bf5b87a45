"""Rolling restarts of two replicas under load: counters never fall, and their increases are the ledger."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import create_engine, text

from chaos.bodies import SECOND_NS
from chaos.books import assert_books_hold, expected_calls, read_books
from chaos.exposition import NANO, Scrapes
from support.commands import audit, migrate
from support.ports import free_port
from support.prometheus import Prometheus
from support.proofs import proof_size

SCRAPES = proof_size(bounded=60, full=1_100)
ROUNDS = proof_size(bounded=1, full=6)
NEWBORN_SECONDS = 60
"""So long a new series shows 0 (DESIGN, decision 3)."""
TOLERANCE = 0.001


def age_series(database_url):
    """Make the series of the warm-up older than the time for which a new one shows 0."""
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    age = (NEWBORN_SECONDS + 5) * SECOND_NS
    with engine.begin() as connection:
        for table in ("series", "distribution_series", "family_series"):
            connection.execute(text(f"UPDATE {table} SET created_at = created_at - {age}"))
    engine.dispose()


def warm_up(start_server, start_load, database_url):
    """A service that has been in use: every label set of the load exists."""
    server = start_server(migrate(database_url))
    load = start_load(1, [server.port], threads=2)
    load.wait_for(30)
    load.finish()
    server.stop()
    age_series(database_url)
    return load


def restart_in_turn(replicas, scrapes, rounds, load):
    """Restart one replica after the other, spread over the wanted number of scrapes."""
    for turn in range(rounds * len(replicas)):
        wanted = SCRAPES * (turn + 1) // (rounds * len(replicas) + 1)
        while scrapes.count < wanted:
            assert not load.faults, load.faults[:3]
            time.sleep(0.05)
        replica = replicas[turn % len(replicas)]
        replica.stop()
        replica.start()
    while scrapes.count < SCRAPES:
        time.sleep(0.05)


@pytest.mark.proof
def test_counters_of_two_replicas_under_restarts_add_up_to_the_ledger(start_server, start_load, postgres_url, show):
    earlier = warm_up(start_server, start_load, postgres_url)
    base = read_books(postgres_url)
    replicas = [start_server(postgres_url) for _ in range(2)]
    ports = [replica.port for replica in replicas]
    scrapes = Scrapes(ports).start()
    load = start_load(2, ports, pause_seconds=0.02)
    restart_in_turn(replicas, scrapes, ROUNDS, load)
    load.finish()
    scrapes.finish()

    assert not load.faults, load.faults[:3]
    assert not scrapes.falls, scrapes.falls[:5]
    assert scrapes.count >= SCRAPES
    books = read_books(postgres_url)
    expected = expected_calls(earlier.maker, earlier.acknowledged) | expected_calls(load.maker, load.acknowledged)
    assert_books_hold(books, expected)
    assert books.calls == expected
    cost = books.totals.cost_nano_usd - base.totals.cost_nano_usd
    tokens = sum(books.totals.tokens) - sum(base.totals.tokens)
    calls = books.totals.calls - base.totals.calls
    assert scrapes.increases["agent_cost_usd_total"] == cost > 0
    assert scrapes.increases["agent_tokens_total"] == tokens * NANO > 0
    assert scrapes.increases["agent_calls_total"] == calls * NANO > 0
    audit(postgres_url)
    show(
        f"{ROUNDS * 2} restarts under load: {scrapes.count:,} scrapes of both ({scrapes.missed} found one away), "
        f"no counter fell; raw increases are {calls:,} calls, {tokens:,} tokens, {cost / NANO:.9f} USD, as in the books"
    )


# Series show 0 for their first minute, and a window must be long for `increase` to be exact: no bounded form.
if proof_size(bounded=0, full=1):

    @pytest.mark.proof
    def test_increase_over_a_run_with_restarts_is_the_ledger(
        start_server, start_load, postgres_url, tmp_path, tool, show
    ):
        program = tool("prometheus")
        migrate(postgres_url)
        ports = [free_port(), free_port()]
        replicas = [start_server(postgres_url, port=port) for port in ports]
        with Prometheus(program, tmp_path / "prometheus", ports, interval="200ms") as prometheus:
            scrapes = Scrapes(ports).start()
            # Scrapes are what counts here, and a scrape that takes longer than its interval is none.
            load = start_load(3, ports, pause_seconds=0.2)
            load.wait_for(20)
            born = time.monotonic()
            restart_in_turn(replicas, scrapes, ROUNDS, load)
            load.finish()
            time.sleep(max(0.0, born + NEWBORN_SECONDS + 5 - time.monotonic()))
            scrapes.finish()
            books = read_books(postgres_url)
            seen = {port: prometheus.increase_over_run("agent_tokens_total", port) for port in ports}
            spent = {port: prometheus.increase_over_run("agent_cost_usd_total", port) for port in ports}
            samples = prometheus.sample_count("agent_calls_total")

        assert not scrapes.falls, scrapes.falls[:5]
        tokens, cost = sum(books.totals.tokens), books.totals.cost_nano_usd / NANO
        for port in ports:
            assert seen[port] == pytest.approx(tokens, rel=TOLERANCE)
            assert spent[port] == pytest.approx(cost, rel=TOLERANCE)
        show(
            f"increase() in Prometheus over {samples:,} scrapes of two replicas: "
            + ", ".join(f"{seen[port]:,.0f} tokens and {spent[port]:.4f} USD" for port in ports)
            + f"; the ledger has {tokens:,} and {cost:.4f}"
        )
