"""What was spent, by whatever people ask for, with how much of it is priced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import add
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from exporter.errors import InvalidRequest
from exporter.ledger.cost_sums import (
    DAY,
    QUARTER_NS,
    SUMMED,
    TASK,
    UNTOLD,
    CostQuestion,
    CostRow,
    read_rollup_costs,
    read_task_costs,
    read_usage_costs,
)
from exporter.usage import TOKEN_CLASSES
from exporter.views.days import date_text, day_pieces
from exporter.views.times import format_time

MAX_GROUPS: Final = 20_000
DEFAULT_DAYS: Final = 30
_TASK_FIELDS: Final = frozenset({TASK, "project", DAY})
_COST: Final = SUMMED.index("cost_nano_usd")
_ADJUSTMENTS: Final = SUMMED.index("adjustments_nano_usd")
_NOTHING: Final = (0,) * len(SUMMED)


class CostRange(NamedTuple):
    """The half-open interval of interest in Unix nanoseconds, and whose days are meant."""

    start_ns: int
    end_ns: int
    zone: str


def cost_answer(
    connection: Connection,
    group_by: tuple[str, ...],
    within: CostRange,
    *,
    filters: Mapping[str, str] | None = None,
    limit: int = MAX_GROUPS,
) -> dict[str, Any]:
    """Costs by group, dearest first (days in order), and their total; the total alone when no field is named.

    Sums are kept by quarter hours: the interval is widened to whole ones, and the answer says to
    which.  Without `tokens` there is no coverage (null); where no call had a price there is no cost.
    """
    first, end = within.start_ns // QUARTER_NS, -(-within.end_ns // QUARTER_NS)
    days = day_pieces(first, end, within.zone) if DAY in group_by else ()
    question = CostQuestion(first, end, group_by, filters or {}, days)
    rows, total = _read(connection, question)
    if len(rows) > MAX_GROUPS:
        raise InvalidRequest(f"more than {MAX_GROUPS} groups; ask for a shorter interval or for fewer fields")
    rows.sort(key=lambda row: _rank(row, group_by))
    return {
        "group_by": list(group_by),
        "start": format_time(first * QUARTER_NS),
        "end": format_time(end * QUARTER_NS),
        "tz": within.zone,
        "data": [_row_answer(row, group_by) for row in rows[:limit] if group_by],
        "total": _sums_answer(total),
    }


def _read(connection: Connection, question: CostQuestion) -> tuple[list[CostRow], tuple[int | None, ...]]:
    asked = {*question.fields, *question.filters}
    if TASK not in asked:
        rows = read_rollup_costs(connection, question, limit=MAX_GROUPS + 1)
        return rows, _total(rows)
    if asked <= _TASK_FIELDS and TASK not in question.filters:
        return _read_tasks(connection, question)
    rows = read_usage_costs(connection, question, limit=MAX_GROUPS + 1)
    return rows, _total(rows)


def _read_tasks(connection: Connection, question: CostQuestion) -> tuple[list[CostRow], tuple[int | None, ...]]:
    """Tasks from their own sums; what these do not know (no price, flat plans, calls without a task) is joined on."""
    others = question._replace(fields=tuple(name for name in question.fields if name != TASK))
    everything = read_rollup_costs(connection, others, limit=MAX_GROUPS + 1)
    tasks = {row.key: row.sums for row in read_task_costs(connection, question, limit=MAX_GROUPS + 1)}
    if any(any(row.sums[-UNTOLD:]) for row in everything):
        for row in read_usage_costs(connection, question, limit=MAX_GROUPS + 1, untold_only=True):
            if row.key in tasks:
                tasks[row.key] = (*tasks[row.key][:-UNTOLD], *row.sums[-UNTOLD:])
    position = question.fields.index(TASK)
    rest = _without_task(everything, tasks, position)
    return [CostRow(key, sums) for key, sums in tasks.items()] + rest, _total(everything)


def _without_task(
    everything: Iterable[CostRow], tasks: Mapping[tuple[Any, ...], tuple[int | None, ...]], position: int
) -> list[CostRow]:
    covered: dict[tuple[Any, ...], tuple[int, ...]] = {}
    for key, sums in tasks.items():
        others = (*key[:position], *key[position + 1 :])
        covered[others] = tuple(map(add, covered.get(others, _NOTHING), (value or 0 for value in sums)))
    rest = []
    for row in everything:
        taken = covered.get(row.key, _NOTHING)
        left = [(value or 0) - part for value, part in zip(row.sums, taken, strict=True)]
        if any(left[:_ADJUSTMENTS]):
            sums = (*left[:_ADJUSTMENTS], None, *left[_ADJUSTMENTS + 1 :])
            rest.append(CostRow((*row.key[:position], "", *row.key[position:]), sums))
    return rest


def _total(rows: Iterable[CostRow]) -> tuple[int | None, ...]:
    columns = list(zip(*(row.sums for row in rows), strict=True))
    return tuple(_sum(column) for column in columns) if columns else _NOTHING


def _sum(column: tuple[int | None, ...]) -> int | None:
    known = [value for value in column if value is not None]
    return sum(known) if known else None


def _rank(row: CostRow, group_by: tuple[str, ...]) -> tuple[Any, ...]:
    day = row.key[group_by.index(DAY)] if DAY in group_by else 0
    return (day, -(row.sums[_COST] or 0), tuple(str(part) for part in row.key))


def _row_answer(row: CostRow, group_by: tuple[str, ...]) -> dict[str, Any]:
    named = zip(group_by, row.key, strict=True)
    fields = {name: date_text(value) if name == DAY else value or None for name, value in named}
    return {**fields, **_sums_answer(row.sums)}


def _sums_answer(sums: tuple[int | None, ...]) -> dict[str, Any]:
    found = dict(zip(SUMMED, sums, strict=True))
    tokens = {name: found[name] or 0 for name in TOKEN_CLASSES}
    calls, unpriced_calls, unpriced = found["calls"] or 0, found["unpriced_calls"] or 0, found["unpriced_tokens"] or 0
    every = sum(tokens.values())
    return {
        "calls": calls,
        "tokens": tokens,
        "cost_nano_usd": None if calls and calls == unpriced_calls else found["cost_nano_usd"] or 0,
        "adjustments_nano_usd": found["adjustments_nano_usd"],
        "unpriced_tokens": unpriced,
        "coverage": round((every - unpriced) / every, 6) if every else None,
        "list_equivalent_nano_usd": found["list_equivalent_nano_usd"] or 0,
    }
