"""A booked record as it would be read and priced again, from what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from exporter.dialects.kinds import Operation
from exporter.dialects.rereading import Kept
from exporter.ledger.tables import TOKEN_COLUMNS
from exporter.settle.verdict import NO_USAGE
from exporter.usage import BILLING, NOT_BILLABLE, PriceContext, Tokens, UsageRecord
from exporter.valuation import Moment

StoredRecord = Mapping[Any, Any]
"""Of ledger.records."""
_NOT_BILLABLE: Final = BILLING.index(NOT_BILLABLE)


def kept_of(record: StoredRecord) -> Kept | None:
    """What a record was read from; None when nothing was kept of it."""
    if record["shape_document"] is None:
        return None
    return Kept(
        record["d_signal"],
        record["d_dialect"],
        record["d_scope"],
        Operation(record["d_operation"], record["d_kind"], never_billable(record)),
        record["shape_document"],
        orjson.loads(record["evidence"]) if record["evidence"] else [],
    )


def never_billable(record: StoredRecord) -> str:
    """Why rule R1 never bills it, or empty."""
    reason = record["billing_reason"] or ""
    return reason if record["billing"] == _NOT_BILLABLE and reason != NO_USAGE else ""


def flags_of(record: StoredRecord) -> tuple[str, ...]:
    return tuple(orjson.loads(record["flags"])) if record["flags"] else ()


def context_of(record: StoredRecord) -> PriceContext:
    """The price context by which a record was priced."""
    return PriceContext(**orjson.loads(record["d_context"] or "{}"))


def moment_of(record: StoredRecord) -> Moment:
    return Moment(record["started_at"], record["ended_at"])


def usage_of(record: StoredRecord) -> UsageRecord:
    """The usage that a row was booked from, as far as its price depends on it."""
    return UsageRecord(
        signal=record["d_signal"],
        dialect=record["d_dialect"],
        scope=record["d_scope"],
        kind=record["d_kind"],
        operation=record["d_operation"],
        trace_id=bytes(record["trace_id"]),
        span_id=bytes(record["span_id"]),
        start_ns=record["started_at"],
        end_ns=record["ended_at"],
        provider=record["d_provider"],
        gateway=record["d_gateway"],
        request_model=record["d_request_model"],
        response_model=record["d_response_model"],
        price_model=record["d_price_model"],
        service=record["d_service"],
        agent=record["d_agent"],
        conversation_id=record["conversation_id"] or "",
        call_key=record["call_key"] or "",
        tokens=Tokens(*(record[name] for name in TOKEN_COLUMNS)),
        usage_status=record["d_usage_status"],
        error_type=record["d_error_type"],
        context=context_of(record),
        cost_reported_nano_usd=record["cost_reported_nano_usd"],
        cost_source=record["d_cost_source"],
        units=orjson.loads(record["units"]) if record["units"] else {},
        flags=flags_of(record),
        never_billable=never_billable(record),
    )
