"""Changes of rows that are booked already: reversed, charged late, or replaced by a better copy.

Every change leaves a row in `revision`; what it takes back goes to the adjustments, never below a counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, insert, select, update

from exporter.ledger.dimensions import Dimension, Dimensions
from exporter.ledger.doubts import doubt_of
from exporter.ledger.entry import Priced
from exporter.ledger.sums import NO_COMPONENTS, Counted, Sums
from exporter.ledger.tables import TOKEN_COLUMNS, revision, usage
from exporter.ledger.traces import Change, Fresh, Known, Settled
from exporter.settle.verdict import NO_USAGE, SIGNAL, Verdict
from exporter.usage import BILLING, CHARGED, NOT_BILLABLE, PENDING, REPORTED, SUPERSEDED, Tokens

_CODES: Final = {name: code for code, name in enumerate(BILLING)}
_BATCH: Final = 400
StoredRow = Mapping[Any, Any]


class Moment(NamedTuple):
    """When a change happens, and when what waits now is due."""

    now_ns: int
    due_at: int


def booked_spans(connection: Connection, known: Mapping[bytes, Known]) -> dict[bytes, frozenset[bytes]]:
    """Spans with a usage row, by trace: what the exact path compares with instead of the skeleton."""
    numbers = {trace.number: trace_id for trace_id, trace in known.items()}
    found: dict[bytes, set[bytes]] = {}
    wanted = list(numbers)
    for start in range(0, len(wanted), _BATCH):
        query = select(usage.c.trace, usage.c.span_id).where(usage.c.trace.in_(wanted[start : start + _BATCH]))
        for number, span_id in connection.execute(query):
            trace_id = numbers[number]
            if bytes(span_id) not in known[trace_id].nodes:
                found.setdefault(trace_id, set()).add(bytes(span_id))
    return {trace_id: frozenset(spans) for trace_id, spans in found.items()}


def pack_components(components: tuple[int, ...]) -> str | None:
    """The stored form of a cost's parts; None when there is no cost."""
    return orjson.dumps(components).decode() if any(components) else None


def unpack_components(packed: str | None, cost_nano_usd: int | None) -> tuple[int, ...]:
    """A cost's parts.  A row that was charged once has none stored; its cost then counts as `other`."""
    if packed is not None:
        return tuple(orjson.loads(packed))
    return (*NO_COMPONENTS[:-1], cost_nano_usd or 0)


class Interned(NamedTuple):
    """The interned texts of a row."""

    dimension: Dimension
    task: int | None


def interned(dimensions: Dimensions, priced: Priced) -> Interned:
    """What stands for the texts of a priced record, all of which are interned."""
    task = dimensions.task((priced.project, priced.task)) if priced.task else None
    return Interned(dimensions.dimension(priced.dimension), task)


def as_counted(texts: Interned, priced: Priced, trace_id: bytes, span_id: bytes, *, is_charged: bool) -> Counted:
    """A priced record as the sums take it."""
    dimension, doubt = texts.dimension, None
    if priced.flags is not None or dimension.usage_status != REPORTED:
        doubt = doubt_of(dimension.usage_status, dimension.error_type, priced.flags)
    return Counted(
        dimension,
        texts.task,
        priced.started_at,
        max(priced.ended_at - priced.started_at, 0),
        priced.tokens,
        priced.cost_nano_usd,
        priced.components,
        priced.cost_reported_nano_usd,
        is_charged,
        trace_id,
        span_id,
        doubt,
    )


def stored_as_counted(
    connection: Connection, dimensions: Dimensions, row: StoredRow, trace_id: bytes, *, is_charged: bool
) -> Counted:
    """A booked row as the sums take it."""
    cost = row["cost_nano_usd"]
    dimension = dimensions.by_number(connection, row["dimension"])
    return Counted(
        dimension,
        row["task"],
        row["started_at"],
        max(row["ended_at"] - row["started_at"], 0),
        Tokens(*(row[name] for name in TOKEN_COLUMNS)),
        cost,
        unpack_components(row["components"], cost),
        row["cost_reported_nano_usd"],
        is_charged,
        trace_id,
        bytes(row["span_id"]),
        doubt_of(dimension.usage_status, dimension.error_type, row["flags"]),
    )


def is_counted(billing: str, reason: str | None) -> bool:
    """Whether a row is in the sums: charged, or a call whose usage is unknown."""
    return billing == CHARGED or (billing == NOT_BILLABLE and reason == NO_USAGE)


def apply(connection: Connection, dimensions: Dimensions, outcome: Settled, sums: Sums, moment: Moment) -> None:
    """Carry out the changes of one trace, in the ledger and in the sums of this transaction."""
    number = outcome.known.number if outcome.known else 0
    for change in sorted(outcome.changes):
        row = _stored(connection, number, change.span_id)
        if row is None:
            if change.copy is not None:
                assert change.verdict is not None  # a copy with usage was judged
                fresh = Fresh(change.span_id, change.copy, change.verdict)
                _insert_late(connection, dimensions, (outcome.trace_id, number, fresh), sums, moment)
            continue
        _change(connection, dimensions, (outcome.trace_id, row, change), sums, moment)


def charge_due(
    connection: Connection, dimensions: Dimensions, subject: tuple[bytes, StoredRow], sums: Sums, moment: Moment
) -> None:
    """Rule R7: an aggregate (its trace and row) that waited long enough and was not superseded is charged."""
    trace_id, row = subject
    change = Change(bytes(row["span_id"]), Verdict(CHARGED, ""), None)
    _change(connection, dimensions, (trace_id, row, change), sums, moment)


def supersede(
    connection: Connection, dimensions: Dimensions, subject: tuple[bytes, StoredRow], sums: Sums, moment: Moment
) -> None:
    """Rule R6 for a row (with its trace) whose calls another signal tells by now."""
    trace_id, row = subject
    change = Change(bytes(row["span_id"]), Verdict(SUPERSEDED, SIGNAL), None)
    _change(connection, dimensions, (trace_id, row, change), sums, moment)


def _stored(connection: Connection, trace: int, span_id: bytes) -> StoredRow | None:
    found = connection.execute(select(usage).where(usage.c.trace == trace, usage.c.span_id == span_id)).first()
    return None if found is None else merged(found._mapping, {})


def merged(row: Mapping[Any, Any], values: Mapping[str, Any]) -> StoredRow:
    """A stored row as it is after an update."""
    return {**{str(name): value for name, value in row.items()}, **values}


def _change(
    connection: Connection,
    dimensions: Dimensions,
    subject: tuple[bytes, StoredRow, Change],
    sums: Sums,
    moment: Moment,
) -> None:
    trace_id, row, change = subject
    before = Verdict(BILLING[row["billing"]], row["billing_reason"] or "")
    after = before if change.verdict is None else _with_kept_reason(change.verdict, before)
    if before == after and change.copy is None:
        return
    was_counted = is_counted(*before)
    if was_counted:
        stored = stored_as_counted(connection, dimensions, row, trace_id, is_charged=before.billing == CHARGED)
        sums.reverse(stored)
    values = _new_values(dimensions, row, change.copy, after, moment)
    connection.execute(update(usage).where(usage.c.id == row["id"]).values(values))
    record_revision(connection, row, merged(row, values), after.reason or "settled", moment.now_ns)
    if is_counted(*after):
        now = stored_as_counted(
            connection, dimensions, merged(row, values), trace_id, is_charged=after.billing == CHARGED
        )
        if change.copy is not None:
            now = now._replace(components=change.copy.components)
        sums.count(now, observed=not was_counted, relabelled=was_counted and _is_relabelled(row, change.copy))


def _is_relabelled(row: StoredRow, copy: Priced | None) -> bool:
    """Whether a booked report only gets what another one, or an agent above it, says of whose work it is."""
    amounts = ("cost_nano_usd", "cost_reported_nano_usd")
    return copy is not None and copy.is_stored and all(row[name] == getattr(copy, name) for name in amounts)


def _with_kept_reason(verdict: Verdict, before: Verdict) -> Verdict:
    """Rule R1's reason is the dialect's, and stands on the row only."""
    if verdict.billing == NOT_BILLABLE and not verdict.reason:
        return Verdict(NOT_BILLABLE, before.reason)
    return verdict


def _new_values(
    dimensions: Dimensions, row: StoredRow, copy: Priced | None, verdict: Verdict, moment: Moment
) -> dict[str, Any]:
    values: dict[str, Any] = {
        "billing": _CODES[verdict.billing],
        "billing_reason": verdict.reason or None,
        "due_at": (row["due_at"] or moment.due_at) if verdict.billing == PENDING else None,
        "revision": row["revision"] + 1,
    }
    if copy is None:
        return values
    packed = None if verdict.billing == CHARGED else pack_components(copy.components)
    decided = {**copy_values(dimensions, copy, row["flags"]), "components": packed}
    if "started_at" in decided and TIME_REPLACED in (copy.flags or ""):
        # The copy brought no usable start, and its own receipt is not the first.
        decided |= {"started_at": row["received_at"], "ended_at": row["received_at"] + copy.ended_at - copy.started_at}
    return {**values, **decided}


def copy_values(dimensions: Dimensions, copy: Priced, old_flags: str | None) -> dict[str, Any]:
    """The columns that a copy of a span decides.  A start that was replaced on first receipt sticks."""
    texts = interned(dimensions, copy)
    values: dict[str, Any] = {
        "dimension": texts.dimension.id,
        "task": texts.task,
        **dict(zip(TOKEN_COLUMNS, copy.tokens, strict=True)),
        "cost_nano_usd": copy.cost_nano_usd,
        "cost_reported_nano_usd": copy.cost_reported_nano_usd,
        "call_key": copy.call_key,
        "call_ref": copy.call_ref,
        "conversation_id": copy.conversation_id,
        "units": copy.units,
        "filled": copy.filled,
    }
    if not copy.is_stored:
        values |= _provenance(dimensions, copy)
    if old_flags is None or TIME_REPLACED not in old_flags:
        values |= {"started_at": copy.started_at, "ended_at": copy.ended_at, "flags": copy.flags}
    return values


def _provenance(dimensions: Dimensions, copy: Priced) -> dict[str, Any]:
    context = copy.context or (None, None)
    return {
        "source": copy.source,
        "outranked_by": copy.outranked_by,
        "context_trace": context[0],
        "context_span": context[1],
        "shape": dimensions.shape(copy.shape),
        "evidence": copy.evidence,
    }


TIME_REPLACED: Final = "time_replaced"
"""Flag of a row whose start was 0 or in the future."""


def _insert_late(
    connection: Connection, dimensions: Dimensions, subject: tuple[bytes, int, Fresh], sums: Sums, moment: Moment
) -> None:
    """A span that was known without usage and now came with it."""
    trace_id, number, (span_id, priced, (billing, reason)) = subject
    connection.execute(
        insert(usage).values(
            trace=number,
            span_id=span_id,
            received_at=moment.now_ns,
            billing=_CODES[billing],
            billing_reason=reason or None,
            due_at=moment.due_at if billing == PENDING else None,
            revision=0,
            components=None if billing == CHARGED else pack_components(priced.components),
            **copy_values(dimensions, priced, None),
        )
    )
    if is_counted(billing, reason):
        texts = interned(dimensions, priced)
        sums.count(as_counted(texts, priced, trace_id, span_id, is_charged=billing == CHARGED))


def record_revision(connection: Connection, before: StoredRow, after: StoredRow, reason: str, now_ns: int) -> None:
    connection.execute(
        insert(revision).values(
            usage=before["id"],
            revision=after["revision"],
            at=now_ns,
            reason=reason,
            billing_before=before["billing"],
            billing_after=after["billing"],
            cost_before_nano_usd=before["cost_nano_usd"],
            cost_after_nano_usd=after["cost_nano_usd"],
        )
    )
