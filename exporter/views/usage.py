"""Usage rows as the API answers them, page by page in booking order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row

from exporter.ledger.queries import UsageFilter, read_usage
from exporter.usage import BILLING, SPANS, TOKEN_CLASSES
from exporter.views.cursors import cursor_of, position_of
from exporter.views.times import format_time

MAX_LIMIT: Final = 1000
DEFAULT_LIMIT: Final = 100


def usage_page(connection: Connection, wanted: UsageFilter, *, cursor: str | None, limit: int) -> dict[str, Any]:
    """`{"data": [...], "next_cursor"}`; the cursor is null on the last page."""
    after = position_of(cursor) if cursor is not None else 0
    rows = read_usage(connection, wanted, after=after, limit=limit + 1)
    shown = rows[:limit]
    more = len(rows) > limit
    return {"data": [usage_answer(row) for row in shown], "next_cursor": cursor_of(shown[-1].id) if more else None}


def usage_answer(row: Row[Any]) -> dict[str, Any]:
    """One ledger row in the public words; an unknown text is null."""
    trace_id, span_id = sent_ids(row._mapping)
    return {
        "id": row.id,
        "signal": row.signal,
        "dialect": row.dialect,
        "scope": row.scope,
        "kind": row.kind,
        "trace_id": trace_id,
        "span_id": span_id,
        "call_key": row.call_key or None,
        "started_at": format_time(row.started_at),
        "ended_at": format_time(row.ended_at) if row.ended_at else None,
        "provider": row.provider or None,
        "request_model": row.request_model or None,
        "response_model": row.response_model or None,
        "price_model": row.price_model or None,
        "service": row.service or None,
        "agent": row.agent or None,
        "conversation_id": row.conversation_id or None,
        "project": row.project or None,
        "task": row.task or None,
        "phase": row.phase or None,
        "tokens": {name: getattr(row, name) for name in TOKEN_CLASSES},
        "usage_status": row.usage_status,
        "billing": BILLING[row.billing],
        "billing_reason": row.billing_reason or None,
        "units": json.loads(row.units) if row.units else {},
        "cost_nano_usd": row.cost_nano_usd,
        "cost_status": row.cost_status,
        "cost_reasons": json.loads(row.cost_reasons) if row.cost_reasons else [],
        "cost_reported_nano_usd": row.cost_reported_nano_usd,
        "price_version": row.price_version or None,
        "error_type": row.error_type or None,
        "flags": json.loads(row.flags) if row.flags else [],
    }


def sent_ids(row: Mapping[Any, Any]) -> tuple[str | None, str | None]:
    """Trace and span with which something was sent: a span's own ids, the context of whatever else; null when none."""
    if row["signal"] == SPANS:
        return _hex(row["trace_id"]), _hex(row["span_id"])
    return _hex(row["context_trace"]), _hex(row["context_span"])


def _hex(raw: bytes | None) -> str | None:
    """Hexadecimal of an id; null for the all-zero id, which OTLP calls invalid."""
    return raw.hex() if raw is not None and any(raw) else None
