"""Measures our own intake: the real server, the real database, and the rows that are there afterwards."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from sqlalchemy import Engine, create_engine, make_url, text

from bench.bodies import TEMPLATES, Body
from bench.load import Outcome, send
from bench.processes import cpu_seconds, peak_memory_mib
from support.server import Server

CONNECTIONS = 8
SMALL_CONNECTIONS = 4
WARM_UP = 2 * TEMPLATES
"""Bodies sent beforehand, so that each worker has met the names of each template."""
WAITING_SECONDS = 60.0
SHIPPED = {"AGENT_EXPORTER_SETTLE_SECONDS": "60"}
"""The setting that tests shorten, as users have it."""


@dataclass(frozen=True)
class Plan:
    """The bodies of one round and how long its parts last."""

    large: Sequence[Body]
    small: Sequence[Body]
    paced: Sequence[Body]
    """At half of the maximum rate: one half without a scraper, one half beside it."""
    seconds: float


@dataclass(frozen=True)
class Intake:
    """One round on one database."""

    spans_per_second: float
    cpu_us_per_span: float
    p50_ms: float
    p99_ms: float
    small_requests_per_second: float
    paced_p99_ms: float
    scraped_p99_ms: float
    scrape_ms: float
    read_p95_ms: float
    usage_rows: int
    peak_memory_mib: float
    missing: int
    doubled: int
    refused: int


class LedgerRows:
    """Counts the usage rows of a ledger from outside the exporter."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        driver = parsed.set(drivername="postgresql+psycopg") if parsed.get_backend_name() == "postgresql" else parsed
        self._engine: Engine = create_engine(driver)

    def count(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM usage")).scalar_one())

    def wait_for(self, wanted: int) -> int:
        """The count, as soon as it reaches `wanted` or when waiting is of no use any more."""
        deadline = time.monotonic() + WAITING_SECONDS
        while (found := self.count()) < wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def close(self) -> None:
        self._engine.dispose()


def measure_intake(database_url: str, log: Path, plan: Plan, *, beside: list[int]) -> Intake:
    """One round on a fresh database; `beside` are further processes whose CPU belongs to it."""
    server = Server(database_url, log, env=SHIPPED).start()
    rows = LedgerRows(database_url)
    try:
        return _measure(server, rows, plan, [server.pid, *beside])
    finally:
        rows.close()
        server.stop()


def _measure(server: Server, rows: LedgerRows, plan: Plan, roots: list[int]) -> Intake:
    warm = send(server.port, plan.large[:WARM_UP], connections=1, seconds=30)
    cpu = cpu_seconds(roots)
    full = send(server.port, plan.large[WARM_UP:], connections=CONNECTIONS, seconds=plan.seconds)
    found = rows.wait_for(warm.accepted_calls + full.accepted_calls)
    cpu = cpu_seconds(roots) - cpu
    small = send(server.port, plan.small, connections=SMALL_CONNECTIONS, seconds=plan.seconds)
    half = len(plan.paced) // 2
    pace = {"connections": CONNECTIONS, "seconds": 2 * plan.seconds, "spans_per_second": full.spans_per_second / 2}
    paced = send(server.port, plan.paced[:half], **pace)  # type: ignore[arg-type]  # one mapping for both calls
    with _Scraper(server) as scraper:
        scraped = send(server.port, plan.paced[half:], **pace)  # type: ignore[arg-type]
    outcomes = (warm, full, small, paced, scraped)
    expected = sum(outcome.accepted_calls for outcome in outcomes)
    found = rows.wait_for(expected)
    return Intake(
        spans_per_second=full.spans_per_second,
        cpu_us_per_span=1e6 * cpu / full.accepted_spans,
        p50_ms=full.latency_ms(0.5),
        p99_ms=full.latency_ms(0.99),
        small_requests_per_second=small.requests_per_second,
        paced_p99_ms=paced.latency_ms(0.99),
        scraped_p99_ms=scraped.latency_ms(0.99),
        scrape_ms=scraper.median_ms(),
        read_p95_ms=_read_p95_ms(server),
        usage_rows=found,
        peak_memory_mib=peak_memory_mib(server.pid),
        missing=max(0, expected - found),
        doubled=max(0, found - expected),
        refused=sum(_refused(outcome) for outcome in outcomes),
    )


def _refused(outcome: Outcome) -> int:
    return sum(count for status, count in outcome.statuses.items() if status != 200)


class _Scraper:
    """Scrapes once a second as long as the block lasts."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._scrape)
        self._seconds: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def median_ms(self) -> float:
        ordered = sorted(self._seconds)
        return 1000 * ordered[len(ordered) // 2]

    def _scrape(self) -> None:
        while True:
            begun = time.monotonic()
            answer = self._server.get("/metrics")
            assert answer.status == 200, answer.body
            self._seconds.append(time.monotonic() - begun)
            if self._ended.wait(1.0):
                return


_READS = (
    "/api/v1/costs?group_by=project,model",
    "/api/v1/costs?group_by=agent,day",
    "/api/v1/usage?limit=100",
    "/api/v1/budgets",
    "/api/v1/breaches",
)


def _read_p95_ms(server: Server, rounds: int = 8) -> float:
    times = []
    for _ in range(rounds):
        for path in _READS:
            begun = time.monotonic()
            answer = server.get(path)
            times.append(time.monotonic() - begun)
            assert answer.status == 200, (path, answer.body)
    return 1000 * sorted(times)[int(0.95 * len(times))]
