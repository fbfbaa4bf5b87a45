"""The fleet at work: push a history, or live in the present until told to stop."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from itertools import count
from typing import Final, NamedTuple

from opentelemetry.sdk.trace.export import BatchSpanProcessor

from exporter.demo.delivery import Batches, Delivery
from exporter.demo.emission import Emission
from exporter.demo.planned import PlannedSpan, PlannedTrace
from exporter.demo.rhythm import SECOND_NS
from exporter.demo.tasks import Crew
from exporter.demo.timeline import plan_history, plan_present

_WARM_UP_NS: Final = 300 * SECOND_NS
"""The present starts this much earlier, unsent, so that sessions already run when the first second begins."""
_TICK_S: Final = 0.05
_LIVE_REST_S: Final = (1, 20)


class History(NamedTuple):
    """A stretch of the past, in Unix nanoseconds, and how much was done in it."""

    start_ns: int
    end_ns: int
    tasks_per_day: float


def push_history(crew: Crew, history: History, delivery: Delivery, *, reached: Callable[[int], None]) -> None:
    """Push the past in batches.  `reached` hears the time up to which the history has been planned and sent.

    Stops at the first loss; `delivery.trouble` says why.
    """
    batches = Batches(delivery)
    emission = Emission(batches)
    planned = plan_history(crew, start_ns=history.start_ns, end_ns=history.end_ns, tasks_per_day=history.tasks_per_day)
    for trace in planned:
        for span in trace.spans:
            emission.emit(trace, span)
        if delivery.trouble:
            return
        reached(trace.start_ns)
    batches.force_flush()
    reached(history.end_ns)


def live(
    crew: Crew, delivery: Delivery, *, calls_per_second: float, until: Callable[[], bool], now_ns: Callable[[], int]
) -> None:
    """Push each span when it ends, until `until` is true; sessions under way are then left unfinished.

    An outage is outlived, and what it cost is counted; only a refusal ends the fleet.
    """
    sink = BatchSpanProcessor(delivery, max_queue_size=65_536, schedule_delay_millis=500, max_export_batch_size=512)
    present = Present(crew, calls_per_second=calls_per_second, start_ns=now_ns())
    emission = Emission(sink)
    try:
        while not until() and not delivery.is_refused:
            for trace, span in present.ended_by(now_ns()):
                emission.emit(trace, span)
            time.sleep(_TICK_S)
    finally:
        sink.force_flush()
        sink.shutdown()  # type: ignore[no-untyped-call]


class Present:
    """The spans of the present, each once, as soon as it has ended."""

    def __init__(self, crew: Crew, *, calls_per_second: float, start_ns: int) -> None:
        self._start_ns = start_ns
        self._sessions = plan_present(
            crew._replace(rest_s=_LIVE_REST_S), start_ns=start_ns - _WARM_UP_NS, calls_per_second=calls_per_second
        )
        self._next = next(self._sessions)
        self._running: list[tuple[int, int, PlannedTrace, PlannedSpan]] = []
        self._order = count()

    def ended_by(self, now_ns: int) -> list[tuple[PlannedTrace, PlannedSpan]]:
        """What ended since the last question, oldest first."""
        while self._next.start_ns <= now_ns:
            for span in self._next.spans:
                if span.end_ns > self._start_ns:
                    heapq.heappush(self._running, (span.end_ns, next(self._order), self._next, span))
            self._next = next(self._sessions)
        ended = []
        while self._running and self._running[0][0] <= now_ns:
            _, _, trace, span = heapq.heappop(self._running)
            ended.append((trace, span))
        return ended
