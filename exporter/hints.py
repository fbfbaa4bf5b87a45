"""What requests say of telemetry that is not in them, kept beside the bookings: diagnostics, never money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from exporter.intake.hints import SERVICE, SessionEvent
from exporter.ledger.engine import Database
from exporter.ledger.numbering import Came, SessionKey, note_events
from exporter.ledger.work_spans import Sender, add_work
from exporter.preparing import Prepared

KEEP_WORK_NS: Final = 10 * 10**9
"""Counts of spans without usage are kept in the ledger so often."""
LONGEST_NAME: Final = 200
"""Of a scope or service: they are keys of a table, whose size a database bounds."""
MOST_SENDERS: Final = 300
"""Told apart in that time."""


class HintObserver(Protocol):
    """What a worker measures of it."""

    def sampled(self, service: str, spans: int, stand_for: float) -> None: ...

    def worked(self, scope: str, service: str, kind: str, count: int) -> None: ...


class Hints:
    """Keeps the hints of one worker.  Not for two threads at a time."""

    def __init__(self, database: Database, observer: HintObserver) -> None:
        self._database = database
        self._observer = observer
        self._work: Counter[Sender] = Counter()
        self._kept_at = 0

    def note(self, requests: Sequence[Prepared], now_ns: int) -> None:
        """Keep what booked requests say; Unavailable when the database cannot."""
        events = [event for request in requests for event in request.events]
        if events:
            note_events(self._database, by_session(events), now_ns)
        for request in requests:
            for service, (spans, stand_for) in request.sampled.items():
                self._observer.sampled(service, spans, stand_for)
            for worked, count in request.worked.items():
                self._observer.worked(*worked, count)
                sender = (worked.scope[:LONGEST_NAME], worked.service[:LONGEST_NAME])
                if sender in self._work or len(self._work) < MOST_SENDERS:
                    self._work[sender] += count
        if self._work and now_ns - self._kept_at >= KEEP_WORK_NS:
            self._keep_work(now_ns)

    def _keep_work(self, now_ns: int) -> None:
        # What cannot be kept is given up: it must not stand in the way of the requests to come.
        work, self._work, self._kept_at = self._work, Counter(), now_ns
        with self._database.write() as connection:
            add_work(connection, work, now_ns)


def by_session(events: Iterable[SessionEvent]) -> dict[SessionKey, Came]:
    """What came of each session."""
    sessions: dict[SessionKey, Came] = {}
    for event in events:
        service = str(event.origin.resource.get(SERVICE, ""))
        came = sessions.setdefault(SessionKey(event.origin.scope, service, event.session), Came())
        came.numbers.add(event.sequence)
        came.calls = came.calls or event.is_wanted
        came.tools = came.tools or "tool" in event.name
    return sessions
