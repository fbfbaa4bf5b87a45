"""What a worker measures of itself, kept by prometheus_client.

Under `serve` the numbers are in files that all workers share (PROMETHEUS_MULTIPROC_DIR, set before
prometheus_client is imported), so every worker shows the same sums.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from exporter.dialects.advice import advice_for
from exporter.ledger.families import OTHER_LABEL
from exporter.telemetry import catalog
from exporter.telemetry.family import Family
from exporter.telemetry.quality_catalog import SAMPLED, SAMPLED_OUT, WORKED

MOST_NAMES = 300
"""Services and scopes that one worker tells apart."""
DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class SelfMetrics:
    """One registry with the families of `catalog.PROCESS`.

    `directory` is that of the shared files; None keeps the numbers in this process, for commands and
    tests.  Label children are remembered, since finding one costs more than counting.
    """

    def __init__(self, *, directory: str | None = None) -> None:
        self._directory = directory
        self._registry = CollectorRegistry(auto_describe=False)
        self._received = self._counter(catalog.RECEIVED)
        self._rejected = self._counter(catalog.REJECTED)
        self._requests = self._counter(catalog.HTTP_REQUESTS)
        self._durations = self._histogram(catalog.HTTP_DURATION)
        self._transactions = self._histogram(catalog.TRANSACTION)
        self._lags = self._histogram(catalog.LAG)
        self._inflight = Gauge(
            catalog.INFLIGHT.name, catalog.INFLIGHT.help, registry=self._registry, multiprocess_mode="livesum"
        )
        self._sampled = self._counter(SAMPLED)
        self._sampled_out = self._counter(SAMPLED_OUT)
        self._worked = self._counter(WORKED)
        self._names: set[str] = set()
        self._counters: dict[tuple[str, ...], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def expect(
        self, *, received: Iterable[tuple[str, str, str]] = (), rejected: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Show these label sets at 0 from the start, so that `increase()` sees the first of each."""
        for signal, dialect, outcome in received:
            self._child(self._received, signal, dialect, outcome)
        for signal, reason in rejected:
            self._child(self._rejected, signal, reason)

    def received(self, signal: str, dialect: str, outcome: str, count: int = 1) -> None:
        """Spans, log records or points that were taken; outcome is accepted, duplicate or ignored."""
        self._child(self._received, signal, dialect, outcome).inc(count)

    def rejected(self, signal: str, reason: str, count: int = 1) -> None:
        """What can never be accepted, by the reason that the answer gave."""
        self._child(self._rejected, signal, reason).inc(count)

    def http(self, route: str, code: int, seconds: float) -> None:
        """An answered request; `route` is a pattern of the application, never a path as sent."""
        self._child(self._requests, route, str(code)).inc()
        timer = self._timers.get(route)
        if timer is None:
            timer = self._timers[route] = self._durations.labels(route)
        timer.observe(seconds)

    def transaction(self, seconds: float) -> None:
        """One booking, from waiting for its turn to the commit."""
        self._transactions.observe(seconds)

    def lag(self, seconds: float) -> None:
        """From the end of a call to its booking; a clock ahead of ours counts as none."""
        self._lags.observe(max(seconds, 0.0))

    def sampled(self, service: str, spans: int, stand_for: float) -> None:
        """Spans that say that they were sampled, and how many they stand for, themselves included."""
        name = self._bounded(service)
        self._child(self._sampled, name).inc(spans)
        self._child(self._sampled_out, name).inc(max(stand_for - spans, 0.0))

    def worked(self, scope: str, service: str, kind: str, count: int) -> None:
        """Spans of agents or tools that carry no usage themselves."""
        advice = advice_for(scope).code
        self._child(self._worked, self._bounded(scope), self._bounded(service), kind, advice).inc(count)

    def _bounded(self, name: str) -> str:
        """A name that senders choose; beyond MOST_NAMES the others share one."""
        if name not in self._names and len(self._names) >= MOST_NAMES:
            return OTHER_LABEL
        self._names.add(name)
        return name

    def inflight(self, count: int) -> None:
        """Decompressed bytes that this worker holds now."""
        self._inflight.set(count)

    def forget_worker(self, pid: int) -> None:
        """Drop the gauges of a worker that ended; its counters stay in the sums."""
        if self._directory:
            mark_process_dead(pid, self._directory)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[Metric]:
        """The families as a scrape shows them, summed over the workers: what prometheus_client renders."""
        for metric in self._source().collect():
            # A series with the creation time would double the number of series for nothing that we use.
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric

    def _source(self) -> CollectorRegistry:
        if not self._directory:
            return self._registry
        registry = CollectorRegistry(auto_describe=False)
        MultiProcessCollector(registry, path=self._directory)  # type: ignore[no-untyped-call]
        return registry

    def _counter(self, family: Family) -> Counter:
        return Counter(family.base, family.help, family.label_names, registry=self._registry)

    def _histogram(self, family: Family) -> Histogram:
        return Histogram(family.name, family.help, family.label_names, registry=self._registry, buckets=family.edges)

    def _child(self, counter: Counter, *labels: str) -> Counter:
        key = (counter._name, *labels)  # noqa: SLF001 - the library has no public name of a counter
        child = self._counters.get(key)
        if child is None:
            child = self._counters[key] = counter.labels(*labels)
        return child


def shared_directory() -> str | None:
    """Where the workers of this `serve` share their numbers; None in a process that stands alone."""
    return os.environ.get(DIRECTORY_VARIABLE) or None


class Shown(Collector):
    """Any source of families as the registry that prometheus_client's encoders ask for."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics
