"""Everything that was decided about the records of a trace: read, judged, priced, corrected, and what they moved."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from exporter.errors import NotFound
from exporter.ledger.queries import UsageFilter, read_usage
from exporter.ledger.records import Record, is_of_span, is_of_trace, read_records
from exporter.ledger.tables import revision, skeleton, trace, usage
from exporter.settle.speaking import Speaking
from exporter.usage import BILLING, TOKEN_CLASSES
from exporter.views.explain_budgets import KnownBudget, breaches_of, explain_budgets, read_budgets
from exporter.views.explain_price import Books, Shelf, explain_price
from exporter.views.explain_reading import explain_reading
from exporter.views.explain_verdict import better_signals, in_place_of, read_traces, rule_of
from exporter.views.times import format_time
from exporter.views.usage import usage_answer

MOST_RECORDS: Final = 200
"""Records explained in one answer; a span alone can be asked for beyond that."""


class Asked(NamedTuple):
    """What to explain: a trace, or a span of it."""

    trace_id: bytes
    span_id: bytes | None = None


class _Background(NamedTuple):
    """What the explanations of one answer have in common."""

    connection: Connection
    books: Shelf
    shapes: dict[int, Speaking]
    budgets: Sequence[KnownBudget]
    revisions: dict[int, list[dict[str, Any]]]


def explain(connection: Connection, asked: Asked, books: Books) -> dict[str, Any]:
    """`{"trace_id", "span_id", "data": [...], "complete"}`, in booking order.  NotFound when nobody sent such ids."""
    conditions = [is_of_trace(asked.trace_id)]
    if asked.span_id is not None:
        conditions.append(is_of_span(asked.span_id))
    records = read_records(connection, *conditions, limit=MOST_RECORDS + 1)
    if not records:
        _refuse(connection, asked)
    shown = records[:MOST_RECORDS]
    background = _Background(
        connection,
        Shelf(books(connection)),
        read_traces(connection, [one["trace"] for one in shown]),
        read_budgets(connection),
        _revisions(connection, [one["id"] for one in shown]),
    )
    rows = {row.id: usage_answer(row) for row in read_usage(connection, _filter(shown), after=0, limit=len(shown))}
    return {
        "trace_id": asked.trace_id.hex(),
        "span_id": asked.span_id.hex() if asked.span_id is not None else None,
        "data": [_explained(one, rows[one["id"]], background) for one in shown],
        "complete": len(shown) == len(records),
    }


def _filter(records: Sequence[Record]) -> UsageFilter:
    return UsageFilter(ids=tuple(one["id"] for one in records))


def _explained(record: Record, row: dict[str, Any], background: _Background) -> dict[str, Any]:
    connection = background.connection
    price = explain_price(record, background.books)
    return {
        "usage": row,
        "reading": {"operation": record["d_operation"] or None, **explain_reading(record)},
        "verdict": _verdict(record, background),
        "price": {**price, "at": format_time(price["at"])},
        "corrections": background.revisions[record["id"]],
        "budgets": explain_budgets(record, background.budgets),
        "breaches": breaches_of(connection, record),
    }


def _verdict(record: Record, background: _Background) -> dict[str, Any]:
    billing, reason = BILLING[record["billing"]], record["billing_reason"] or ""
    rule = rule_of(billing, reason)
    return {
        "billing": billing,
        "reason": reason or None,
        "rule": rule.name or None,
        "because": rule.text,
        "due_at": format_time(record["due_at"]) if record["due_at"] is not None else None,
        "better_signals": better_signals(background.connection, record),
        "counts_instead": in_place_of(background.connection, record, background.shapes),
    }


def _revisions(connection: Connection, ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The corrections of records, oldest first."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    query = select(revision).where(revision.c.usage.in_(ids)).order_by(revision.c.usage, revision.c.revision)
    for row in connection.execute(query):
        found[row.usage].append(
            {
                "revision": row.revision,
                "at": format_time(row.at),
                "reason": row.reason,
                "billing_before": BILLING[row.billing_before],
                "billing_after": BILLING[row.billing_after],
                "cost_before_nano_usd": row.cost_before_nano_usd,
                "cost_after_nano_usd": row.cost_after_nano_usd,
                "tokens_before": _tokens(row.tokens_before),
                "tokens_after": _tokens(row.tokens_after),
            }
        )
    return found


def _tokens(stored: str | None) -> dict[str, int] | None:
    """The six classes; null where a correction left them alone."""
    return None if stored is None else dict(zip(TOKEN_CLASSES, json.loads(stored), strict=True))


def _refuse(connection: Connection, asked: Asked) -> None:
    """NotFound, which tells a trace that nobody sent from one in which nothing used a model."""
    name = asked.trace_id.hex()
    number = connection.scalar(select(trace.c.id).where(trace.c.trace_id == asked.trace_id))
    if number is None:
        raise NotFound(f"no telemetry of trace {name} was booked", trace_id=name)
    if asked.span_id is not None and connection.scalar(select(usage.c.id).where(usage.c.trace == number).limit(1)):
        raise NotFound(
            f"span {asked.span_id.hex()} of trace {name} called no model and carried no usage",
            trace_id=name,
            span_id=asked.span_id.hex(),
        )
    parts = connection.scalar(select(skeleton.c.part).where(skeleton.c.trace == number).limit(1))
    known = "" if parts is None else "; its spans are known, and none of them called a model or carried usage"
    raise NotFound(f"trace {name} has no usage{known}", trace_id=name)
