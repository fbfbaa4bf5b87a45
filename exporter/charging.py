"""From a span and what its dialect read of it to an entry that can be booked: time, work, price."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import orjson

from exporter.ledger.changes import TIME_REPLACED
from exporter.ledger.entry import Entry, Priced
from exporter.pricing.charge import Charge, amounts_of
from exporter.runtime import Runtime
from exporter.settle.agents import name_ref
from exporter.settle.call_identity import call_of, call_ref
from exporter.settle.skeleton import (
    CALL_CODES,
    CARRIER,
    NEVER_BILLED,
    NO_PARENT,
    NOT_A_SPAN,
    PRICED_BY_EMITTER,
    QUIET,
    ROLLUP,
    WAITS,
    Node,
)
from exporter.signals import Span
from exporter.usage import (
    KIND_CODES,
    LIST_EQUIVALENT,
    LOGS,
    SIGNAL_BITS,
    SPANS,
    TOKEN_COUNT,
    PriceContext,
    Reading,
    UsageRecord,
)
from exporter.valuation import Moment, tell_lifetimes, value_usage
from exporter.work import Work

FUTURE_NS: Final = 5 * 60 * 10**9
"""A start further ahead than this is a wrong clock."""
# A count that is asked for, or a response read again, says nothing about what a call above it consumed.
_SPEAKS_FOR_NOBODY: Final = frozenset({TOKEN_COUNT, "fetch_response"})
_Call = tuple[Span, Reading, UsageRecord]


def start_of(start_ns: int, now_ns: int) -> int:
    """The instant a call belongs to: its start, or the receipt when the start is 0 or in the future."""
    return now_ns if start_ns <= 0 or start_ns > now_ns + FUTURE_NS else start_ns


def make_entries(spans: Sequence[Span], readings: Sequence[Reading], runtime: Runtime, now_ns: int) -> list[Entry]:
    """The bookable forms of spans, in their order; one without a usage record only shapes its trace.

    Each step is done for all calls before the next begins: taken call by call the same steps cost half as much again,
    probably because a processor's caches hold the code of one step and not of all.
    """
    calls = [
        (span, reading, reading.usage)
        for span, reading in zip(spans, readings, strict=True)
        if reading.usage is not None
    ]
    booked = iter(_entries_of(calls, runtime, now_ns))
    return [
        _shaping(span, reading) if reading.usage is None else next(booked)
        for span, reading in zip(spans, readings, strict=True)
    ]


def make_entry(span: Span, reading: Reading, runtime: Runtime, now_ns: int, *, records: int = 1) -> Entry:
    """The bookable form of one; `records` is how many of those that were sent it stands for."""
    (entry,) = make_entries((span,), (reading,), runtime, now_ns)
    return entry if records == 1 else entry._replace(records=records)


def _shaping(span: Span, reading: Reading) -> Entry:
    agent = name_ref(reading.agent) if reading.agent else 0
    kind = KIND_CODES[reading.kind]
    node = Node(span.span_id, span.parent_id or NO_PARENT, kind, 0, span.start_ns, span.end_ns, 0, agent)
    return Entry(span.trace_id, node, None, 1, reading.agent)


def _entries_of(calls: Sequence[_Call], runtime: Runtime, now_ns: int) -> list[Entry]:
    read = runtime.work.read
    works = [
        read(span, agent=usage.agent, model=usage.response_model or usage.request_model) for span, _, usage in calls
    ]
    marks = [_marks(usage) for _, _, usage in calls]
    digests = [_digest(usage, work) for (_, _, usage), work in zip(calls, works, strict=True)]
    names = [_name_of(reading, usage, mark) for (_, reading, usage), mark in zip(calls, marks, strict=True)]
    priced = _price(calls, works, runtime, now_ns)
    return [
        _entry(call, one, mark, digest, name)
        for call, one, mark, digest, name in zip(calls, priced, marks, digests, names, strict=True)
    ]


def _name_of(reading: Reading, usage: UsageRecord, marks: int) -> int:
    """What a node is found by: a call by its id, anything else by its agent.  0 for nothing."""
    if usage.call_key and marks & CARRIER and KIND_CODES[reading.kind] in CALL_CODES:
        return call_of(usage.call_key, usage.tokens.output_total)
    return name_ref(reading.agent) if reading.agent else 0


def _entry(call: _Call, priced: Priced, marks: int, digest: int, name: int) -> Entry:
    span, reading, usage = call
    kind = KIND_CODES[reading.kind]
    if name and kind in CALL_CODES:
        priced.call_ref = call_ref(name, usage.start_ns)
    if usage.source:
        _place(priced, usage, is_carrier=bool(marks & CARRIER))
    ids = (span.trace_id, span.span_id, span.parent_id or NO_PARENT)
    if usage.record_key:
        # What is no span has a key of its own, and stands in a trace of its own.
        ids = _ids_of(usage.record_key)
    if usage.signal != SPANS and span.trace_id:
        priced.context = (span.trace_id, span.span_id)
    node = Node(*ids[1:], kind, marks, usage.start_ns, usage.end_ns, digest, name)
    return Entry(ids[0], node, priced, 1, reading.agent)


def _ids_of(record_key: str) -> tuple[bytes, bytes, bytes]:
    digest = blake2b(record_key.encode(), digest_size=24).digest()
    return digest[:16], digest[16:], NO_PARENT


def _place(priced: Priced, usage: UsageRecord, *, is_carrier: bool) -> None:
    """Say by whom and in which signal it was sent, as rule R6 needs it."""
    priced.source = number_of(usage.source)
    priced.speaks_for = tuple(map(number_of, usage.speaks_for))
    priced.signal = SIGNAL_BITS[usage.signal] if is_carrier else 0
    priced.outranked_by = sum(SIGNAL_BITS[signal] for signal in usage.outranked_by) or None


@lru_cache(maxsize=4096)
def number_of(identity: str) -> int:
    """64 bits of a hash, by which the ledger knows a source or a cumulative series."""
    return int.from_bytes(blake2b(identity.encode(), digest_size=8).digest(), "big", signed=True)


def _marks(usage: UsageRecord) -> int:
    marks = 0
    for bit, count in enumerate(usage.tokens):
        if count:
            marks |= 1 << bit
    has_cost = bool(usage.cost_reported_nano_usd)
    if has_cost:
        marks |= PRICED_BY_EMITTER
    if usage.outranked_by:
        marks |= WAITS
    if usage.is_rollup:
        marks |= ROLLUP
    if usage.signal == LOGS and not usage.record_key:
        marks |= NOT_A_SPAN
    if usage.never_billable:
        marks |= NEVER_BILLED
        if usage.never_billable in _SPEAKS_FOR_NOBODY:
            return marks
    if marks & 63 or has_cost or usage.units:
        marks |= CARRIER
    elif not usage.error_type and not usage.never_billable:
        # A failed try is a call of its own whatever surrounds it.
        marks |= QUIET
    return marks


def _digest(usage: UsageRecord, work: Work) -> int:
    """Of everything that the emitter said, and of nothing that prices decide: copies must compare alike later."""
    said = (
        usage.request_model, usage.response_model, usage.provider, usage.operation, usage.call_key,
        usage.conversation_id, usage.agent, usage.error_type, "%d,%d,%d,%d,%d,%d" % usage.tokens,  # noqa: UP031 - half the time of format
        str(usage.cost_reported_nano_usd), *work, *usage.context, *usage.flags,
    )  # fmt: skip
    text = "\x1f".join(said)
    if usage.units:
        text += str(sorted(usage.units.items()))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def _price(calls: Sequence[_Call], works: Sequence[Work], runtime: Runtime, now_ns: int) -> list[Priced]:
    book = runtime.book
    moments = [_moment_of(usage, now_ns) for _, _, usage in calls]
    contexts = [usage.context for _, _, usage in calls]
    if runtime.decides_context:
        contexts = [runtime.context_of(span, usage.context) for span, _, usage in calls]
    usages = [
        tell_lifetimes(usage, book, context, moment) if usage.flags else usage
        for (_, _, usage), context, moment in zip(calls, contexts, moments, strict=True)
    ]
    if runtime.flat_plans:
        for (span, _, _), usage in zip(calls, usages, strict=True):
            if runtime.is_on_flat_plan(span, usage.dialect):
                usage.cost_source = LIST_EQUIVALENT
    values = [
        value_usage(usage, book, context, moment)
        for usage, context, moment in zip(usages, contexts, moments, strict=True)
    ]
    dimensions = [
        _dimension(usage, work, context, *value)
        for usage, work, context, value in zip(usages, works, contexts, values, strict=True)
    ]
    return [
        _priced(usage, work, moment, dimension, charge)
        for usage, work, moment, dimension, (_, charge) in zip(usages, works, moments, dimensions, values, strict=True)
    ]


def _moment_of(usage: UsageRecord, now_ns: int) -> Moment:
    started_at = start_of(usage.start_ns, now_ns)
    duration = max(usage.end_ns - usage.start_ns, 0) if usage.start_ns > 0 else 0
    return Moment(started_at, _end_of(started_at, duration, now_ns))


def _priced(usage: UsageRecord, work: Work, moment: Moment, dimension: tuple[str, ...], charge: Charge) -> Priced:
    flags, evidence = usage.flags, usage.evidence
    if moment.start_ns != usage.start_ns:
        flags = (*flags, TIME_REPLACED)
    return Priced(
        dimension,
        work.project,
        work.task,
        *moment,
        usage.tokens,
        charge.cost_nano_usd,
        amounts_of(charge),
        usage.cost_reported_nano_usd,
        usage.never_billable,
        usage.call_key or None,
        usage.conversation_id or None,
        _json(dict(usage.units)) if usage.units else None,
        _json(flags) if flags else None,
        shape=evidence.shape,
        evidence=_json(evidence.numbers) if evidence.numbers else None,
    )


def _end_of(started_at: int, duration: int, now_ns: int) -> int:
    """An end further ahead than a start may be is a wrong clock too."""
    return min(started_at + duration, max(started_at, now_ns + FUTURE_NS))


def _dimension(
    usage: UsageRecord, work: Work, context: PriceContext, price_model: str, charge: Charge
) -> tuple[str, ...]:
    """The texts of tables.DIMENSION_TEXTS, in that order."""
    return (
        usage.signal, usage.dialect, usage.scope, usage.kind, usage.operation, usage.provider, usage.gateway,
        usage.request_model, usage.response_model, price_model, usage.service,
        work.agent or usage.service, work.project, work.team, work.environment, work.role, work.tier, work.task_type,
        work.phase, work.complexity, work.importance, work.impact, work.experiment, work.variant,
        usage.usage_status, charge.cost_status, _json(charge.reasons) if charge.reasons else "", charge.price_version,
        usage.cost_source, usage.error_type, context_text(context),
    )  # fmt: skip


def context_text(context: PriceContext) -> str:
    """A price context as the ledger keeps it: canonical JSON of what it states."""
    if not any(context):
        return ""
    return _json({name: value for name, value in zip(context._fields, context, strict=True) if value})


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
