"""What a budget spent in a period: from its window once that is filled, else from the rollups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Table, case, func, insert, literal_column, select

from exporter.budgets.definition import Budget
from exporter.budgets.limits import TOKENS
from exporter.budgets.periods import QUARTER_NS, Period
from exporter.ledger.tables import TOKEN_COLUMNS, budget_window, dimension, rollup, task, task_rollup, usage
from exporter.usage import BILLING, CHARGED, LIST_EQUIVALENT

MODEL: Final = case((dimension.c.response_model != "", dimension.c.response_model), else_=dimension.c.request_model)
"""The answered model, else the requested one: what the label and a budget's scope mean by `model`."""


_LISTED: Final = select(dimension.c.id).where(dimension.c.cost_source == LIST_EQUIVALENT)


class _Source(NamedTuple):
    """Rows that hold a budget's spending: where they are, which count, and in which quarter of an hour."""

    table: Table
    joined: FromClause
    counts: Sequence[ColumnElement[bool]]
    quarter: ColumnElement[int]


def read_spent(connection: Connection, ref: int, budget: Budget, period: Period) -> int:
    """What the budget spent in the period, in its unit: the window's sum, or the rollups' when there is none."""
    filled = read_windows(connection, [(ref, period)]).get((ref, period.start_ns))
    return compute_spent(connection, budget, period) if filled is None else filled


def read_windows(connection: Connection, wanted: Sequence[tuple[int, Period]]) -> dict[tuple[int, int], int]:
    """Sums of the windows that are filled, by (ref, period start)."""
    refs = {ref for ref, _ in wanted}
    starts = {period.start_ns for _, period in wanted}
    table = budget_window
    statement = (
        select(table.c.ref, table.c.period_start, func.sum(table.c.spent))
        .where(table.c.ref.in_(refs), table.c.period_start.in_(starts))
        .group_by(table.c.ref, table.c.period_start)
    )
    return {(ref, start): int(spent) for ref, start, spent in connection.execute(statement)}


def fill_window(connection: Connection, ref: int, budget: Budget, period: Period, slot: int) -> None:
    """Start the window with what the rollups say, the transaction's own included.

    The caller has made sure that the window has no row and that nobody else starts it.
    """
    spent = compute_spent(connection, budget, period)
    values = {"ref": ref, "period_start": period.start_ns, "slot": slot, "spent": spent}
    connection.execute(insert(budget_window).values(values))


def compute_spent(connection: Connection, budget: Budget, period: Period) -> int:
    """The same sum by interval arithmetic on quarter hours, whatever the window says."""
    source = _source(connection, budget)
    sums = _sums(source.table, budget)
    row = connection.execute(select(*sums).select_from(source.joined).where(*source.counts, *_within(source, period)))
    return sum(int(amount or 0) for amount in row.one())


def compute_by_quarter(connection: Connection, budget: Budget, within: Period) -> dict[int, int]:
    """What the budget spent in each quarter of an hour (Unix time / 900 s) that has any calls."""
    source = _source(connection, budget)
    columns = (source.quarter, *_sums(source.table, budget))
    inside = (*source.counts, *_within(source, within))
    rows = connection.execute(select(*columns).select_from(source.joined).where(*inside).group_by(source.quarter))
    return {int(row[0]): sum(int(amount or 0) for amount in row[1:]) for row in rows}


def _source(connection: Connection, budget: Budget) -> _Source:
    scope = budget.scope
    leaves_out = not budget.include_list_equivalent and connection.scalar(_LISTED.limit(1)) is not None
    if "task" not in scope:
        joined = rollup.join(dimension, dimension.c.id == rollup.c.dimension) if scope else rollup
        return _Source(
            rollup, joined, [*_dimension_scope(scope), *_billed(rollup, leaves_out=leaves_out)], rollup.c.quarter
        )
    # Sums by task do not tell who is billed for them.
    if scope.keys() <= {"task", "project"} and not leaves_out:
        named = [task.c["name" if field == "task" else field] == value for field, value in scope.items()]
        joined = task_rollup.join(task, task.c.id == task_rollup.c.task)
        return _Source(task_rollup, joined, named, task_rollup.c.quarter)
    return _usage_source(scope, leaves_out=leaves_out)


def _billed(table: Table, *, leaves_out: bool) -> list[ColumnElement[bool]]:
    """Without the cost at list prices of sources on a flat plan; no condition where there are none."""
    return [table.c.dimension.not_in(_LISTED)] if leaves_out else []


def _usage_source(scope: Mapping[str, str], *, leaves_out: bool) -> _Source:
    """No sum is kept by task and, say, team, so the rows of the task are added up."""
    others = {field: value for field, value in scope.items() if field != "task"}
    of_task = usage.c.task.in_(select(task.c.id).where(task.c.name == scope["task"]))
    charged = usage.c.billing == BILLING.index(CHARGED)
    counts = [charged, of_task, *_dimension_scope(others), *_billed(usage, leaves_out=leaves_out)]
    joined = usage.join(dimension, dimension.c.id == usage.c.dimension)
    return _Source(usage, joined, counts, literal_column(f"(usage.started_at / {QUARTER_NS})"))


def _dimension_scope(scope: Mapping[str, str]) -> list[ColumnElement[bool]]:
    return [(MODEL if field == "model" else dimension.c[field]) == value for field, value in scope.items()]


def _within(source: _Source, period: Period) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return source.quarter >= period.start_ns // QUARTER_NS, source.quarter < period.end_ns // QUARTER_NS


def _sums(table: Table, budget: Budget) -> list[Any]:
    names = TOKEN_COLUMNS if budget.unit == TOKENS else ("cost_nano_usd",)
    return [func.sum(table.c[name]) for name in names]
