"""`make bench`: our intake beside the floor of this machine, in one run, in turn, medians of three rounds.

The machine's absolute speed changes from hour to hour, so what counts are the ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.bare import serving
from bench.bodies import make_bodies
from bench.floor import Floor, fdatasync_ms, measure_floor
from bench.intake import SMALL_CONNECTIONS, WARM_UP, Intake, Plan, measure_intake
from bench.load import send
from bench.render import render_ms
from bench.targets import Target, print_targets
from support.ports import free_port
from support.postgres import Cluster, fresh_database
from support.server import migrate
from support.tools import find_tool

LARGE, SMALL = 512, 16
RENDERED_SERIES = 10_000


class Bench:
    """One run: its bodies, its folder, and what each round measured."""

    def __init__(self, folder: Path, *, seconds: float, cluster: Cluster | None) -> None:
        self._folder = folder
        self._cluster = cluster
        self.load = os.getloadavg()[0]
        count = int(seconds * 45_000 / LARGE)
        small = make_bodies(int(seconds * 2_500), SMALL, seed=2)
        large = make_bodies(2 * count + WARM_UP, LARGE)
        self._plan = Plan(large[: count + WARM_UP], small, large[count + WARM_UP :], seconds)
        self.floor: list[Floor] = []
        self.bare: list[float] = []
        self.intakes: dict[str, list[Intake]] = {"sqlite": []}
        if cluster:
            self.intakes["postgresql"] = []

    def play(self, number: int) -> None:
        """One round; what comes first changes from round to round, for the machine's moods change too."""
        parts: list[Callable[[], None]] = [self._play_floor, self._play_bare, self._play_sqlite]
        if self._cluster:
            parts.append(self._play_postgres)
        for part in _rotated(parts, number):
            part()

    def _play_floor(self) -> None:
        with self._fresh_folder() as folder:
            self.floor.append(measure_floor(self._plan.large, folder))

    def _play_bare(self) -> None:
        port = free_port()
        with serving(port):
            outcome = send(port, self._plan.small, connections=SMALL_CONNECTIONS, seconds=self._plan.seconds)
        self.bare.append(outcome.requests_per_second)

    def _play_sqlite(self) -> None:
        with self._fresh_folder() as folder:
            url = f"sqlite:///{folder / 'ledger.db'}"
            self.intakes["sqlite"].append(measure_intake(url, folder / "log", self._plan, beside=[]))

    def _play_postgres(self) -> None:
        assert self._cluster is not None
        with self._fresh_folder() as folder, fresh_database(self._cluster.url) as url:
            migrate(url)
            beside = [self._cluster.pid]
            self.intakes["postgresql"].append(measure_intake(url, folder / "log", self._plan, beside=beside))

    @contextmanager
    def _fresh_folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            yield Path(name)


def _rotated(parts: Sequence[Callable[[], None]], by: int) -> list[Callable[[], None]]:
    first = by % len(parts)
    return [*parts[first:], *parts[:first]]


def _median(intakes: Sequence[Intake], name: str) -> float:
    return statistics.median(float(getattr(intake, name)) for intake in intakes)


def judged(bench: Bench) -> Iterator[Target]:
    """Every target that this run can judge."""
    yield from _judged_rates(bench)
    yield from _judged_latencies(bench.intakes["sqlite"])
    everything = [intake for intakes in bench.intakes.values() for intake in intakes]
    yield Target("acknowledged but missing", sum(intake.missing for intake in everything), "calls", 0, 0)
    yield Target("counted twice", sum(intake.doubled for intake in everything), "calls", 0, 0)


def _judged_rates(bench: Bench) -> Iterator[Target]:
    sqlite = bench.intakes["sqlite"]
    rate, floor = (
        _median(sqlite, "spans_per_second"),
        statistics.median(floor.spans_per_second for floor in bench.floor),
    )
    small, bare = _median(sqlite, "small_requests_per_second"), statistics.median(bench.bare)
    found = f"{rate:,.0f} of {floor:,.0f} spans/s"
    yield Target(
        "durable spans/s against the one-core floor", rate / floor, "x", 0.5, 0.7, at_least=True, evidence=found
    )
    if postgres := bench.intakes.get("postgresql"):
        other, cpu = _median(postgres, "spans_per_second"), _median(postgres, "cpu_us_per_span")
        found = f"{other:,.0f} spans/s; {cpu:.1f} us CPU a span, the server's included"
        yield Target(
            "PostgreSQL against our own SQLite figure", other / rate, "x", 0.6, 0.8, at_least=True, evidence=found
        )
    cpu, least = _median(sqlite, "cpu_us_per_span"), statistics.median(floor.cpu_us_per_span for floor in bench.floor)
    yield Target("CPU per span", cpu, "us", 40, 27, evidence=f"{cpu / least:.1f} times the floor's {least:.1f} us")
    found = f"{small:,.0f} of {bare:,.0f} requests/s"
    yield Target(
        "16-span requests against Flask + decode, no store", small / bare, "x", 0.5, 0.7, at_least=True, evidence=found
    )


def _judged_latencies(sqlite: Sequence[Intake]) -> Iterator[Target]:
    paced, scraped = _median(sqlite, "paced_p99_ms"), _median(sqlite, "scraped_p99_ms")
    effect, found = max(0.0, 100 * (scraped / paced - 1)), f"a scrape takes {_median(sqlite, 'scrape_ms'):.1f} ms"
    yield Target("p99 of intake at half the maximum rate", paced, "ms", 100, 50)
    yield Target("effect of a scrape each second on that p99", effect, "%", 10, 1, evidence=found)
    yield Target(f"render {RENDERED_SERIES:,} series", render_ms(RENDERED_SERIES), "ms", 20, 5)
    found = f"with {_median(sqlite, 'usage_rows'):,.0f} usage rows"
    yield Target("read API p95", _median(sqlite, "read_p95_ms"), "ms", 200, 50, evidence=found)
    yield Target("peak memory, all processes of serve", _median(sqlite, "peak_memory_mib"), "MiB", 350, 250)


def print_machine(bench: Bench, folder: Path) -> None:
    """What explains the absolute numbers."""
    cores, load, python = os.cpu_count() or 1, os.getloadavg()[0], sys.version.split()[0]
    if bench.load > cores:
        print(f"\nThe machine was busy (load {bench.load:.1f} at the start): rates and latencies say little.")
    print(f"\n{cores} cores, load {load:.1f}, Python {python}, fdatasync {fdatasync_ms(folder):.2f} ms")
    for name, intakes in bench.intakes.items():
        rate, p50, p99 = (_median(intakes, figure) for figure in ("spans_per_second", "p50_ms", "p99_ms"))
        refused = sum(intake.refused for intake in intakes)
        print(
            f"{name:<11}{rate:>9,.0f} durable spans/s, p50 {p50:.0f} ms, p99 {p99:.0f} ms, {refused} requests refused"
        )
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round instead of three")
    parser.add_argument("--sqlite", action="store_true", help="leave PostgreSQL out")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rounds, seconds = (1, 2.0) if options.quick else (options.rounds, 4.0)
    cluster = Cluster() if find_tool("initdb") and not options.sqlite else None
    if cluster is None:
        print("PostgreSQL is left out")
    try:
        with tempfile.TemporaryDirectory(prefix="agent-exporter-bench-") as name:
            bench = Bench(Path(name), seconds=seconds, cluster=cluster)
            for number in range(rounds):
                begun = time.monotonic()
                bench.play(number)
                print(f"round {number + 1} of {rounds}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
            print_machine(bench, Path(name))
            # A busy machine misses what a quiet one meets, so a verdict is for reading and not an exit status.
            print_targets(judged(bench))
            return 0
    finally:
        if cluster:
            cluster.remove()


if __name__ == "__main__":
    sys.exit(main())
