"""From a span and what its dialect read of it to an entry that can be booked: time, work, price."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import orjson

from exporter.ledger.changes import TIME_REPLACED
from exporter.ledger.entry import Entry, Priced
from exporter.pricing.charge import Charge, amounts_of
from exporter.runtime import Runtime
from exporter.settle.call_identity import call_of, call_ref
from exporter.settle.skeleton import CALL_CODES, CARRIER, NEVER_BILLED, NO_PARENT, PRICED_BY_EMITTER, Node
from exporter.signals import Span
from exporter.usage import KIND_CODES, TOKEN_COUNT, PriceContext, Reading, UsageRecord
from exporter.valuation import Moment, value_usage
from exporter.work import Work

FUTURE_NS: Final = 5 * 60 * 10**9
"""A start further ahead than this is a wrong clock."""
# A count that is asked for, or a response read again, says nothing about what a call above it consumed.
_SPEAKS_FOR_NOBODY: Final = frozenset({TOKEN_COUNT, "fetch_response"})


def start_of(span: Span, now_ns: int) -> int:
    """The instant a call belongs to: its start, or the receipt when the start is 0 or in the future."""
    start = span.start_ns
    return now_ns if start <= 0 or start > now_ns + FUTURE_NS else start


def make_entry(span: Span, reading: Reading, runtime: Runtime, now_ns: int) -> Entry:
    """The bookable form of a span; one without a usage record only shapes its trace."""
    usage = reading.usage
    kind = KIND_CODES[reading.kind]
    marks, digest, call, priced = 0, 0, 0, None
    if usage is not None:
        work = runtime.work.read(span, agent=usage.agent, model=usage.response_model or usage.request_model)
        marks, digest = _marks(usage), _digest(usage, work)
        if usage.call_key and marks & CARRIER and kind in CALL_CODES:
            call = call_of(usage.call_key, usage.tokens.output_total)
        priced = _priced(span, usage, work, runtime, now_ns)
        priced.call_ref = call_ref(call, span.start_ns) if call else None
    node = Node(
        span.span_id,
        span.parent_id or NO_PARENT,
        kind,
        marks,
        span.start_ns,
        span.end_ns,
        digest,
        call,
    )
    return Entry(span.trace_id, node, priced)


def _marks(usage: UsageRecord) -> int:
    marks = 0
    for bit, count in enumerate(usage.tokens):
        if count:
            marks |= 1 << bit
    has_cost = bool(usage.cost_reported_nano_usd)
    if has_cost:
        marks |= PRICED_BY_EMITTER
    if usage.never_billable:
        marks |= NEVER_BILLED
        if usage.never_billable in _SPEAKS_FOR_NOBODY:
            return marks
    if marks & 63 or has_cost or usage.units:
        marks |= CARRIER
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


def _priced(span: Span, usage: UsageRecord, work: Work, runtime: Runtime, now_ns: int) -> Priced:
    started_at = start_of(span, now_ns)
    replaced = started_at != span.start_ns
    duration = max(span.end_ns - span.start_ns, 0) if span.start_ns > 0 else 0
    flags = (*usage.flags, TIME_REPLACED) if replaced else usage.flags
    context = runtime.context_of(span, usage.context) if runtime.decides_context else usage.context
    ended_at = _end_of(started_at, duration, now_ns)
    price_model, charge = value_usage(usage, runtime.book, context, Moment(started_at, ended_at))
    return Priced(
        _dimension(usage, work, context, price_model, charge),
        work.project,
        work.task,
        started_at,
        ended_at,
        usage.tokens,
        charge.cost_nano_usd,
        amounts_of(charge),
        usage.cost_reported_nano_usd,
        usage.never_billable,
        usage.call_key or None,
        usage.conversation_id or None,
        _json(dict(usage.units)) if usage.units else None,
        _json(flags) if flags else None,
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
        usage.cost_source, usage.error_type, _context_text(context),
    )  # fmt: skip


def _context_text(context: PriceContext) -> str:
    if not any(context):
        return ""
    return _json({name: value for name, value in zip(context._fields, context, strict=True) if value})


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
