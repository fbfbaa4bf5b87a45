"""The one transaction: usage rows, rollups, totals, budget counters and breach events, or nothing.

Order: lock the touched traces, read what they hold, settle, write each row once, sums last.  A row
that was believed new and exists (a resend beyond the settle horizon) rolls everything back and the
exact path, which looks for each row first, runs instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from exporter.dialects.cumulative import Count
from exporter.ledger import changes, tables
from exporter.ledger.budget_booking import BudgetBooks
from exporter.ledger.cumulative_streams import bring_forward, read_counts
from exporter.ledger.dimensions import Dimensions
from exporter.ledger.engine import Database
from exporter.ledger.entry import Booked, Entry, Priced
from exporter.ledger.exemplars import Exemplars
from exporter.ledger.merging import merge_reports
from exporter.ledger.quality import add_quality
from exporter.ledger.scope import Scope, Wider
from exporter.ledger.sources import find_outranked, note_signals
from exporter.ledger.stores import MOST_LOCKS, NewRows, PostgresStore, RowsExist, SqliteStore, Store
from exporter.ledger.sums import Counted, Sums
from exporter.ledger.traces import Fresh, Outranked, Settled, settle
from exporter.settle.skeleton import pack
from exporter.settle.verdict import NO_USAGE
from exporter.usage import BILLING, CHARGED, PENDING

INTERNED_TOGETHER: Final = 200
"""New names in one transaction."""
_DIALECT, _AGENT, _SERVICE = (tables.DIMENSION_TEXTS.index(name) for name in ("dialect", "agent", "service"))
_CODES: Final = {name: code for code, name in enumerate(BILLING)}
_NO_CONTEXT: Final = (None, None)
Row = tuple[Any, ...]
_Placed = tuple[int, bytes, Fresh]
"""A row to be made, with the number and the id of its trace."""
T = TypeVar("T", bound=tuple[str, ...] | str)


class Booking:
    """Books requests of one worker.  Not for two threads at a time."""

    def __init__(
        self,
        database: Database,
        budgets: Callable[[], BudgetBooks],
        *,
        settle_ns: int,
        series_limit: int,
        slot: int = 0,
    ) -> None:
        self.database = database
        self._budgets = budgets
        self._settle_ns = settle_ns
        self._slot = slot
        self.dimensions = Dimensions(series_limit)
        self._exemplars = Exemplars()
        self._numbers: Iterator[int] = iter(())

    def book(self, requests: Sequence[Sequence[Entry]], now_ns: int) -> list[Booked]:
        """Book requests together, in as many transactions as their locks need; all are durable on return.

        What was booked before an error stays, and is a copy when its sender tries again.
        """
        by_trace = _group(requests)
        shares = [_Share() for _ in requests]
        for part in _in_lockable_parts(by_trace):
            for settled in self._book_traces(part, now_ns):
                if settled.trace_id in part:
                    _attribute(shares, by_trace[settled.trace_id], settled)
        return [Booked(share.accepted, share.duplicate, share.ignored, share.dialects) for share in shares]

    def counts(self, streams: Collection[bytes]) -> dict[bytes, Count]:
        """How far these cumulative streams are booked."""
        with self.database.read() as connection:
            return read_counts(connection, streams)

    def settle_again(self, trace_ids: Collection[bytes], now_ns: int) -> None:
        """Judge known traces to which nothing came."""
        for trace_id in sorted(trace_ids):
            self._book_traces({trace_id: []}, now_ns)

    def _book_traces(self, traces: dict[bytes, list[Entry]], now_ns: int) -> list[Settled]:
        self._intern(traces, now_ns)
        scope, exact = Scope(traces), False
        while True:
            try:
                with self.database.write() as connection:
                    return self._write(connection, traces, now_ns, scope=scope, exact=exact)
            except Wider:
                continue
            except RowsExist:
                if exact:
                    raise
                exact = True
                self.dimensions.forget()
                self._intern(traces, now_ns)
            except BaseException:
                # What was interned in the transaction that failed is gone.
                self.dimensions.forget()
                raise

    def _intern(self, traces: dict[bytes, list[Entry]], now_ns: int) -> None:
        usages = [entry.usage for entries in traces.values() for entry in entries if entry.usage is not None]
        texts = {usage.dimension for usage in usages}
        tasks = {(usage.project, usage.task) for usage in usages if usage.task}
        new_texts, new_tasks = self.dimensions.missing(texts, tasks)
        new_shapes = self.dimensions.absent_shapes({usage.shape for usage in usages})
        new_agents = self.dimensions.absent_agents({entry.agent for entries in traces.values() for entry in entries})
        try:
            # In short transactions: a request full of new names must not keep other writers out.
            for new in zip_longest(
                _in_parts(new_texts), _in_parts(new_tasks), _in_parts(new_shapes), _in_parts(new_agents)
            ):
                with self.database.write() as connection:
                    self.dimensions.intern(connection, new[0] or set(), new[1] or set(), now_ns)
                    self.dimensions.intern_shapes(connection, new[2] or set())
                    self.dimensions.intern_agents(connection, new[3] or set())
        except BaseException:
            self.dimensions.forget()
            raise

    def _write(
        self, connection: Connection, traces: dict[bytes, list[Entry]], now_ns: int, *, scope: Scope, exact: bool
    ) -> list[Settled]:
        store = self.store(connection)
        known, forgotten, waiting = scope.gather(store, connection)
        if scope.has_series:
            bring_forward(connection, traces)
        outranked: Mapping[bytes, Outranked] = {}
        if scope.has_sources or waiting:
            outranked = find_outranked(traces, waiting, note_signals(connection, traces, waiting))
        booked = changes.booked_spans(connection, known) if exact else {}
        settlement = settle(traces, known, booked, forgotten, outranked)
        outcomes = settlement.outcomes
        self._intern_here(connection, merge_reports(connection, settlement, known, self.dimensions.agent_names), now_ns)
        sums = Sums()
        self._insert(store, outcomes, now_ns, sums)
        for outcome in outcomes:
            if outcome.changes and outcome.known:
                due_at = now_ns + self._settle_ns
                changes.apply(connection, self.dimensions, outcome, sums, changes.Moment(now_ns, due_at))
        self.add_sums(connection, store, sums, now_ns)
        if isinstance(store, PostgresStore):
            self._numbers = store.unused_numbers
        return outcomes

    def _intern_here(self, connection: Connection, merged: list[Priced], now_ns: int) -> None:
        """Names that only reports of a call together have: known when it is settled, and not before."""
        texts = {one.dimension for one in merged}
        tasks = {(one.project, one.task) for one in merged if one.task}
        new_texts, new_tasks = self.dimensions.absent(texts, tasks)
        self.dimensions.intern(connection, new_texts, new_tasks, now_ns)

    def store(self, connection: Connection) -> Store:
        """The statements of the hot path on a connection in a write transaction."""
        return SqliteStore(connection) if self.database.is_sqlite else PostgresStore(connection, self._numbers)

    def _insert(self, store: Store, outcomes: list[Settled], now_ns: int, sums: Sums) -> None:
        unknown = [outcome for outcome in outcomes if outcome.added and outcome.known is None]
        numbers = store.new_trace_numbers(len(unknown))
        rows = NewRows([], [], [])
        fresh: list[_Placed] = []
        for outcome in outcomes:
            if not outcome.added:
                continue
            if outcome.known is None:
                number, part = next(numbers), 0
                rows.traces.append((number, outcome.trace_id, now_ns))
            else:
                number, part = outcome.known.number, outcome.known.parts
            rows.skeletons.append((number, part, now_ns, pack(outcome.added)))
            fresh += [(number, outcome.trace_id, one) for one in outcome.fresh]
        # One step for all before the next begins, as in charging.make_entries.
        texts = [changes.interned(self.dimensions, one.priced) for _, _, one in fresh]
        rows.usage.extend(
            self._usage_row(number, one, text, now_ns) for (number, _, one), text in zip(fresh, texts, strict=True)
        )
        sums.count_all(list(_counted(fresh, texts)))
        store.insert(rows)

    def _usage_row(self, number: int, fresh: Fresh, texts: changes.Interned, now_ns: int) -> Row:
        priced, (billing, reason) = fresh.priced, fresh.verdict
        return (
            number,
            fresh.span_id,
            texts.dimension.id,
            texts.task,
            priced.started_at,
            priced.ended_at,
            now_ns,
            *priced.tokens,
            priced.cost_nano_usd,
            priced.cost_reported_nano_usd,
            _CODES[billing],
            now_ns + self._settle_ns if billing == PENDING else None,
            0,
            reason or None,
            priced.call_key,
            priced.call_ref,
            priced.conversation_id,
            priced.units,
            priced.flags,
            None if billing == CHARGED and not _may_move(priced) else changes.pack_components(priced.components),
            priced.filled,
            priced.source,
            priced.outranked_by,
            *(priced.context or _NO_CONTEXT),
            self.dimensions.shape(priced.shape),
            priced.evidence,
        )

    def add_sums(self, connection: Connection, store: Store, sums: Sums, now_ns: int) -> None:
        """Write what a transaction adds; last, so that no row lock is held while others wait for a trace."""
        if not sums:
            return
        with store.together():
            store.add(tables.rollup, sums.rollups(self._slot))
            store.add(tables.task_rollup, sums.task_rollups(self._slot))
            store.add(tables.total, sums.totals(self._slot))
            store.add(tables.adjustment, sums.adjustments(self._slot))
            store.add(tables.distribution, sums.distributions(self._slot))
        add_quality(connection, store, self.dimensions, sums.doubtful(), slot=self._slot, now_ns=now_ns)
        self._exemplars.write(connection, sums.latest(), self._slot, now_ns)
        self._budgets().book(connection, store, sums.spending(), self._slot, now_ns)


def _counted(fresh: Sequence[_Placed], texts: Sequence[changes.Interned]) -> Iterator[Counted]:
    for (_, trace_id, (span_id, priced, (billing, reason))), text in zip(fresh, texts, strict=True):
        if billing == CHARGED or reason == NO_USAGE:
            yield changes.as_counted(text, priced, trace_id, span_id, is_charged=billing == CHARGED)


def _may_move(priced: Priced) -> bool:
    """Whether an agent that comes later may take the row over, so that the parts of its cost are asked again."""
    return priced.dimension[_AGENT] == priced.dimension[_SERVICE]


def _in_lockable_parts(by_trace: dict[bytes, list[tuple[int, Entry]]]) -> Iterator[dict[bytes, list[Entry]]]:
    """Traces in order, so many at a time that they and their calls can be locked one by one."""
    part: dict[bytes, list[Entry]] = {}
    locks = 0
    for trace_id in sorted(by_trace):
        entries = [entry for _, entry in by_trace[trace_id]]
        needed = 1 + sum(1 for entry in entries if entry.node.call or entry.advance)
        if part and locks + needed > MOST_LOCKS:
            yield part
            part, locks = {}, 0
        part[trace_id] = entries
        locks += needed
    if part:
        yield part


def _in_parts(items: Collection[T]) -> Iterator[set[T]]:
    """Sets of bounded size, in an order that every writer keeps."""
    ordered = iter(sorted(items))
    while part := set(islice(ordered, INTERNED_TOGETHER)):
        yield part


def _group(requests: Sequence[Sequence[Entry]]) -> dict[bytes, list[tuple[int, Entry]]]:
    by_trace: dict[bytes, list[tuple[int, Entry]]] = {}
    for number, entries in enumerate(requests):
        for entry in entries:
            group = by_trace.get(entry.trace_id)
            if group is None:
                by_trace[entry.trace_id] = [(number, entry)]
            else:
                group.append((number, entry))
    return by_trace


@dataclass(slots=True)
class _Share:
    """What one request brought to the traces of a booking."""

    accepted: int = 0
    duplicate: int = 0
    ignored: int = 0
    dialects: Counter[str] = field(default_factory=Counter)


def _attribute(shares: list[_Share], entries: list[tuple[int, Entry]], settled: Settled) -> None:
    """Share the outcome of a trace among the requests that brought it; most traces came with one."""
    first = entries[0][0]
    if all(number == first for number, _ in entries):
        share = shares[first]
        share.accepted += settled.accepted
        share.duplicate += settled.duplicate
        share.ignored += settled.ignored
        for fresh in settled.fresh:
            share.dialects[fresh.priced.dimension[_DIALECT]] += 1
        return
    before = settled.known.nodes if settled.known else {}
    new = {node.span_id for node in settled.added} - before.keys()
    for number, entry in entries:
        share = shares[number]
        if entry.node.span_id not in new:
            share.duplicate += 1
        elif entry.usage is None:
            share.ignored += 1
        else:
            share.accepted += 1
            share.dialects[entry.usage.dimension[_DIALECT]] += 1
        new.discard(entry.node.span_id)
