"""Which budgets a charged record moved, and which thresholds it crossed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, select

from exporter.budgets.definition import Budget
from exporter.budgets.limits import TOKENS
from exporter.budgets.reading import budget_from_mapping
from exporter.budgets.scope import matches
from exporter.ledger.budget_booking import period_of
from exporter.ledger.records import Record
from exporter.ledger.sums import QUARTER_NS
from exporter.ledger.tables import TOKEN_COLUMNS, breach, budget
from exporter.usage import BILLING, CHARGED, LIST_EQUIVALENT
from exporter.views.breaches import breach_answer
from exporter.views.times import format_time

_CHARGED: Final = BILLING.index(CHARGED)


class KnownBudget(NamedTuple):
    """A shape of a budget, and from when to when it was in force."""

    budget: Budget
    deleted_at: int | None


def read_budgets(connection: Connection) -> list[KnownBudget]:
    """Every budget there is or was."""
    rows = connection.execute(select(budget.c.definition, budget.c.deleted_at).order_by(budget.c.id, budget.c.ref))
    return [KnownBudget(budget_from_mapping(json.loads(definition)), deleted) for definition, deleted in rows]


def explain_budgets(record: Record, budgets: Sequence[KnownBudget]) -> list[dict[str, Any]]:
    """The windows that a charged record is part of.  A budget that ended before it was booked has none of it."""
    if record["billing"] != _CHARGED:
        return []
    call = _call(record)
    return [
        _moved(known, record)
        for known in budgets
        if matches(known.budget.scope, call)
        and (record["d_cost_source"] != LIST_EQUIVALENT or known.budget.include_list_equivalent)
        and (known.deleted_at is None or known.deleted_at > record["received_at"])
        and _amount(known.budget, record)
    ]


def breaches_of(connection: Connection, record: Record) -> list[dict[str, Any]]:
    """Thresholds that were crossed when this record was booked."""
    query = select(breach).where(
        breach.c.trace_id == bytes(record["trace_id"]), breach.c.span_id == bytes(record["span_id"])
    )
    return [breach_answer(row) for row in connection.execute(query.order_by(breach.c.number))]


def _call(record: Record) -> dict[str, str]:
    """The fields that scopes name."""
    fields = {name: record[f"d_{name}"] for name in ("project", "team", "agent", "environment")}
    model = record["d_response_model"] or record["d_request_model"]
    return {**fields, "model": model, "task": record["task_name"] or ""}


def _amount(one: Budget, record: Record) -> int:
    return sum(record[name] for name in TOKEN_COLUMNS) if one.unit == TOKENS else record["cost_nano_usd"] or 0


def _moved(known: KnownBudget, record: Record) -> dict[str, Any]:
    one = known.budget
    period = period_of(one, record["started_at"] // QUARTER_NS * QUARTER_NS)
    return {
        "budget": one.id,
        "scope": dict(one.scope),
        "unit": one.unit,
        "period": {
            "kind": one.period,
            "start": format_time(period.start_ns),
            "end": format_time(period.end_ns),
            "timezone": one.timezone,
        },
        "amount": _amount(one, record),
        "in_force": known.deleted_at is None,
    }
