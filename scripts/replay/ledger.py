"""What really happened, call by call, straight from the rows of the ledger."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from exporter.budgets.breaches import newly_crossed
from exporter.budgets.definition import Budget
from exporter.budgets.limits import NANO_USD
from exporter.budgets.periods import Period
from exporter.budgets.scope import matches
from exporter.ledger.budget_store import stored_budgets
from exporter.ledger.budget_windows import MODEL
from exporter.ledger.engine import Database
from exporter.ledger.tables import TOKEN_COLUMNS, dimension, usage
from exporter.usage import BILLING, CHARGED

SECOND_NS: Final = 10**9


class Call(NamedTuple):
    """A charged call; times in nanoseconds, amounts in nano-USD (None when unknown) and tokens."""

    at_ns: int
    cost: int | None
    tokens: int
    provider: str
    where: dict[str, str]
    """Project, team, agent, model and environment."""


class Crossing(NamedTuple):
    """A threshold of a budget, when a call reached it, and the call's period."""

    budget: Budget
    percent: int
    severity: str
    at_ns: int
    period: Period


class Truth(NamedTuple):
    calls: Sequence[Call]
    """In the order of their start."""
    budgets: Sequence[Budget]
    crossings: Sequence[Crossing]
    """In the order of time."""
    used: dict[tuple[str, int], float]
    """The share of its limit that each budget had used at the end of each period, by id and start."""


def read_truth(ledger: Path) -> Truth:
    database = Database(f"sqlite:///{ledger}")
    try:
        with database.read() as connection:
            calls = list(_calls(connection))
            budgets = [stored.budget for stored in stored_budgets(connection)]
    finally:
        database.close()
    crossings: list[Crossing] = []
    used: dict[tuple[str, int], float] = {}
    for budget in budgets:
        found, ends = follow_budget(budget, calls)
        crossings += found
        used |= {(budget.id, start): spent / budget.limit for start, spent in ends.items()}
    return Truth(calls, budgets, sorted(crossings, key=lambda one: one.at_ns), used)


def follow_budget(budget: Budget, calls: Iterable[Call]) -> tuple[list[Crossing], dict[int, int]]:
    """Each threshold at the call that reached it, and what was spent in each period, by its start."""
    spent: dict[int, int] = defaultdict(int)
    crossings: list[Crossing] = []
    for call in calls:
        amount = (call.cost or 0) if budget.unit == NANO_USD else call.tokens
        if not amount or not matches(budget.scope, call.where):
            continue
        period = budget.period_at(call.at_ns)
        before = spent[period.start_ns]
        spent[period.start_ns] = before + amount
        crossings += [
            Crossing(budget, threshold.percent, threshold.severity, call.at_ns, period)
            for threshold in newly_crossed(budget, before, before + amount)
        ]
    return crossings, dict(spent)


def _calls(connection: Connection) -> Iterator[Call]:
    names = ("project", "team", "agent", "environment")
    columns = [dimension.c[name] for name in names]
    tokens = [usage.c[name] for name in TOKEN_COLUMNS]
    query = (
        select(
            usage.c.started_at, usage.c.cost_nano_usd, sum(tokens[1:], tokens[0]), dimension.c.provider, MODEL, *columns
        )
        .join(dimension, dimension.c.id == usage.c.dimension)
        .where(usage.c.billing == BILLING.index(CHARGED))
        .order_by(usage.c.started_at)
    )
    shared: dict[tuple[str, ...], dict[str, str]] = {}
    for at, cost, count, provider, model, *texts in connection.execute(query):
        key = (model, *texts)
        where = shared.setdefault(key, {"model": model, **dict(zip(names, texts, strict=True))})
        yield Call(at, cost, count, provider, where)


class Episode(NamedTuple):
    """Calls of one kind with no longer pause than an hour between them; times in nanoseconds."""

    subject: str
    start_ns: int
    end_ns: int


def episodes(calls: Iterable[tuple[str, int]], pause_ns: int) -> list[Episode]:
    """Episodes of calls given by subject and start, in the order of their start."""
    current: dict[str, Episode] = {}
    found: list[Episode] = []
    for subject, at_ns in calls:
        last = current.get(subject)
        if last is None or at_ns - last.end_ns > pause_ns:
            if last is not None:
                found.append(last)
            last = Episode(subject, at_ns, at_ns)
        current[subject] = last._replace(end_ns=at_ns)
    return sorted([*found, *current.values()], key=lambda one: (one.start_ns, one.subject))
