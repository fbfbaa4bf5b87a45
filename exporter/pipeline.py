"""The path of a span, in reading order: decode, interpret, price, settle and book, then acknowledge.

What `traces` returns is durable.  Whatever else happens is an exception: InvalidRequest for what can
never be accepted, Unavailable for what succeeds later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final, NamedTuple, Protocol

from exporter.charging import make_entry, start_of
from exporter.combining import Combiner
from exporter.dialects.registry import LIFT, read_span
from exporter.errors import ExporterError
from exporter.intake.decode import decode_logs, decode_metrics, decode_traces
from exporter.intake.reasons import TOO_OLD
from exporter.intake.receipt import Receipt
from exporter.ledger.booking import Booking
from exporter.ledger.entry import Booked, Entry
from exporter.runtime import Runtime

MOST_TOGETHER: Final = 16
MOST_BYTES_TOGETHER: Final = 4 * 1024 * 1024
PATIENCE_SECONDS: Final = 15.0


class Observer(Protocol):
    """What the pipeline says of itself."""

    def transaction(self, seconds: float) -> None: ...

    def lag(self, seconds: float) -> None: ...


class Body(NamedTuple):
    content: bytes
    is_json: bool


class Prepared(NamedTuple):
    """A request between pricing and booking."""

    entries: list[Entry]
    rejected: Counter[str]


class Pipeline:
    """Takes request bodies and books what they say."""

    def __init__(
        self,
        booking: Booking,
        runtime: Callable[[], Runtime],
        observer: Observer,
        *,
        clock_ns: Callable[[], int],
        accept_age_ns: int | None,
    ) -> None:
        self._booking = booking
        self._runtime = runtime
        self._observer = observer
        self._clock_ns = clock_ns
        self._accept_age_ns = accept_age_ns
        self._combiner: Combiner[Body, Receipt] = Combiner(
            self._work,
            most=MOST_TOGETHER,
            patience=PATIENCE_SECONDS,
            weigh=lambda body: len(body.content),
            heaviest=MOST_BYTES_TOGETHER,
        )

    def traces(self, body: bytes, *, json: bool) -> Receipt:
        """Book the spans of an ExportTraceServiceRequest; durable on return."""
        return self._combiner.submit(Body(body, json))

    def logs(self, body: bytes, *, json: bool) -> Receipt:
        """Check an ExportLogsServiceRequest; no log dialect accounts anything yet, so its records are ignored."""
        decoded = decode_logs(body, json=json, wanted=frozenset(), events=frozenset())
        return Receipt(ignored=decoded.ignored, rejected=decoded.rejected)

    def metrics(self, body: bytes, *, json: bool) -> Receipt:
        """Check an ExportMetricsServiceRequest; its points are ignored as the log records are."""
        decoded = decode_metrics(body, json=json, wanted=frozenset(), metrics=frozenset())
        return Receipt(ignored=decoded.ignored, rejected=decoded.rejected)

    def run_alone(self, job: Callable[[], None]) -> None:
        """Run a job while no request is worked on, for it would slow both."""
        self._combiner.run_alone(job)

    def _work(self, bodies: Sequence[Body]) -> list[Receipt | Exception]:
        now_ns = self._clock_ns()
        prepared = [self._prepare(body, now_ns) for body in bodies]
        good = [one for one in prepared if isinstance(one, Prepared)]
        booked = iter(self._book(good, now_ns))
        return [one if isinstance(one, Exception) else _receipt(one, next(booked)) for one in prepared]

    def _prepare(self, body: Body, now_ns: int) -> Prepared | Exception:
        runtime = self._runtime()
        try:
            decoded = decode_traces(body.content, json=body.is_json, wanted=runtime.wanted, lift=LIFT)
        except ExporterError as error:
            return error
        oldest = now_ns - self._accept_age_ns if self._accept_age_ns is not None else 0
        prepared = Prepared([], Counter(decoded.rejected))
        for span in decoded.spans:
            if start_of(span.start_ns, now_ns) < oldest:
                prepared.rejected[TOO_OLD] += 1
                continue
            reading = read_span(span)
            prepared.entries.append(make_entry(span, reading, runtime, now_ns))
        return prepared

    def _book(self, requests: list[Prepared], now_ns: int) -> list[Booked]:
        if not requests:
            return []
        began = perf_counter()
        booked = self._booking.book([one.entries for one in requests], now_ns)
        self._observer.transaction(perf_counter() - began)
        ends = [entry.usage.ended_at for one in requests for entry in one.entries[-1:] if entry.usage is not None]
        if ends:
            self._observer.lag(max(now_ns - max(ends), 0) / 1e9)
        return booked


def _receipt(prepared: Prepared, booked: Booked) -> Receipt:
    by_dialect = {(dialect, "accepted"): count for dialect, count in booked.dialects.items()}
    by_dialect |= {("", "duplicate"): booked.duplicate, ("", "ignored"): booked.ignored}
    return Receipt(booked.accepted, booked.duplicate, booked.ignored, prepared.rejected, by_dialect)
