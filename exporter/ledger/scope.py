"""Which traces a booking must see at once: its own, and those that report the same calls (rule R2).

A span of a request is looked for under the references around it.  A span that the ledger holds is
looked for only when it is marked as shared, which happens the first time that another trace reports
its call; so the common booking reads once.  What is found may name further traces and calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection

from exporter.ledger.changes import TIME_REPLACED
from exporter.ledger.entry import Entry
from exporter.ledger.sources import WaitingRows, read_waiting
from exporter.ledger.stores import Report, Store, Wanted
from exporter.ledger.traces import Known, read_known
from exporter.settle.call_identity import MOST_APART_NS, call_of, reach_of, refs_around
from exporter.settle.same_call import Forgotten
from exporter.settle.skeleton import CALL_CODES, SHARED
from exporter.usage import BILLING, NOT_BILLABLE

MOST_TIED: Final = 200
"""Traces read for one booking beside its own: only replayed test traffic ties more together."""
MOST_ROUNDS: Final = 6
_FREE: Final = BILLING.index(NOT_BILLABLE)


class Wider(Exception):
    """What was read names more than what is locked: roll back and begin again with the larger scope."""


class Gathered(NamedTuple):
    """What the ledger holds of a scope."""

    known: dict[bytes, Known]
    forgotten: list[Forgotten]
    """Reports whose shape is forgotten, so that only their rows speak."""
    waiting: WaitingRows
    """Rows that another signal of their source may outrank."""


class Scope:
    """The traces and calls of one booking; it grows as the ledger names more."""

    def __init__(self, traces: Mapping[bytes, list[Entry]]) -> None:
        self._own = frozenset(traces)
        self._tied: set[bytes] = set()
        self._times: dict[int, tuple[int, int]] = {}
        self._refs: set[int] = set()
        self._taken: set[tuple[bytes, bytes]] = set()
        self._rounds = 0
        self._sources: set[int] = set()
        self.has_sources = False
        """Whether any record may be outranked, or outrank another (rule R6)."""
        self._series: set[int] = set()
        for entries in traces.values():
            for entry in entries:
                node, usage = entry.node, entry.usage
                if usage is not None and usage.source is not None:
                    self._sources.update((usage.source, *usage.speaks_for))
                if entry.advance is not None:
                    self._series.add(entry.advance.series)
                if node.call and node.kind in CALL_CODES:
                    self._ask(node.call, node.start_ns, node.end_ns)
        self.has_sources = bool(self._sources)
        self.has_series = bool(self._series)
        """Whether any record belongs to a cumulative series."""

    def gather(self, store: Store, connection: Connection) -> Gathered:
        """Lock and read everything that belongs together.  Wider when that must begin anew."""
        found = store.lock_and_read(self._wanted())
        rows, reports = found.traces, found.reports
        known = read_known(rows)
        while True:
            traces, refs = set(self._tied), set(self._refs)
            self._widen(known, reports)
            new = Wanted(sorted(self._tied - traces), (), sorted(self._refs - refs))
            if not new.traces and not new.refs:
                waiting = self._waiting(connection, known, can_widen=store.reads_again)
                return Gathered(known, list(self._forgotten(known, reports)), waiting)
            if not store.reads_again:
                raise Wider
            more = store.lock_and_read(new)
            known |= read_known(more.traces)
            reports = [*reports, *more.reports]

    def _wanted(self) -> Wanted:
        return Wanted(
            sorted(self._own | self._tied),
            sorted(self._times.keys() | self._sources | self._series),
            sorted(self._refs),
        )

    def _waiting(self, connection: Connection, known: Mapping[bytes, Known], *, can_widen: bool) -> WaitingRows:
        waiting = read_waiting(connection, known)
        found = {row.source for rows in waiting.values() for row in rows.values()} - self._sources
        self._sources |= found
        if found and not can_widen:
            raise Wider
        return waiting

    def _ask(self, call: int, start_ns: int, end_ns: int) -> None:
        reach = reach_of(start_ns, end_ns)
        earlier = self._times.get(call)
        self._times[call] = (min(earlier[0], start_ns), max(earlier[1], reach)) if earlier else (start_ns, reach)
        self._refs.update(refs_around(call, start_ns, reach))

    def _widen(self, known: Mapping[bytes, Known], reports: list[Report]) -> None:
        self._rounds += 1
        if self._rounds > MOST_ROUNDS:
            return
        for trace_id in self._own & known.keys():
            # Of a trace that is only tied no other call changes.
            for node in known[trace_id].nodes.values():
                if node.marks & SHARED and node.call and self._is_new(trace_id, node.span_id):
                    self._ask(node.call, node.start_ns, node.end_ns)
        waiting = sorted(reports, key=lambda report: report.started_at)
        count = -1
        while count != len(waiting):
            count = len(waiting)
            # Forth and back, so that a chain of reports is followed in few passes.
            waiting = [report for report in reversed(waiting) if not self._takes(known, report)]
            waiting = [report for report in reversed(waiting) if not self._takes(known, report)]

    def _is_new(self, trace_id: bytes, span_id: bytes) -> bool:
        if (trace_id, span_id) in self._taken:
            return False
        self._taken.add((trace_id, span_id))
        return True

    def _takes(self, known: Mapping[bytes, Known], report: Report) -> bool:
        """Whether a row that was found belongs to what is asked for, or already did."""
        call = call_of(report.call_key, report.output_tokens)
        asked = self._times.get(call)
        trace = known.get(report.trace_id)
        node = trace.nodes.get(report.span_id) if trace else None
        if asked is None or (node and node.call != call):
            return False
        start, end = (node.start_ns, node.end_ns) if node else _times_of(report, asked)
        if start > asked[1] or asked[0] > reach_of(start, end):
            return False
        if report.trace_id not in self._own and report.trace_id not in self._tied:
            if len(self._tied) >= MOST_TIED:
                return False
            self._tied.add(report.trace_id)
        if trace is not None and self._is_new(report.trace_id, report.span_id):
            self._ask(call, start, end)
        return True

    def _forgotten(self, known: Mapping[bytes, Known], reports: list[Report]) -> Iterable[Forgotten]:
        for report in {(report.trace_id, report.span_id): report for report in reports}.values():
            trace = known.get(report.trace_id)
            if trace is not None and report.span_id not in trace.nodes:
                call = call_of(report.call_key, report.output_tokens)
                asked = self._times.get(call)
                if asked is not None:
                    times = _times_of(report, asked)
                    yield Forgotten(report.trace_id, report.span_id, call, *times, report.billing == _FREE)


def _times_of(report: Report, asked: tuple[int, int]) -> tuple[int, int]:
    """The widest interval that the emitter may have sent; what was replaced or cut short on receipt is open."""
    if report.flags and TIME_REPLACED in report.flags:
        return asked
    is_cut = report.ended_at > report.received_at
    return (report.started_at, report.started_at + MOST_APART_NS if is_cut else report.ended_at)
