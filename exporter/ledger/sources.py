"""Rule R6: of several signals in which one source says the same, the one that is believed most counts.

A source is an emitter's session.  The ledger remembers which signals it sent, so a record is judged
without looking at the others.  When a signal comes first after another one was booked, the source is
marked, and the scheduler looks at what was booked (`settle_sources`); records that may be outranked
wait (rule R7), so that this is seldom a correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Connection, insert, select, update

from exporter.ledger.entry import Entry
from exporter.ledger.tables import source, trace, usage
from exporter.ledger.traces import Known, Outranked
from exporter.settle.skeleton import WAITS
from exporter.usage import BILLING, CHARGED, PENDING, SUPERSEDED

_BATCH: Final = 400
_SUPERSEDED: Final = BILLING.index(SUPERSEDED)
_OPEN: Final = (BILLING.index(CHARGED), BILLING.index(PENDING))


class Waiting(NamedTuple):
    """A booked row that another signal of its source may outrank."""

    source: int
    outranked_by: int
    billing: int


WaitingRows = Mapping[bytes, Mapping[bytes, Waiting]]
"""By trace and span."""


def read_waiting(connection: Connection, known: Mapping[bytes, Known]) -> WaitingRows:
    """The rows of known traces that may be outranked."""
    numbers = {
        trace.number: trace_id
        for trace_id, trace in known.items()
        if any(node.marks & WAITS for node in trace.nodes.values())
    }
    found: dict[bytes, dict[bytes, Waiting]] = {}
    wanted = sorted(numbers)
    columns = (usage.c.trace, usage.c.span_id, usage.c.source, usage.c.outranked_by, usage.c.billing)
    for start in range(0, len(wanted), _BATCH):
        query = select(*columns).where(
            usage.c.trace.in_(wanted[start : start + _BATCH]), usage.c.outranked_by.isnot(None)
        )
        for number, span_id, *waiting in connection.execute(query):
            found.setdefault(numbers[number], {})[bytes(span_id)] = Waiting(*waiting)
    return found


def note_signals(
    connection: Connection, traces: Mapping[bytes, list[Entry]], waiting: WaitingRows
) -> Mapping[int, int]:
    """Remember in which signals sources speak now; of these and of the waiting rows' sources, all signals so far."""
    brought: dict[int, int] = {}
    for entries in traces.values():
        for entry in entries:
            if entry.usage is not None and entry.usage.source is not None:
                for key in (entry.usage.source, *entry.usage.speaks_for):
                    brought[key] = brought.get(key, 0) | entry.usage.signal
    wanted = brought.keys() | {row.source for rows in waiting.values() for row in rows.values()}
    if not wanted:
        return {}
    signals = _read_signals(connection, wanted)
    for key, bits in sorted(brought.items()):
        before = signals.get(key)
        if before is None:
            connection.execute(insert(source).values(id=key, signals=bits))
        elif bits & ~before:
            changed = {"signals": before | bits, "unsettled": 1 if before else 0}
            connection.execute(update(source).where(source.c.id == key).values(changed))
        signals[key] = bits | (before or 0)
    return signals


def _read_signals(connection: Connection, wanted: Iterable[int]) -> dict[int, int]:
    keys = sorted(wanted)
    found: dict[int, int] = {}
    for start in range(0, len(keys), _BATCH):
        query = select(source.c.id, source.c.signals).where(source.c.id.in_(keys[start : start + _BATCH]))
        found.update((key, signals) for key, signals in connection.execute(query))
    return found


def find_outranked(
    traces: Mapping[bytes, list[Entry]], waiting: WaitingRows, signals: Mapping[int, int]
) -> dict[bytes, Outranked]:
    """Which spans of each trace a better signal of their source speaks for."""
    found: dict[bytes, Outranked] = {}
    for trace_id in traces.keys() | waiting.keys():
        rows = waiting.get(trace_id, {})
        spans = {span_id for span_id, row in rows.items() if row.outranked_by & signals.get(row.source, 0)}
        spans |= {entry.node.span_id for entry in traces.get(trace_id, ()) if _is_outranked(entry, signals)}
        if spans:
            judged = frozenset(span_id for span_id in spans if span_id in rows and rows[span_id].billing == _SUPERSEDED)
            found[trace_id] = Outranked(frozenset(spans), judged)
    return found


def _is_outranked(entry: Entry, signals: Mapping[int, int]) -> bool:
    row = entry.usage
    if row is None or row.source is None or row.outranked_by is None:
        return False
    return bool(row.outranked_by & signals.get(row.source, 0))


def unsettled_sources(connection: Connection, limit: int) -> list[tuple[int, int]]:
    """Sources with a new signal, and all signals of each."""
    rows = connection.execute(select(source.c.id, source.c.signals).where(source.c.unsettled > 0).limit(limit))
    return [(key, signals) for key, signals in rows]


def outranked_rows(
    connection: Connection, key: int, signals: int, *, after: int, limit: int
) -> list[tuple[int, bytes]]:
    """Ids above `after` and traces of a source's rows that count although a better signal speaks for them."""
    query = (
        select(usage.c.id, trace.c.trace_id)
        .join(trace, trace.c.id == usage.c.trace)
        .where(
            usage.c.source == key,
            usage.c.outranked_by.isnot(None),
            usage.c.outranked_by.op("&")(signals) != 0,
            usage.c.billing.in_(_OPEN),
            usage.c.id > after,
        )
        .order_by(usage.c.id)
        .limit(limit)
    )
    return [(number, bytes(trace_id)) for number, trace_id in connection.execute(query)]


def mark_settled(connection: Connection, key: int, signals: int) -> None:
    """Nothing is left to be done for these signals of a source."""
    done = update(source).where(source.c.id == key, source.c.signals == signals)
    connection.execute(done.values(unsettled=0))
