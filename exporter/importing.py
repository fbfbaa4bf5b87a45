"""The path of what is imported: priced and settled as everything else is, and compared with what is there.

A record keeps its identity, so nothing is imported twice; a call that telemetry told of as well is joined
with it by its request id (rule R2).  The age of a call is no obstacle: the caller means the past.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import add
from typing import Final

from sqlalchemy import Connection

from exporter.charging import make_entry
from exporter.imports import ccusage
from exporter.imports.record import CLAUDE_CODE, Item, Sum, Tellers
from exporter.ledger.booking import Booking
from exporter.ledger.entry import Entry
from exporter.ledger.imported import calls_among, outranked_by_imports, rows_in, sessions_without_ids, traces_among
from exporter.ledger.reports import Standing, is_told, retire, standing_reports, told_sessions
from exporter.runtime import Runtime
from exporter.signals import Origin, Span
from exporter.usage import DUPLICATE, IMPORTS, NO_TOKENS, PENDING, SIGNAL_BITS, SUPERSEDED, Reading, Tokens, UsageRecord

NEW: Final = "new"
KNOWN: Final = "known"
"""Imported before, or by an earlier line."""
REPORTED: Final = "reported"
"""Telemetry told of the same call, or of the same calls."""
OPEN: Final = "open"
"""Of a period that is not over."""
OVERLAPPING: Final = "overlapping"
"""Another report of the same time counts already."""
OUTCOMES: Final = (NEW, KNOWN, REPORTED, OPEN, OVERLAPPING)
_SESSION: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
"""A session's own id; other names in reports of sessions are of folders."""
_IMPORTED: Final = SIGNAL_BITS[IMPORTS]


@dataclass(slots=True)
class Tally:
    """What became of records, or would."""

    outcomes: Counter[str] = field(default_factory=Counter)
    tokens: Tokens = NO_TOKENS
    cost_nano_usd: int = 0
    """Of the new ones that have a price."""
    unpriced: int = 0
    waiting: int = 0
    """New ones that the service charges when their settle time is over."""
    retired: int = 0
    """Reports that count no more, because calls of their time came."""

    def count_new(self, tokens: Sequence[int], cost_nano_usd: int | None) -> None:
        self.outcomes[NEW] += 1
        if not any(tokens) and not cost_nano_usd:
            return
        self.tokens = Tokens(*map(add, self.tokens, tokens))
        self.cost_nano_usd += cost_nano_usd or 0
        self.unpriced += cost_nano_usd is None

    def add(self, other: Tally) -> None:
        self.outcomes += other.outcomes
        self.tokens = Tokens(*map(add, self.tokens, other.tokens))
        self.cost_nano_usd += other.cost_nano_usd
        self.unpriced += other.unpriced
        self.waiting += other.waiting
        self.retired += other.retired


class Importer:
    """Books what is imported, or says what it would be.  Not for two threads at a time."""

    def __init__(
        self, booking: Booking, runtime: Runtime, clock_ns: Callable[[], int], *, dry_run: bool = False
    ) -> None:
        self._booking = booking
        self._runtime = runtime
        self._clock_ns = clock_ns
        self._dry_run = dry_run
        self._seen: set[bytes] = set()
        self._sources: set[int] = set()
        with booking.database.read() as connection:
            self._unnamed = sessions_without_ids(connection, CLAUDE_CODE)

    def take(self, items: Iterable[Item]) -> Tally:
        """Import records; what is said of them is durable on return."""
        tally, entries = Tally(), []
        for item in items:
            if item.usage.conversation_id in self._unnamed and item.usage.signal == IMPORTS:
                tally.outcomes[REPORTED] += 1
            else:
                entries.append((self._entry(item), item.is_replay))
        known = self._known({entry.trace_id for entry, _ in entries})
        fresh = list(self._unknown(entries, known))
        tally.outcomes[KNOWN] += len(entries) - len(fresh)
        if fresh:
            tally.add(self._preview(fresh) if self._dry_run else self._book(fresh, known))
        return tally

    def take_report(self, sums: Iterable[Sum]) -> Tally:
        """Import the sums of a report, without those of calls that are counted already."""
        tally = Tally()
        by_scope: dict[str, list[Sum]] = {}
        for one in sums:
            by_scope.setdefault(one.item.usage.scope, []).append(one)
        for found in by_scope.values():
            now_ns = self._clock_ns()
            with self._booking.database.read() as connection:
                standing = standing_reports(connection)
                told = told_sessions(connection, {session for one in found if (session := _session_of(one))})
                judged = [(one.item, _judge(connection, one, standing, told, now_ns)) for one in found]
            tally.add(self.take(item for item, outcome in judged if outcome == NEW))
            tally.outcomes.update(outcome for _, outcome in judged if outcome != NEW)
        return tally

    def retire(self) -> Tally:
        """Take back what counted before and is told better by what was imported, or by telemetry since then."""
        with self._booking.database.read() as connection:
            standing = standing_reports(connection)
            told = told_sessions(connection, {one.session for one in standing if one.session})
            covered = [one.id for one in standing if _is_covered(connection, one, told)]
            covered += outranked_by_imports(connection, self._sources)
        return Tally(retired=len(covered) if self._dry_run else retire(self._booking, covered, self._clock_ns()))

    def _entry(self, item: Item) -> Entry:
        record = item.usage
        origin = Origin({"service.name": record.service}, record.scope, "")
        span = Span(b"", b"", b"", record.scope, record.start_ns, record.end_ns, 0, {}, origin)
        work, names = self._runtime.work, self._runtime.work.names_of("project")
        if item.project and names and not work.read(span, agent=record.agent, model=record.response_model).project:
            span = span._replace(attributes={names[0]: item.project})
        return make_entry(span, Reading(record.kind, record), self._runtime, self._clock_ns())

    def _known(self, trace_ids: set[bytes]) -> set[bytes]:
        with self._booking.database.read() as connection:
            return traces_among(connection, trace_ids)

    def _unknown(self, entries: Sequence[tuple[Entry, bool]], known: set[bytes]) -> Iterator[Entry]:
        """What may be booked: a replay only when nobody else told of it, in a preview only what is new."""
        firsts = {entry.trace_id for entry, is_replay in entries if not is_replay}
        for entry, is_replay in entries:
            trace_id = entry.trace_id
            if is_replay and (trace_id in known or trace_id in firsts or trace_id in self._seen):
                continue
            if self._dry_run and (trace_id in known or trace_id in self._seen):
                continue
            if is_replay or self._dry_run:
                self._seen.add(trace_id)
            yield entry

    def _preview(self, entries: Sequence[Entry]) -> Tally:
        tally = Tally()
        with self._booking.database.read() as connection:
            reported = calls_among(connection, entries)
        for entry in entries:
            self._note_source(entry)
            assert entry.usage is not None
            if entry.usage.call_key in reported:
                tally.outcomes[REPORTED] += 1
            else:
                tally.count_new(entry.usage.tokens, entry.usage.cost_nano_usd)
        return tally

    def _book(self, entries: Sequence[Entry], known: set[bytes]) -> Tally:
        booked = self._booking.book([entries], self._clock_ns())[0]
        tally = Tally(Counter({KNOWN: booked.duplicate}))
        for entry in entries:
            self._note_source(entry)
        with self._booking.database.read() as connection:
            for billing, cost, tokens in rows_in(connection, {entry.trace_id for entry in entries} - known):
                if billing in (DUPLICATE, SUPERSEDED):
                    tally.outcomes[REPORTED] += 1
                else:
                    tally.count_new(tokens, cost)
                    tally.waiting += billing == PENDING
        return tally

    def _note_source(self, entry: Entry) -> None:
        if entry.usage is not None and entry.usage.source is not None and entry.usage.signal == _IMPORTED:
            self._sources.add(entry.usage.source)


def _session_of(one: Sum) -> str:
    return one.item.usage.conversation_id


def _judge(connection: Connection, one: Sum, standing: Sequence[Standing], told: set[str], now_ns: int) -> str:
    usage = one.item.usage
    if one.is_open or usage.end_ns > now_ns:
        return OPEN
    if any(_overlaps(usage, other) for other in standing):
        return OVERLAPPING
    time_ns = (usage.start_ns, usage.end_ns)
    return REPORTED if _is_told(connection, one.tellers, _session_of(one), time_ns, told) else NEW


def _overlaps(usage: UsageRecord, other: Standing) -> bool:
    """Whether another kind of report tells of the same provider in the same time."""
    is_alike = other.scope == usage.scope or other.provider != usage.provider
    return not is_alike and other.start_ns < usage.end_ns and usage.start_ns < other.end_ns


def _is_covered(connection: Connection, one: Standing, told: set[str]) -> bool:
    tellers = ccusage.tellers_of(one.scope) if one.dialect == ccusage.NAME else Tellers((), one.provider, one.model)
    return _is_told(connection, tellers, one.session, (one.start_ns, one.end_ns), told)


def _is_told(connection: Connection, tellers: Tellers, session: str, time_ns: tuple[int, int], told: set[str]) -> bool:
    """Whether somebody told of the calls of a report: of those of its session, or of its time."""
    if _SESSION.fullmatch(session):
        return session in told
    return is_told(connection, tellers, *time_ns)
