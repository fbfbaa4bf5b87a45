"""The database goes away for a while: 503 with Retry-After, flat memory, full recovery, never 500."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from chaos.books import assert_books_hold, expected_calls, read_books
from chaos.memory import group_memory_mib
from support.commands import audit, migrate
from support.postgres import Cluster
from support.proofs import proof_size

OUTAGE_SECONDS = proof_size(bounded=5, full=60)
BODIES = proof_size(bounded=40, full=400)
DISK_MB = proof_size(bounded=24, full=192)
"""Room for what is sent before and after the outage, the write-ahead log included."""
ALLOWED_GROWTH_MIB = 48
IMPATIENT = {"AGENT_EXPORTER_LOCK_TIMEOUT": "1s"}
LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def small_disk(tmp_path):
    """A file system in memory of a few MB."""
    if os.geteuid() != 0:
        pytest.skip("mount needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def own_cluster():
    """A cluster that only this test may stop."""
    cluster = Cluster()
    yield cluster
    cluster.remove()


@contextmanager
def postgres_stopped(cluster):
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()


@contextmanager
def sqlite_locked(path):
    """Another program holds the write lock."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as locker:
        assert locker.stdout.readline() == b"locked\n"
        yield
        locker.stdin.close()
        locker.wait()


@contextmanager
def disk_full(folder):
    """Something else takes all room that is left, and goes away again."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    yield
    ballast.unlink()


def endure(server, start_load, outage, database_url):
    """Load before, during and after the outage; answers the figures."""
    load = start_load(11, [server.port], pause_seconds=0.02)
    load.wait_for(BODIES)
    memory_before = group_memory_mib(server.pid)
    with outage:
        time.sleep(0.5)
        at_start, refused = len(load.acknowledged), load.answers["503"]
        memory_peak = memory_before
        ends = time.monotonic() + OUTAGE_SECONDS
        while time.monotonic() < ends:
            assert server.get("/healthz").status == 200
            memory_peak = max(memory_peak, group_memory_mib(server.pid))
            time.sleep(0.2)
        assert load.answers["503"] > refused
        assert len(load.acknowledged) - at_start <= load.threads
    began, recovered_from = time.monotonic(), len(load.acknowledged)
    load.wait_for(recovered_from + 1)
    recovery = time.monotonic() - began
    load.wait_for(recovered_from + BODIES)
    load.finish()

    assert not load.faults, load.faults[:3]
    assert load.answers["no answer"] == 0
    assert load.without_retry_after == 0
    assert memory_peak - memory_before < ALLOWED_GROWTH_MIB
    expected = expected_calls(load.maker, load.acknowledged)
    books = read_books(database_url)
    assert_books_hold(books, expected)
    assert books.calls == expected
    audit(database_url)
    return (
        f"{OUTAGE_SECONDS} s without: {load.answers['503']} answers of 503, 0 of 500, memory {memory_before:.0f} → "
        f"{memory_peak:.0f} MiB, first acknowledgement {recovery:.1f} s after its return; {len(load.acknowledged):,} "
        f"bodies acknowledged, {len(books.calls):,} calls in the ledger, 0 missing, 0 doubled; audit ok"
    )


@pytest.mark.proof
def test_postgres_stopped_and_started_again_costs_nothing(own_cluster, start_server, start_load, show):
    server = start_server(migrate(own_cluster.url))
    show("PostgreSQL stopped, " + endure(server, start_load, postgres_stopped(own_cluster), own_cluster.url))
    assert server.get("/readyz").status == 200


@pytest.mark.proof
def test_readiness_tells_that_postgres_is_away(own_cluster, start_server):
    server = start_server(migrate(own_cluster.url))
    with postgres_stopped(own_cluster):
        assert server.get("/readyz").status == 503
    await_readiness(server)


@pytest.mark.proof
def test_a_worker_that_starts_while_postgres_is_away_waits_for_it(own_cluster, start_server):
    server = start_server(migrate(own_cluster.url))
    with postgres_stopped(own_cluster):
        for worker in worker_pids(server.pid):
            os.kill(worker, signal.SIGKILL)
        time.sleep(3)
    await_readiness(server)


def worker_pids(master):
    """The processes that the master has made."""
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def await_readiness(server, *, within_seconds=20.0):
    deadline = time.monotonic() + within_seconds
    while True:
        with suppress(OSError):
            if server.get("/readyz").status == 200:
                return
        assert time.monotonic() < deadline, server.log.read_text()[-2000:]
        time.sleep(0.1)


@pytest.mark.proof
def test_an_sqlite_file_locked_by_another_program_costs_nothing(start_server, start_load, sqlite_url, show):
    server = start_server(sqlite_url, env=IMPATIENT)
    show(
        "SQLite locked, " + endure(server, start_load, sqlite_locked(sqlite_url.removeprefix("sqlite:///")), sqlite_url)
    )


@pytest.mark.proof
def test_a_full_disk_costs_nothing(small_disk, start_server, start_load, show):
    url = f"sqlite:///{small_disk / 'ledger.db'}"
    server = start_server(url, env=IMPATIENT)
    show("SQLite on a full disk, " + endure(server, start_load, disk_full(small_disk), url))
