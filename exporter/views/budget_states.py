"""Budgets in the period that contains now: what the API answers and what metrics show start here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection

from exporter.budgets.definition import Budget
from exporter.budgets.periods import Period
from exporter.ledger.budget_windows import compute_spent, read_windows


class BudgetState(NamedTuple):
    """A budget, its present period, and what it spent in it (nano-USD or tokens)."""

    budget: Budget
    period: Period
    spent: int


def present_states(connection: Connection, budgets: Iterable[tuple[int, Budget]], now_ns: int) -> list[BudgetState]:
    """The states of budgets given with their `ref`, in that order."""
    wanted = [(ref, budget, budget.period_at(now_ns)) for ref, budget in budgets]
    filled = read_windows(connection, [(ref, period) for ref, _, period in wanted])
    return [
        BudgetState(budget, period, _spent(connection, budget, period, filled.get((ref, period.start_ns))))
        for ref, budget, period in wanted
    ]


def _spent(connection: Connection, budget: Budget, period: Period, window: int | None) -> int:
    return compute_spent(connection, budget, period) if window is None else window
