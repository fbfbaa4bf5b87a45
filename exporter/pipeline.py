"""The path of a span, in reading order: decode, interpret, price, settle and book, then acknowledge.

What `traces` returns is durable.  Whatever else happens is an exception: InvalidRequest for what can
never be accepted, Unavailable for what succeeds later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from time import perf_counter
from typing import Final, Protocol

from exporter.combining import Combiner
from exporter.errors import ExporterError
from exporter.hints import HintObserver, Hints
from exporter.intake.receipt import Receipt
from exporter.ledger.booking import Booking
from exporter.ledger.entry import Booked
from exporter.preparing import Body, Preparation, Prepared
from exporter.runtime import Runtime
from exporter.usage import LOGS, METRICS

MOST_TOGETHER: Final = 16
MOST_BYTES_TOGETHER: Final = 4 * 1024 * 1024
PATIENCE_SECONDS: Final = 15.0


class Observer(HintObserver, Protocol):
    """What the pipeline says of itself."""

    def transaction(self, seconds: float) -> None: ...

    def lag(self, seconds: float) -> None: ...


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
        charged_metrics: Collection[str] = (),
    ) -> None:
        self._booking = booking
        self._runtime = runtime
        self._observer = observer
        self._clock_ns = clock_ns
        self._accept_age_ns = accept_age_ns
        self._charged_metrics = charged_metrics
        self._hints = Hints(booking.database, observer)
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
        """Book what the records of an ExportLogsServiceRequest say of calls."""
        return self._combiner.submit(Body(body, json, LOGS))

    def metrics(self, body: bytes, *, json: bool) -> Receipt:
        """Book what the points of an ExportMetricsServiceRequest say of calls."""
        return self._combiner.submit(Body(body, json, METRICS))

    def run_alone(self, job: Callable[[], None]) -> None:
        """Run a job while no request is worked on, for it would slow both."""
        self._combiner.run_alone(job)

    def _work(self, bodies: Sequence[Body]) -> list[Receipt | Exception]:
        now_ns = self._clock_ns()
        preparation = Preparation(
            runtime=self._runtime(),
            now_ns=now_ns,
            oldest_ns=now_ns - self._accept_age_ns if self._accept_age_ns is not None else 0,
            charged_metrics=self._charged_metrics,
            counts=self._booking.counts,
        )
        prepared = [_try(preparation.prepare, body) for body in bodies]
        good = [one for one in prepared if isinstance(one, Prepared)]
        booked = iter(self._book(good, now_ns))
        self._hints.note(good, now_ns)
        return [one if isinstance(one, Exception) else _receipt(one, next(booked)) for one in prepared]

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


def _try(prepare: Callable[[Body], Prepared], body: Body) -> Prepared | Exception:
    try:
        return prepare(body)
    except ExporterError as error:
        # Where it was raised is of no use to anybody; the frames there know the body, and the error through this one's
        # callers, so that megabytes would wait for the garbage collector.
        error.__traceback__ = error.__context__ = error.__cause__ = None
        return error


def _receipt(prepared: Prepared, booked: Booked) -> Receipt:
    by_dialect = {(dialect, "accepted"): count for dialect, count in booked.dialects.items()}
    ignored = booked.ignored + prepared.ignored
    by_dialect |= {("", "duplicate"): booked.duplicate, ("", "ignored"): ignored}
    return Receipt(booked.accepted, booked.duplicate, ignored, prepared.rejected, by_dialect)
