"""A small reader of the Prometheus text format, and what a sequence of scrapes says about counters."""

from __future__ import annotations

import threading
import urllib.request
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

NANO = 10**9


def read_counters(text: str) -> dict[str, float]:
    """Samples of every counter and histogram, by name and labels as written.

    The service's own process counters are left out: they begin anew with each process.
    """
    kinds: dict[str, str] = {}
    samples: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            kinds[name] = kind
        elif line and not line.startswith("#"):
            series, _, value = line.rpartition(" ")
            name = series.partition("{")[0]
            if _is_counted(name, kinds) and not name.startswith("agent_exporter_"):
                samples[series] = float(value)
    return samples


def _is_counted(name: str, kinds: dict[str, str]) -> bool:
    stems = (name, *(name.removesuffix(end) for end in ("_bucket", "_sum", "_count")))
    return kinds.get(name) == "counter" or any(kinds.get(stem) == "histogram" for stem in stems)


@dataclass
class Scrapes:
    """Scrapes each port in turn until told to stop; one sequence, so a later sample is never older."""

    ports: Sequence[int]
    interval_seconds: float = 0.2
    count: int = 0
    missed: int = 0
    """Scrapes that found the replica away."""
    falls: list[str] = field(default_factory=list)
    """Samples below an earlier one of the same series, from whichever replica."""
    increases: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """For each family, the sum of all raw increases in billionths, with a fall read as a restart from 0."""

    def __post_init__(self) -> None:
        self._last: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def start(self) -> Scrapes:
        """Take the first scrape as the base, and go on in the background."""
        self._last = read_counters(_fetch(self.ports[0]))
        self._thread.start()
        return self

    def finish(self) -> None:
        self._stop.set()
        self._thread.join()
        for port in self.ports:
            self._note(port)

    def _work(self) -> None:
        while not self._stop.wait(self.interval_seconds):
            for port in self.ports:
                self._note(port)

    def _note(self, port: int) -> None:
        try:
            samples = read_counters(_fetch(port))
        except OSError:
            self.missed += 1
            return
        self.count += 1
        for series, value in samples.items():
            before = self._last.get(series, 0.0)
            if value < before:
                self.falls.append(f"{series}: {before} then {value} from port {port}")
                before = 0.0
            self.increases[series.partition("{")[0]] += round(value * NANO) - round(before * NANO)
        vanished = self._last.keys() - samples.keys()
        self.falls += [f"{series} vanished from port {port}" for series in vanished]
        self._last |= samples


def _fetch(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: bytes = answer.read()
    return text.decode()
