"""Why a record is charged or not, and which record counts in its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from exporter.ledger.records import Record, read_records
from exporter.ledger.stores import KnownTrace
from exporter.ledger.tables import dimension, skeleton, source, trace, usage
from exporter.ledger.traces import Known, read_known
from exporter.settle.call_identity import call_of, reach_of, refs_around
from exporter.settle.speaking import Speaking
from exporter.settle.tree import AGGREGATE, WRAPPER
from exporter.settle.verdict import NO_USAGE, SAME_CALL, SETTLING, SIGNAL
from exporter.usage import BILLING, CHARGED, DUPLICATE, NOT_BILLABLE, PENDING, SIGNALS
from exporter.views.usage import sent_ids

MOST_NAMED: Final = 20
"""Records named in the place of one; an agent may have thousands below it."""
_NEAR: Final = 20_000
"""Records of one source are looked for among so many rows before and after, so that the search has an end."""
_CHARGED: Final = BILLING.index(CHARGED)
_DUPLICATE: Final = BILLING.index(DUPLICATE)


class Rule(NamedTuple):
    """A double-count rule, and what it says, as a sentence."""

    name: str
    text: str


_RULES: Final[Mapping[tuple[str, str], Rule]] = {
    (CHARGED, ""): Rule("", "No other record speaks for this usage."),
    (PENDING, SETTLING): Rule("R7", "It waits for records that may say the same in more detail."),
    ("superseded", WRAPPER): Rule(
        "R3",
        "A model call around it or within it, with no tool or agent between, reports the same, and at least as fully.",
    ),
    ("superseded", AGGREGATE): Rule("R4", "It repeats the usage of what happened within it."),
    ("superseded", SIGNAL): Rule("R6", "Its source says the same in a signal that is believed more."),
    (DUPLICATE, SAME_CALL): Rule("R2", "Another record of the same call is charged."),
    (NOT_BILLABLE, NO_USAGE): Rule("R1", "Nobody reported the usage of this call: it counts as a call, and in no sum."),
}
_NEVER: Final = {
    "cache_hit": "A gateway answered from its cache.",
    "token_count": "It only counted tokens.",
    "fetch_response": "It read an answer again that was counted when it was made.",
}


def rule_of(billing: str, reason: str) -> Rule:
    """The rule behind a billing state."""
    known = _RULES.get((billing, reason))
    if known is not None:
        return known
    return Rule("R1", _NEVER.get(reason, f"Usage of this kind ({reason}) is no consumption of its own."))


def read_traces(connection: Connection, numbers: Iterable[int]) -> dict[int, Speaking]:
    """What is still known of the shape of traces, by their number; it is forgotten after the settle horizon."""
    query = (
        select(trace.c.trace_id, trace.c.id, skeleton.c.part, skeleton.c.spans)
        .join(skeleton, skeleton.c.trace == trace.c.id)
        .where(trace.c.id.in_(sorted(set(numbers))))
    )
    rows: list[KnownTrace] = [(bytes(row[0]), *row[1:]) for row in connection.execute(query)]
    known: Mapping[bytes, Known] = read_known(rows)
    return {one.number: Speaking(one.nodes) for one in known.values() if one.nodes}


def in_place_of(connection: Connection, record: Record, shapes: Mapping[int, Speaking]) -> list[dict[str, Any]]:
    """The records that count in the place of one that does not; at most MOST_NAMED."""
    reason = record["billing_reason"]
    if BILLING[record["billing"]] == DUPLICATE:
        found = _of_same_call(connection, record)
    elif reason == SIGNAL:
        found = _of_better_signal(connection, record)
    elif reason in (WRAPPER, AGGREGATE) and record["trace"] in shapes:
        spans = shapes[record["trace"]].counting_for(bytes(record["span_id"]))[:MOST_NAMED]
        found = read_records(connection, usage.c.trace == record["trace"], usage.c.span_id.in_(spans), limit=MOST_NAMED)
    else:
        found = []
    return [named(one) for one in found[:MOST_NAMED]]


def named(record: Mapping[Any, Any]) -> dict[str, Any]:
    """A record in the few words by which others refer to it."""
    trace_id, span_id = sent_ids({**record, "signal": record["d_signal"]})
    return {
        "id": record["id"],
        "signal": record["d_signal"],
        "trace_id": trace_id,
        "span_id": span_id,
        "operation": record["d_operation"] or None,
        "billing": BILLING[record["billing"]],
        "cost_nano_usd": record["cost_nano_usd"],
    }


def better_signals(connection: Connection, record: Record) -> list[str]:
    """Signals of a record's source that are believed more than it and that the source did send."""
    if record["source"] is None or record["outranked_by"] is None:
        return []
    sent = connection.scalar(select(source.c.signals).where(source.c.id == record["source"])) or 0
    return [signal for bit, signal in enumerate(SIGNALS) if sent & record["outranked_by"] & 1 << bit]


def _of_same_call(connection: Connection, record: Record) -> Sequence[Record]:
    """The charged report of the call; where there is none, those that decided so."""
    call = call_of(record["call_key"] or "", record["output_visible"] + record["reasoning"])
    start, reach = record["started_at"], reach_of(record["started_at"], record["ended_at"])
    others = [
        one
        for one in read_records(
            connection,
            usage.c.call_ref.in_(refs_around(call, start, reach)),
            usage.c.id != record["id"],
            limit=10 * MOST_NAMED,
        )
        if call_of(one["call_key"] or "", one["output_visible"] + one["reasoning"]) == call
        and one["started_at"] <= reach
        and start <= reach_of(one["started_at"], one["ended_at"])
    ]
    charged = [one for one in others if one["billing"] == _CHARGED]
    return charged or [one for one in others if one["billing"] != _DUPLICATE]


def _of_better_signal(connection: Connection, record: Record) -> Sequence[Record]:
    """Records of the same source in its better signals: those sent with the span's ids, else the nearest booked."""
    better = better_signals(connection, record)
    told = (usage.c.source == record["source"], dimension.c.signal.in_(better))
    with_ids = read_records(connection, usage.c.context_trace == bytes(record["trace_id"]), *told, limit=200)
    of_span = [one for one in with_ids if one["context_span"] == record["span_id"]]
    if with_ids:
        return sorted(of_span or with_ids, key=lambda one: abs(one["started_at"] - record["started_at"]))
    near = usage.c.id.between(record["id"] - _NEAR, record["id"] + _NEAR)
    found = read_records(connection, near, *told, limit=10 * MOST_NAMED)
    return sorted(found, key=lambda one: abs(one["started_at"] - record["started_at"]))
