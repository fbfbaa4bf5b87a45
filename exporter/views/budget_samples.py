"""Budgets as metric samples: the state of the present period, breach events, and counters that never fall."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select

from exporter.budgets.breaches import reached
from exporter.budgets.definition import Budget
from exporter.budgets.limits import NANO_USD
from exporter.budgets.projection import project
from exporter.budgets.reading import budget_from_mapping
from exporter.ledger.tables import breach, budget, budget_counter
from exporter.views.budget_states import BudgetState, present_states
from exporter.views.points import Points, hide_newborn
from exporter.views.samples import sums_of

_UNIT_NAMES: Final = {True: "usd", False: "tokens"}
_AMOUNTS: Final = ("limit", "spent", "reserved", "projected")

Key = tuple[str, ...]
CounterKey = tuple[str, str, str]
"""Id, period and unit: what a counter belongs to, whatever else of the budget changes."""


class _Live(NamedTuple):
    ref: int
    budget: Budget


class BudgetSamples:
    """Reads budgets.  Not safe for threads; one reader has one of these."""

    def __init__(self) -> None:
        self._parsed: dict[tuple[int, str], Budget] = {}
        self._labels: dict[str, list[Key]] = {}

    def read(self, connection: Connection, now_ns: int, cutoff_ns: int) -> dict[str, Points]:
        """Points of every `budget_...` feed."""
        live, born = self._defined(connection)
        states = present_states(connection, live, now_ns)
        found: dict[str, tuple[list[Key], list[Any]]] = {**_gauges(states, now_ns), **_thresholds(states)}
        points = {name: self._points(name, labels, values) for name, (labels, values) in found.items()}
        points |= self._counters(connection, [one.budget for one in live], born, cutoff_ns)
        points["budget_breaches"] = self._breaches(connection, [one.budget for one in live], cutoff_ns)
        return points

    def _defined(self, connection: Connection) -> tuple[list[_Live], dict[CounterKey, int]]:
        """The budgets in force by id, and when each counter was first defined."""
        columns = (budget.c.ref, budget.c.definition, budget.c.created_at, budget.c.deleted_at)
        live: list[_Live] = []
        born: dict[CounterKey, int] = {}
        for ref, definition, created_at, deleted_at in connection.execute(select(*columns).order_by(budget.c.id)):
            parsed = self._parse(ref, definition)
            key = (parsed.id, parsed.period, parsed.unit)
            born[key] = min(born.get(key, created_at), created_at)
            if deleted_at is None:
                live.append(_Live(ref, parsed))
        return live, born

    def _parse(self, ref: int, definition: str) -> Budget:
        known = self._parsed.get((ref, definition))
        if known is None:
            known = budget_from_mapping(json.loads(definition))
            self._parsed[(ref, definition)] = known
        return known

    def _counters(
        self, connection: Connection, budgets: Sequence[Budget], born: Mapping[CounterKey, int], cutoff_ns: int
    ) -> dict[str, Points]:
        amounts = _counted(connection)
        points: dict[str, Points] = {}
        for unit, name in ((NANO_USD, "budget_cost"), ("tokens", "budget_usage")):
            keys = [(one.id, one.period, unit) for one in budgets if one.unit == unit]
            births = [born[key] for key in keys]
            for at, feed in enumerate((name, f"{name}_adjustments")):
                values = hide_newborn([amounts.get(key, (0, 0))[at] for key in keys], births, cutoff_ns)
                points[feed] = self._points(feed, [key[:2] for key in keys], values, births)
        return points

    def _breaches(self, connection: Connection, budgets: Sequence[Budget], cutoff_ns: int) -> Points:
        """Events by threshold; a threshold shows 0 until its first event is as old as the cutoff."""
        events: dict[Key, tuple[int, int]] = {
            (one.id, one.period, str(threshold.percent)): (0, 0) for one in budgets for threshold in one.thresholds
        }
        live = {(one.id, one.period) for one in budgets}
        keys = (breach.c.budget, breach.c.period, breach.c.percent)
        query = select(*keys, func.count(), func.min(breach.c.at)).group_by(*keys).order_by(*keys)
        for name, period, percent, count, first in connection.execute(query):
            if (name, period) in live:
                events[(name, period, str(percent))] = (count, first)
        values = [count if first <= cutoff_ns else 0 for count, first in events.values()]
        return self._points("budget_breaches", list(events), values, [first for _, first in events.values()])

    def _points(self, feed: str, labels: list[Key], values: list[Any], born: Sequence[int] = ()) -> Points:
        if labels != self._labels.get(feed):
            self._labels[feed] = labels
        return Points(self._labels[feed], values, born)


def _labels(state: BudgetState) -> Key:
    return (state.budget.id, state.budget.period)


def _projected(state: BudgetState, now_ns: int) -> int:
    """At the very start of a period nothing can be projected but what was spent."""
    limit = state.budget.limit
    projected = project(limit=limit, spent=state.spent, period=state.period, now_ns=now_ns).projected
    return state.spent if projected is None else projected


def _gauges(states: Sequence[BudgetState], now_ns: int) -> dict[str, tuple[list[Key], list[Any]]]:
    labels = [_labels(state) for state in states]
    found: dict[str, tuple[list[Key], list[Any]]] = {
        "budget_info": ([_info_labels(state) for state in states], [1] * len(states)),
        "budget_utilization": (labels, [state.spent / state.budget.limit for state in states]),
        "budget_period_start": (labels, [state.period.start_ns for state in states]),
        "budget_period_end": (labels, [state.period.end_ns for state in states]),
    }
    for is_money, unit in _UNIT_NAMES.items():
        mine = [state for state in states if (state.budget.unit == NANO_USD) is is_money]
        rows = [(state.budget.limit, state.spent, 0, _projected(state, now_ns)) for state in mine]
        for at, what in enumerate(_AMOUNTS):
            found[f"budget_{what}_{unit}"] = ([_labels(state) for state in mine], [row[at] for row in rows])
    return found


def _info_labels(state: BudgetState) -> Key:
    defined = state.budget
    scope = ",".join(f"{field}={value}" for field, value in sorted(defined.scope.items()))
    return (*_labels(state), _UNIT_NAMES[defined.unit == NANO_USD], scope, defined.timezone)


def _thresholds(states: Sequence[BudgetState]) -> dict[str, tuple[list[Key], list[Any]]]:
    labels: list[Key] = []
    values: list[Any] = []
    for state in states:
        for threshold in state.budget.thresholds:
            labels.append((*_labels(state), str(threshold.percent), threshold.severity))
            values.append(int(reached(threshold, spent=state.spent, limit=state.budget.limit)))
    return {"budget_threshold_reached": (labels, values)}


def _counted(connection: Connection) -> dict[CounterKey, tuple[int, int]]:
    table = budget_counter
    keys = (table.c.id, table.c.period, table.c.unit)
    query = select(*keys, *sums_of(table, ("amount", "adjustments"))).group_by(*keys)
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in connection.execute(query)}
