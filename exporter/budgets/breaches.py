"""Where a breach is decided: which thresholds of a budget an amount has reached."""

from __future__ import annotations

from exporter.budgets.definition import Budget, Threshold


def crossed(budget: Budget, spent: int) -> tuple[Threshold, ...]:
    """The thresholds with spent >= percent of the limit, lowest first.  `spent` is in the budget's unit."""
    return tuple(threshold for threshold in budget.thresholds if reached(threshold, spent=spent, limit=budget.limit))


def newly_crossed(budget: Budget, before: int, after: int) -> tuple[Threshold, ...]:
    """The thresholds that an amount passed on its way from `before` up to `after`."""
    return tuple(
        threshold for threshold in crossed(budget, after) if not reached(threshold, spent=before, limit=budget.limit)
    )


def reached(threshold: Threshold, *, spent: int, limit: int) -> bool:
    """Whether spent >= percent/100 * limit, in whole numbers, so that exactly 70 % of any limit counts."""
    return spent * 100 >= threshold.percent * limit
