"""A booked row as it ought to have been read: reversed exactly, and counted again with its corrected numbers.

Which of several records counts stays as it was decided, unless the row itself turns out to carry usage, or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from sqlalchemy import Connection, insert, update

from exporter.ledger import changes
from exporter.ledger.dimensions import Dimensions
from exporter.ledger.entry import Priced
from exporter.ledger.sums import Sums
from exporter.ledger.tables import DIMENSION_TEXTS, TOKEN_COLUMNS, revision, usage
from exporter.settle.verdict import NO_USAGE, SETTLING, Verdict
from exporter.usage import AGGREGATE_KINDS, BILLING, CHARGED, NOT_BILLABLE, PENDING

REINTERPRETED: Final = "reinterpreted"
_PRICE_VERSION: Final = DIMENSION_TEXTS.index("price_version")
_CODES: Final = {name: code for code, name in enumerate(BILLING)}
Stored = Mapping[Any, Any]
"""A row of ledger.records."""


def verdict_after(record: Stored, *, carries: bool) -> Verdict:
    """What becomes of a row that is found to carry usage, or none."""
    before = Verdict(BILLING[record["billing"]], record["billing_reason"] or "")
    if not carries and before.billing in (CHARGED, PENDING):
        return Verdict(NOT_BILLABLE, NO_USAGE)
    if carries and before == Verdict(NOT_BILLABLE, NO_USAGE):
        may_be_said_elsewhere = record["d_kind"] in AGGREGATE_KINDS or record["outranked_by"] is not None
        return Verdict(PENDING, SETTLING) if may_be_said_elsewhere else Verdict(CHARGED, "")
    return before


def correct(
    connection: Connection,
    dimensions: Dimensions,
    record: Stored,
    corrected: tuple[Priced, Verdict],
    sums: Sums,
    *,
    now_ns: int,
) -> None:
    """Book a correction: the row as corrected, a revision that says what it was, and the difference in the sums."""
    priced, verdict = corrected
    trace_id = bytes(record["trace_id"])
    tasks = [(priced.project, priced.task)] if priced.task else []
    dimensions.intern(connection, *dimensions.missing([priced.dimension], tasks), now_ns)
    before = Verdict(BILLING[record["billing"]], record["billing_reason"] or "")
    if changes.is_counted(*before):
        is_charged = before.billing == CHARGED
        sums.reverse(changes.stored_as_counted(connection, dimensions, record, trace_id, is_charged=is_charged))
    values = _values(dimensions, record, priced, verdict, now_ns)
    connection.execute(update(usage).where(usage.c.id == record["id"]).values(values))
    after = changes.merged(record, values)
    connection.execute(insert(revision).values(_revision(record, after, priced, now_ns)))
    if changes.is_counted(*verdict):
        is_charged = verdict.billing == CHARGED
        counted = changes.stored_as_counted(connection, dimensions, after, trace_id, is_charged=is_charged)
        sums.count(counted._replace(components=priced.components), observed=False)


def _values(dimensions: Dimensions, record: Stored, priced: Priced, verdict: Verdict, now_ns: int) -> dict[str, Any]:
    due_at = (record["due_at"] or now_ns) if verdict.billing == PENDING else None
    return {
        **changes.copy_values(dimensions, priced, None),
        "flags": priced.flags,
        "billing": _CODES[verdict.billing],
        "billing_reason": verdict.reason or None,
        "due_at": due_at,
        "revision": record["revision"] + 1,
        "components": None if verdict.billing == CHARGED else changes.pack_components(priced.components),
    }


def _revision(record: Stored, after: Stored, priced: Priced, now_ns: int) -> dict[str, Any]:
    tokens = [[row[name] for name in TOKEN_COLUMNS] for row in (record, after)]
    return {
        "usage": record["id"],
        "revision": after["revision"],
        "at": now_ns,
        "reason": REINTERPRETED,
        "billing_before": record["billing"],
        "billing_after": after["billing"],
        "cost_before_nano_usd": record["cost_nano_usd"],
        "cost_after_nano_usd": after["cost_nano_usd"],
        "price_version_before": record["d_price_version"],
        "price_version_after": priced.dimension[_PRICE_VERSION],
        **{
            name: orjson.dumps(counts).decode() if tokens[0] != tokens[1] else None
            for name, counts in zip(("tokens_before", "tokens_after"), tokens, strict=True)
        },
    }
