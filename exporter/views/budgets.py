"""Budgets as the API answers them: what is left in the present period, and where it is going."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from exporter.budgets.breaches import reached
from exporter.budgets.projection import project
from exporter.ledger.budget_store import StoredBudget, find_budget, stored_budgets
from exporter.ledger.tables import breach
from exporter.views.budget_states import BudgetState, present_states
from exporter.views.times import format_time

_Reached = dict[tuple[str, int, int], int]
"""When a threshold was reached: by budget, period start and percentage."""


def budget_list(connection: Connection, now_ns: int) -> list[dict[str, Any]]:
    """Every budget in force, by id, in the period that contains now."""
    return _answers(connection, stored_budgets(connection), now_ns)


def budget_answer(connection: Connection, budget_id: str, now_ns: int) -> dict[str, Any]:
    """One budget in force; NotFound."""
    (answer,) = _answers(connection, [find_budget(connection, budget_id)], now_ns)
    return answer


def _answers(connection: Connection, budgets: Sequence[StoredBudget], now_ns: int) -> list[dict[str, Any]]:
    states = present_states(connection, [(one.ref, one.budget) for one in budgets], now_ns)
    events = _reached_at(connection, {state.period.start_ns for state in states})
    return [
        {"id": one.budget.id, "origin": one.origin, **_answer(state, events, now_ns)}
        for one, state in zip(budgets, states, strict=True)
    ]


def _reached_at(connection: Connection, starts: set[int]) -> _Reached:
    columns = (breach.c.budget, breach.c.period_start, breach.c.percent, breach.c.at)
    rows = connection.execute(select(*columns).where(breach.c.period_start.in_(starts)))
    return {(budget, start, percent): at for budget, start, percent, at in rows}


def _answer(state: BudgetState, events: _Reached, now_ns: int) -> dict[str, Any]:
    budget, period, spent = state
    projection = project(limit=budget.limit, spent=spent, period=period, now_ns=now_ns)
    return {
        "scope": dict(budget.scope),
        "unit": budget.unit,
        "period": {
            "kind": budget.period,
            "start": format_time(period.start_ns),
            "end": format_time(period.end_ns),
            "timezone": budget.timezone,
        },
        "limit": budget.limit,
        "spent": spent,
        "reserved": 0,  # nothing can be reserved before a call yet
        "remaining": budget.limit - spent,
        "percent_used": round(100 * spent / budget.limit, 4),
        "projected": projection.projected,
        "on_track": projection.on_track,
        "exhausted_at": _time(projection.exhausted_at_ns),
        "thresholds": [
            {
                "percent": threshold.percent,
                "severity": threshold.severity,
                "reached": reached(threshold, spent=spent, limit=budget.limit),
                "reached_at": _time(events.get((budget.id, period.start_ns, threshold.percent))),
            }
            for threshold in budget.thresholds
        ],
        "include_list_equivalent": budget.include_list_equivalent,
    }


def _time(ns: int | None) -> str | None:
    return None if ns is None else format_time(ns)
