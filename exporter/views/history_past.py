"""What the database knows of budgets in force and of their past."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select

from exporter.budgets.definition import Budget
from exporter.budgets.limits import NANO_USD
from exporter.budgets.periods import QUARTER_NS, Period, periods_between
from exporter.budgets.reading import budget_from_mapping
from exporter.budgets.scope import matches
from exporter.ledger.budget_store import StoredBudget, stored_budgets
from exporter.ledger.budget_windows import compute_by_quarter, compute_spent
from exporter.ledger.dimensions import Dimension
from exporter.ledger.tables import breach, budget, budget_change, budget_counter
from exporter.views.history_budgets import Counted, Event, Past, crossed_thresholds
from exporter.views.history_rows import COST, REVERSED, TOKENS, Bucket, Grid, first_start, read_births

_SCOPE_FIELDS: Final = ("project", "team", "agent", "model", "environment")


class Made(NamedTuple):
    """A budget in force, and when its counter began (Unix nanoseconds), perhaps under an earlier shape."""

    stored: StoredBudget
    at_ns: int


def read_made(connection: Connection) -> list[Made]:
    """The budgets in force by id."""
    began: dict[tuple[str, str, str], int] = {}
    columns = (budget.c.definition, budget.c.created_at)
    for text, created_at in connection.execute(select(*columns)):
        key = _counter_key(budget_from_mapping(json.loads(text)))
        began[key] = min(began.get(key, created_at), created_at)
    return [Made(stored, began[_counter_key(stored.budget)]) for stored in stored_budgets(connection)]


def eras_of(made: Iterable[Made]) -> list[int]:
    """When budgets were made, oldest first."""
    return sorted({one.at_ns for one in made})


def covers(one: Budget, dimension: Dimension) -> bool:
    """Whether calls of a dimension count, whatever their task."""
    if dimension.is_list_equivalent and not one.include_list_equivalent:
        return False
    call = dict(zip(_SCOPE_FIELDS, dimension.scope, strict=True))
    return matches({name: value for name, value in one.scope.items() if name != "task"}, call)


def amounts_of(one: Budget, bucket: Bucket) -> tuple[int, int]:
    """What calls add to a budget's counter, and how much of it was taken back."""
    amount = bucket.sums[COST] if one.unit == NANO_USD else sum(bucket.sums[TOKENS])
    return amount, amount if bucket.kind == REVERSED else 0


def read_pasts(
    connection: Connection,
    grid: Grid,
    made: Sequence[Made],
    births: Sequence[Bucket],
    dimensions: Mapping[int, Dimension],
) -> list[Past]:
    """The pasts of budgets; `births` are all calls of the ledger."""
    eras = eras_of(made)
    counters = _read_counters(connection)
    definitions = _read_definitions(connection)
    events = _read_events(connection, grid.end_ns)
    found = []
    for stored, at_ns in made:
        one, era = stored.budget, eras.index(at_ns)
        calls = births if "task" not in one.scope else read_births(connection, eras, task=one.scope["task"])
        whole, before = _sum_up(one, calls, dimensions, era)
        mine = events.get((one.id, one.period), [])
        found.append(
            Past(
                definitions=_timeline(stored, definitions.get(one.id, [])),
                made_at=at_ns,
                era=era,
                spent_before=_spent_before(connection, one, grid),
                counted=Counted(counters.get(_counter_key(one), (0, 0)), whole, before),
                events=mine,
                unbooked=_unbooked_crossings(connection, one, at_ns, mine),
            )
        )
    return found


def _counter_key(one: Budget) -> tuple[str, str, str]:
    return one.id, one.period, one.unit


def _sum_up(
    one: Budget, calls: Iterable[Bucket], dimensions: Mapping[int, Dimension], era: int
) -> tuple[tuple[int, int], tuple[int, int]]:
    """What rows say that the counter holds, and what was received before it."""
    sums = {True: [0, 0], False: [0, 0]}
    for bucket in calls:
        if covers(one, dimensions[bucket.dimension]):
            side = sums[bucket.era > era]
            amount, taken = amounts_of(one, bucket)
            side[0] += amount
            side[1] += taken
    return (sums[True][0], sums[True][1]), (sums[False][0], sums[False][1])


def _spent_before(connection: Connection, one: Budget, grid: Grid) -> int:
    begun = one.period_at(grid.start_ns).start_ns
    return compute_spent(connection, one, Period(begun, grid.start_ns)) if begun < grid.start_ns else 0


def _timeline(stored: StoredBudget, changes: Iterable[tuple[int, Budget]]) -> list[tuple[int, Budget]]:
    same = [(at, one) for at, one in changes if at >= stored.created_at and one.shape == stored.budget.shape]
    return same if same and same[-1][1] == stored.budget else [*same, (stored.created_at, stored.budget)]


def _unbooked_crossings(connection: Connection, one: Budget, before_ns: int, events: Iterable[Event]) -> list[Event]:
    """The thresholds that periods reached which were over before an instant, without those that have an event."""
    first_ns = first_start(connection)
    if first_ns is None or first_ns >= before_ns:
        return []
    calendar: dict[str, Any] = {"week_start": one.week_start, "month_day": one.month_day}
    known = {(event.period.start_ns, event.percent) for event in events}
    periods = periods_between(one.period, first_ns, before_ns, one.timezone, **calendar)
    over = [period for period in periods if period.end_ns <= before_ns]
    if not over:
        return []
    by_quarter = compute_by_quarter(connection, one, Period(over[0].start_ns, over[-1].end_ns))
    spent_of = [(period, _sum_quarters(by_quarter, period)) for period in over]
    return [
        Event(period, threshold.percent, period.end_ns)
        for period, threshold in crossed_thresholds(one, spent_of)
        if (period.start_ns, threshold.percent) not in known
    ]


def _sum_quarters(by_quarter: Mapping[int, int], period: Period) -> int:
    quarters = range(period.start_ns // QUARTER_NS, period.end_ns // QUARTER_NS)
    return sum(by_quarter.get(quarter, 0) for quarter in quarters)


def _read_counters(connection: Connection) -> dict[tuple[str, str, str], tuple[int, int]]:
    table = budget_counter
    keys = (table.c.id, table.c.period, table.c.unit)
    query = select(*keys, func.sum(table.c.amount), func.sum(table.c.adjustments)).group_by(*keys)
    return {(row[0], row[1], row[2]): (int(row[3]), int(row[4])) for row in connection.execute(query)}


def _read_definitions(connection: Connection) -> dict[str, list[tuple[int, Budget]]]:
    table = budget_change
    found: dict[str, list[tuple[int, Budget]]] = defaultdict(list)
    query = (
        select(table.c.id, table.c.at, table.c.definition).where(table.c.action != "delete").order_by(table.c.number)
    )
    for name, at, text in connection.execute(query):
        found[name].append((at, budget_from_mapping(json.loads(text))))
    return found


def _read_events(connection: Connection, until_ns: int) -> dict[tuple[str, str], list[Event]]:
    table = breach
    columns = (table.c.budget, table.c.period, table.c.period_start, table.c.period_end, table.c.percent, table.c.at)
    found: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for name, period, start, end, percent, at in connection.execute(select(*columns).where(table.c.at <= until_ns)):
        found[(name, period)].append(Event(Period(start, end), percent, at))
    return found
