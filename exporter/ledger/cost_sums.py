"""The SQL that adds up costs: from quarter-hour rollups, by task from task rollups, else from usage rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, case, func, literal_column, or_, select

from exporter.ledger.budget_windows import MODEL
from exporter.ledger.tables import TOKEN_COLUMNS, dimension, rollup, task, task_rollup, usage
from exporter.usage import BILLING, CHARGED, LIST_EQUIVALENT, NOT_BILLABLE

QUARTER_NS: Final = 900 * 10**9
DAY: Final = "day"
TASK: Final = "task"
DIMENSION_FIELDS: Final = (
    "project", "team", "environment", "agent", "model", "provider", "phase", "tier", "role", "service",
)  # fmt: skip
GROUP_FIELDS: Final = (*DIMENSION_FIELDS, TASK, DAY)
UNPRICED: Final = "unknown"
NO_USAGE: Final = "no_usage"

_FEW_DAYS: Final = 3 * 96
_TASK_SUMS: Final = ("calls", *TOKEN_COLUMNS, "cost_nano_usd")
SUMMED: Final = (
    "calls", *TOKEN_COLUMNS, "cost_nano_usd", "adjustments_nano_usd", "list_equivalent_nano_usd", "unpriced_tokens",
    "unpriced_calls",
)  # fmt: skip
UNTOLD: Final = 3
"""So many of them, the last, that sums by task do not tell."""


class DayPiece(NamedTuple):
    """Quarters up to `end` (exclusive) in which the wall clock is `ahead` quarters ahead of UTC."""

    end: int
    ahead: int


class CostQuestion(NamedTuple):
    """What to add up: quarters [first, end), by which fields, for which rows."""

    first: int
    end: int
    fields: tuple[str, ...]
    """Of GROUP_FIELDS, in the order of the answer."""
    filters: Mapping[str, str]
    """Field to wanted text; an empty text asks for rows without a value.  Any field but the day."""
    days: tuple[DayPiece, ...] = ()
    """The wall clock of the days; needed with DAY only."""


class CostRow(NamedTuple):
    """Sums of one group; the key is in the order of the question's fields, a day as days since 1970."""

    key: tuple[Any, ...]
    sums: tuple[int | None, ...]
    """In the order of SUMMED; None for adjustments where none are kept."""


def is_counted() -> ColumnElement[bool]:
    """Which usage rows are in the sums: charged ones, and calls whose usage nobody knows (without tokens)."""
    unknown = and_(usage.c.billing == BILLING.index(NOT_BILLABLE), usage.c.billing_reason == NO_USAGE)
    return or_(usage.c.billing == BILLING.index(CHARGED), unknown)


def read_rollup_costs(connection: Connection, question: CostQuestion, *, limit: int) -> list[CostRow]:
    """Sums by fields of the dimension and by day."""
    by_day = DAY in question.fields
    part = _rollups_by_dimension(question, by_day=by_day)
    texts = _texts()
    keys = [part.c.day if name == DAY else texts.c[name] for name in question.fields]
    sums = _sums_with_unpriced(part, texts, adjustments=func.coalesce(func.sum(part.c.adjustments_nano_usd), 0))
    statement = select(*keys, *sums).select_from(part.join(texts, texts.c.id == part.c.dimension))
    return _read(connection, statement, keys, limit)


def _rollups_by_dimension(question: CostQuestion, *, by_day: bool) -> Subquery:
    """The inner sum: far fewer rows reach the texts than lie in the rollups."""
    table = rollup
    keys: list[ColumnElement[Any]] = [table.c.dimension]
    if by_day:
        keys.append(_day("rollup.quarter", question.days))
    names = ("calls", *TOKEN_COLUMNS, "cost_nano_usd", "adjustments_nano_usd")
    sums = [func.sum(table.c[name]).label(name) for name in names]
    inside = (table.c.quarter >= question.first, table.c.quarter < question.end)
    return select(*keys, *sums).where(*inside, *_of_dimensions(table, question)).group_by(*keys).subquery()


def read_task_costs(connection: Connection, question: CostQuestion, *, limit: int) -> list[CostRow]:
    """Sums by task, its project, and day; calls without a task are not among them."""
    by_day = DAY in question.fields
    part = _rollups_by_task(question, by_day=by_day)
    columns: dict[str, ColumnElement[Any]] = {TASK: task.c.name, "project": task.c.project}
    keys = [part.c.day if name == DAY else columns[name] for name in question.fields]
    nothing: ColumnElement[Any] = literal_column("NULL")
    unknown: ColumnElement[Any] = literal_column("0")
    sums = [*(func.sum(part.c[name]) for name in _TASK_SUMS), nothing, *[unknown] * UNTOLD]
    named = [columns[name] == value for name, value in question.filters.items()]
    source = part.join(task, task.c.id == part.c.task)
    return _read(connection, select(*keys, *sums).select_from(source).where(*named), keys, limit)


def _rollups_by_task(question: CostQuestion, *, by_day: bool) -> Subquery:
    """As above: numbers are grouped before their names are looked up."""
    table = task_rollup
    keys: list[ColumnElement[Any]] = [table.c.task]
    if by_day:
        keys.append(_day("task_rollup.quarter", question.days))
    sums = [func.sum(table.c[name]).label(name) for name in _TASK_SUMS]
    # Beyond some days, SQLite reads the whole table in key order faster than the part by its index on quarters.
    quarter = table.c.quarter if question.end - question.first <= _FEW_DAYS else table.c.quarter + literal_column("0")
    inside = (quarter >= question.first, quarter < question.end)
    return select(*keys, *sums).where(*inside).group_by(*keys).subquery()


def read_usage_costs(
    connection: Connection, question: CostQuestion, *, limit: int, untold_only: bool = False
) -> list[CostRow]:
    """Sums by any fields, from the rows themselves: for combinations of which no sums are kept."""
    texts = _texts()
    names = select(task.c.id, task.c.name).subquery("named")
    columns: dict[str, ColumnElement[Any]] = {name: texts.c[name] for name in DIMENSION_FIELDS}
    columns |= {
        TASK: func.coalesce(names.c.name, literal_column("''")),
        DAY: _day(f"(usage.started_at / {QUARTER_NS})", question.days),
    }
    keys = [columns[name] for name in question.fields]
    source = usage.join(texts, texts.c.id == usage.c.dimension).outerjoin(names, names.c.id == usage.c.task)
    sums = _sums_with_unpriced(usage, texts, adjustments=literal_column("NULL"), calls=func.count())
    inside = (usage.c.started_at >= question.first * QUARTER_NS, usage.c.started_at < question.end * QUARTER_NS)
    named = [columns[name] == value for name, value in question.filters.items()]
    if untold_only:
        is_untold = (dimension.c.cost_status == UNPRICED) | (dimension.c.cost_source == LIST_EQUIVALENT)
        named.append(usage.c.dimension.in_(select(dimension.c.id).where(is_untold)))
    return _read(connection, select(*keys, *sums).select_from(source).where(is_counted(), *inside, *named), keys, limit)


def _sums_with_unpriced(
    table: Any, texts: Subquery, *, adjustments: ColumnElement[Any], calls: ColumnElement[Any] | None = None
) -> list[ColumnElement[Any]]:
    tokens = [table.c[name] for name in TOKEN_COLUMNS]
    unpriced = texts.c.cost_status == UNPRICED
    one_call = table.c.calls if calls is None else literal_column("1")
    every_token = sum(tokens[1:], tokens[0])
    return [
        func.sum(one_call) if calls is None else calls,
        *(func.sum(column) for column in tokens),
        func.sum(table.c.cost_nano_usd),
        adjustments,
        func.sum(case((texts.c.cost_source == LIST_EQUIVALENT, func.coalesce(table.c.cost_nano_usd, 0)), else_=0)),
        func.sum(case((unpriced, every_token), else_=0)),
        func.sum(case((unpriced, one_call), else_=0)),
    ]


def _texts() -> Subquery:
    names = [MODEL.label("model") if name == "model" else dimension.c[name] for name in DIMENSION_FIELDS]
    return select(dimension.c.id, dimension.c.cost_status, dimension.c.cost_source, *names).subquery("texts")


def _of_dimensions(table: Any, question: CostQuestion) -> list[ColumnElement[bool]]:
    if not question.filters:
        return []
    named = [(MODEL if name == "model" else dimension.c[name]) == value for name, value in question.filters.items()]
    return [table.c.dimension.in_(select(dimension.c.id).where(*named))]


def _day(quarter: str, days: Sequence[DayPiece]) -> ColumnElement[int]:
    """Days since 1970 on the wall clock, as SQL: integers only, written out so that it can be grouped by."""
    if not days:
        return literal_column("0").label(DAY)
    last = f"({quarter} + {days[-1].ahead}) / 96"
    earlier = "".join(f" WHEN {quarter} < {end} THEN ({quarter} + {ahead}) / 96" for end, ahead in days[:-1])
    return literal_column(f"CASE{earlier} ELSE {last} END" if earlier else f"({last})").label(DAY)


def _read(connection: Connection, statement: Select[Any], keys: list[Any], limit: int) -> list[CostRow]:
    rows = connection.execute(statement.group_by(*keys).limit(limit))
    width = len(keys)
    # PostgreSQL adds up integers to decimals.
    return [
        CostRow(tuple(row[:width]), tuple(None if value is None else int(value) for value in row[width:]))
        for row in rows
    ]
