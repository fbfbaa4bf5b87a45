"""What today's dialect rules and prices make of booked records, from the evidence that was kept of them.

A record that is read as it was keeps its price, whatever prices did since; one that is read differently is priced anew
at the time of its call.  Applied, that is a correction entry: the row's old numbers are reversed, its new ones counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Connection, Select, insert

from exporter.charging import context_text
from exporter.dialects.basis import BASIS_GUESS, CLAMPED, HIDDEN_REASONING
from exporter.dialects.reading import USAGE_MISSING
from exporter.dialects.rereading import FLAGS_OF_READING, can_read, read_again
from exporter.ledger.booking import Booking
from exporter.ledger.correcting import REINTERPRETED, correct, verdict_after
from exporter.ledger.entry import Priced
from exporter.ledger.merging import fill_in, priced_of, without_filling
from exporter.ledger.records import select_records
from exporter.ledger.revising import BATCH, Row, revise_rows
from exporter.ledger.service_tables import audit_log
from exporter.ledger.sums import Sums
from exporter.ledger.tables import DIMENSION_TEXTS, dimension, usage
from exporter.pricing.book import PriceBook
from exporter.pricing.charge import Charge, amounts_of
from exporter.revaluation import StoredRecord, kept_of, moment_of, usage_of
from exporter.settle.call_identity import call_of, call_ref
from exporter.settle.verdict import Verdict
from exporter.usage import (
    ESTIMATED,
    LIST_EQUIVALENT,
    MISSING,
    NO_TOKENS,
    REPORTED,
    TTL_UNKNOWN,
    PriceContext,
    UsageRecord,
)
from exporter.valuation import TTL_BY_COST, tell_lifetimes, value_usage

_TOGETHER: Final = 4 * BATCH
"""Rows read at a time."""
_FLAGS_OF_READING: Final = FLAGS_OF_READING | {TTL_BY_COST}
_DOUBTS: Final = frozenset({BASIS_GUESS, TTL_UNKNOWN, TTL_BY_COST, CLAMPED, HIDDEN_REASONING})
"""Flags that say how far the numbers can be trusted; the others only explain what is missing."""
_READ: Final = (
    "tokens", "usage_status", "provider", "gateway", "request_model", "response_model", "context",
    "cost_reported_nano_usd", "cost_source",
)  # fmt: skip


class Reinterpreted(NamedTuple):
    """A record as it would be booked today."""

    priced: Priced
    verdict: Verdict


def can_reinterpret(record: StoredRecord) -> bool:
    """Whether enough was kept of a record, and this version knows its dialect."""
    kept = kept_of(record)
    return kept is not None and can_read(kept)


def reinterpret(record: StoredRecord, book: PriceBook) -> Reinterpreted | None:
    """The record by today's rules; None when they read it as it is booked, or cannot read it."""
    if not can_reinterpret(record):
        return None
    own = without_filling(priced_of(record))
    booked = _as_reported(record, own)
    today, moment = _read_today(record, booked), moment_of(record)
    if _is_read_alike(_on_plan_of(booked, _with_lifetimes_of(booked, today)), booked):
        return None
    today = _on_plan_of(booked, tell_lifetimes(today, book, today.context, moment))
    if _is_read_alike(today, booked):
        return None
    model, charge = value_usage(today, book, today.context, moment_of(record))
    priced = _priced(own, today, model, charge)
    if record["filled"] is not None:
        # What others filled in stands in the row as it is shown.
        priced = fill_in(priced, [priced_of(record)])
    carries = bool(any(today.tokens) or today.cost_reported_nano_usd or today.units)
    return Reinterpreted(priced, verdict_after(record, carries=carries))


def _as_reported(record: StoredRecord, own: Priced) -> UsageRecord:
    """The usage of a row, as it was reported before other reports of the call filled anything in."""
    texts = dict(zip(DIMENSION_TEXTS, own.dimension, strict=True))
    return replace(
        usage_of(record), cost_reported_nano_usd=own.cost_reported_nano_usd, cost_source=texts["cost_source"]
    )


def _read_today(record: StoredRecord, booked: UsageRecord) -> UsageRecord:
    """The record by today's rules.

    What its dialect concluded from more than the evidence stays: the gateway, and what was said of its cost.
    """
    kept = kept_of(record)
    again = read_again(kept) if kept is not None else None
    others = tuple(flag for flag in booked.flags if flag not in _FLAGS_OF_READING)
    cost = booked.cost_reported_nano_usd
    if again is None:
        status = MISSING if cost is None else REPORTED
        return replace(booked, tokens=NO_TOKENS, usage_status=status, flags=(*others, USAGE_MISSING))
    models = again.request_model, again.response_model
    is_on_plan = booked.cost_source == LIST_EQUIVALENT
    is_same_model = models == (booked.request_model, booked.response_model)
    return replace(
        booked,
        tokens=again.tokens,
        usage_status=_status(again, booked),
        provider=again.provider or booked.provider,
        gateway=again.gateway or booked.gateway,
        request_model=again.request_model,
        response_model=again.response_model,
        price_model=booked.price_model if is_same_model else again.price_model,
        # What was stated elsewhere, or follows from the configuration, is not in the evidence.
        context=PriceContext(*(said or had for said, had in zip(again.context, booked.context, strict=True))),
        cost_reported_nano_usd=again.cost_reported_nano_usd if cost is None else cost,
        cost_source=booked.cost_source if cost is not None and not is_on_plan else again.cost_source,
        flags=(*(flag for flag in again.flags if flag not in others), *others),
    )


def _with_lifetimes_of(booked: UsageRecord, today: UsageRecord) -> UsageRecord:
    """The record with the lifetimes of cache writes that its cost proved by the prices of its time."""
    had, found = booked.tokens, today.tokens
    written = had.cache_write_5m + had.cache_write_1h
    if TTL_BY_COST not in booked.flags or TTL_UNKNOWN not in today.flags or found.cache_write_5m != written:
        return today
    split = found._replace(cache_write_5m=had.cache_write_5m, cache_write_1h=had.cache_write_1h)
    flags = (*(flag for flag in today.flags if flag != TTL_UNKNOWN), TTL_BY_COST)
    return replace(today, tokens=split, flags=flags)


def _on_plan_of(booked: UsageRecord, today: UsageRecord) -> UsageRecord:
    """That a source is on a flat plan follows from the configuration at its time."""
    return replace(today, cost_source=LIST_EQUIVALENT) if booked.cost_source == LIST_EQUIVALENT else today


def _status(again: UsageRecord, booked: UsageRecord) -> str:
    """That an emitter guesses is known of it, not of its numbers; a stated cost is a report too."""
    if again.usage_status == MISSING:
        return MISSING if booked.cost_reported_nano_usd is None else REPORTED
    is_guess = booked.usage_status == ESTIMATED and again.usage_status == REPORTED
    return ESTIMATED if is_guess else again.usage_status


def _is_read_alike(today: UsageRecord, booked: UsageRecord) -> bool:
    if any(getattr(today, name) != getattr(booked, name) for name in _READ):
        return False
    return _DOUBTS.intersection(today.flags) == _DOUBTS.intersection(booked.flags)


def _priced(own: Priced, today: UsageRecord, model: str, charge: Charge) -> Priced:
    changed = {
        "provider": today.provider,
        "gateway": today.gateway,
        "request_model": today.request_model,
        "response_model": today.response_model,
        "price_model": model,
        "usage_status": today.usage_status,
        "cost_status": charge.cost_status,
        "cost_reasons": orjson.dumps(charge.reasons).decode() if charge.reasons else "",
        "price_version": charge.price_version,
        "cost_source": today.cost_source,
        "context": context_text(today.context),
    }
    texts = zip(DIMENSION_TEXTS, own.dimension, strict=True)
    ref = own.call_ref
    if ref is not None and own.call_key:
        # The identity of a call with a weak id depends on its output.
        ref = call_ref(call_of(own.call_key, today.tokens.output_total), ref)
    return replace(
        own,
        dimension=tuple(changed.get(name, text) for name, text in texts),
        tokens=today.tokens,
        cost_nano_usd=charge.cost_nano_usd,
        components=amounts_of(charge),
        cost_reported_nano_usd=today.cost_reported_nano_usd,
        flags=orjson.dumps(today.flags).decode() if today.flags else None,
        call_ref=ref,
    )


class Chosen(NamedTuple):
    """Which records to look at; None leaves a field open."""

    start_ns: int | None = None
    end_ns: int | None = None
    """Half-open, on the time at which a call started."""
    dialect: str | None = None
    scope: str | None = None
    """Of the instrumentation, or the beginning of one up to a dot or slash."""
    provider: str | None = None
    service: str | None = None


def read_chosen(connection: Connection, chosen: Chosen, *, after: int) -> Sequence[Row]:
    """The next records in booking order; empty at the end."""
    query = _query(chosen).where(usage.c.id > after).order_by(usage.c.id).limit(_TOGETHER)
    return connection.execute(query).mappings().all()


def _query(chosen: Chosen) -> Select[Any]:
    query = select_records()
    if chosen.start_ns is not None:
        query = query.where(usage.c.started_at >= chosen.start_ns)
    if chosen.end_ns is not None:
        query = query.where(usage.c.started_at < chosen.end_ns)
    for name in ("dialect", "provider", "service"):
        if (text := getattr(chosen, name)) is not None:
            query = query.where(dimension.c[name] == text)
    if chosen.scope is not None:
        scope = dimension.c.scope
        below = [scope.startswith(f"{chosen.scope}{end}", autoescape=True) for end in "./"]
        query = query.where((scope == chosen.scope) | below[0] | below[1])
    return query


@dataclass(frozen=True, slots=True)
class Correcting:
    """Books what today's rules make of records, a bounded number in each transaction."""

    booking: Booking
    book: PriceBook
    actor: str
    now_ns: int

    def correct_all(self, chosen: Chosen) -> Iterator[tuple[int, int]]:
        """Correct what is chosen; after each round, how many records it looked at and how many it changed."""
        last = 0
        while True:
            with self.booking.database.read() as connection:
                found = read_chosen(connection, chosen, after=last)
            if not found:
                return
            last = found[-1]["id"]
            different = [row for row in found if reinterpret(row, self.book) is not None]
            changed = sum(
                self._correct(different[start : start + BATCH], chosen) for start in range(0, len(different), BATCH)
            )
            yield len(found), changed

    def _correct(self, rows: Sequence[Row], chosen: Chosen) -> int:
        return revise_rows(self.booking, _query(chosen), rows, self._book, self.now_ns, note=self._note)

    def _book(self, connection: Connection, row: Row, sums: Sums) -> bool:
        today = reinterpret(row, self.book)
        if today is None:
            return False
        correct(connection, self.booking.dimensions, row, today, sums, now_ns=self.now_ns)
        return True

    def _note(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Who corrected which rows, in the transaction that did."""
        ids = [row["id"] for row in rows]
        detail = orjson.dumps({"rows": len(ids), "first": min(ids), "last": max(ids)}).decode()
        values = {"at": self.now_ns, "actor": self.actor, "action": "usage.reinterpret", "subject": REINTERPRETED}
        connection.execute(insert(audit_log).values(**values, detail=detail))
