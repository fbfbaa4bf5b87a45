"""The proof that every sum equals the ledger: totals less adjustments, rollups, budget windows, messages, and usage in
doubt.

Rows are added up by the database in parts of bounded size; what is held here is one group for each
day and combination of texts.  The connection must see one snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import add, sub
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, func, literal_column, select

from exporter.budgets.definition import Budget
from exporter.budgets.periods import QUARTER_NS, Period
from exporter.budgets.reading import budget_from_mapping
from exporter.ledger import tables
from exporter.ledger.budget_windows import compute_by_quarter
from exporter.ledger.cost_sums import is_counted
from exporter.ledger.message_audit import message_counts
from exporter.ledger.quality_rows import compare_quality
from exporter.ledger.quality_tables import QUALITY_TEXTS
from exporter.ledger.tables import COMPONENT_COLUMNS, SERIES_TEXTS, TOKEN_COLUMNS

MAX_FINDINGS: Final = 100
_ROWS_A_PART: Final = 100_000
_QUARTERS_A_DAY: Final = 96
_MEASURES: Final = ("calls", *TOKEN_COLUMNS, "cost_nano_usd")
_W: Final = ("project", "team", "environment", "agent", "provider", "model")
_CALL_LABELS: Final = (*_W, "operation", "usage_status", "cost_status")

Sums = tuple[int, ...]
_BySeries = dict[int, Sums]
_Labels = dict[int, dict[str, str]]
_NOTHING: Final = (0,) * len(_MEASURES)


class Finding(NamedTuple):
    """A sum that differs from the rows that it stands for."""

    check: str
    """`totals`, `calls`, `components`, `rollups`, `budgets`, `messages` or `quality`."""
    subject: dict[str, str]
    measure: str
    ledger: int
    """What the rows say."""
    shown: int
    """What the sum says, reversals subtracted."""

    def __str__(self) -> str:
        about = ", ".join(f"{name}={value!r}" for name, value in self.subject.items() if value)
        return f"{self.check}: {self.measure} of {about or 'everything'} is {self.shown}, the ledger says {self.ledger}"


class AuditResult(NamedTuple):
    """What was compared, and the first MAX_FINDINGS differences."""

    findings: tuple[Finding, ...]
    rows: int
    """Usage rows that are in the sums."""
    compared: Mapping[str, int]
    """Comparisons made, by check."""

    @property
    def ok(self) -> bool:
        return not self.findings


def audit(connection: Connection) -> AuditResult:
    """Compare every sum with the ledger, exactly."""
    by_day = _usage_by_day(connection)
    sides = _usage_by_series(connection, by_day), _net_by_series(connection)
    labels = _labels(connection)
    checks = {
        "totals": _compare("totals", _W, range(1, len(_MEASURES)), labels, sides),
        "calls": _compare("calls", _CALL_LABELS, range(1), labels, sides),
        "components": _components(connection, labels),
        "rollups": _rollups(connection, by_day),
        "budgets": _windows(connection),
        "messages": _messages(connection),
        "quality": _quality(connection),
    }
    findings: list[Finding] = []
    compared = dict.fromkeys(checks, 0)
    for check, outcomes in checks.items():
        for outcome in outcomes:
            compared[check] += 1
            findings += outcome[: MAX_FINDINGS - len(findings)]
    return AuditResult(tuple(findings), sum(sums[0] for sums in by_day.values()), compared)


def _differences(
    check: str, subject: dict[str, str], ledger: Sequence[int], shown: Sequence[int], measures: Iterable[int]
) -> list[Finding]:
    return [Finding(check, subject, _MEASURES[n], ledger[n], shown[n]) for n in measures if ledger[n] != shown[n]]


def _usage_by_day(connection: Connection) -> dict[tuple[int, int], Sums]:
    """Sums of the rows that count, by day (UTC, since 1970) and dimension."""
    usage = tables.usage
    day: ColumnElement[int] = literal_column(f"(usage.started_at / {QUARTER_NS * _QUARTERS_A_DAY})")
    columns = [func.count(), *(func.sum(usage.c[name]) for name in _MEASURES[1:])]
    query = select(day, usage.c.dimension, *columns).where(is_counted()).group_by(day, usage.c.dimension)
    last = connection.scalar(select(func.max(usage.c.id))) or 0
    found: dict[tuple[int, int], Sums] = {}
    for start in range(0, last, _ROWS_A_PART):
        part = query.where(usage.c.id > start, usage.c.id <= start + _ROWS_A_PART)
        for row in connection.execute(part):
            key = (int(row[0]), int(row[1]))
            found[key] = tuple(map(add, found.get(key, _NOTHING), _ints(row[2:])))
    return found


def _usage_by_series(connection: Connection, by_day: dict[tuple[int, int], Sums]) -> dict[int, Sums]:
    rows = connection.execute(select(tables.dimension.c.id, tables.dimension.c.series))
    series_of = {int(number): int(series) for number, series in rows}
    found: dict[int, Sums] = {}
    for (_, dimension), sums in by_day.items():
        series = series_of[dimension]
        found[series] = tuple(map(add, found.get(series, _NOTHING), sums))
    return found


def _net_by_series(connection: Connection) -> dict[int, Sums]:
    net = _sums_by_series(connection, tables.total)
    for series, sums in _sums_by_series(connection, tables.adjustment).items():
        net[series] = tuple(map(sub, net.get(series, _NOTHING), sums))
    return net


def _sums_by_series(connection: Connection, table: Table) -> dict[int, Sums]:
    query = select(table.c.series, *(func.sum(table.c[name]) for name in _MEASURES)).group_by(table.c.series)
    return {int(row[0]): _ints(row[1:]) for row in connection.execute(query)}


def _labels(connection: Connection) -> _Labels:
    table = tables.series
    rows = connection.execute(select(table.c.id, *(table.c[name] for name in SERIES_TEXTS)))
    return {row[0]: dict(zip(SERIES_TEXTS, row[1:], strict=True)) for row in rows}


def _compare(
    check: str, names: Sequence[str], measures: Iterable[int], labels: _Labels, sides: tuple[_BySeries, _BySeries]
) -> Iterator[list[Finding]]:
    """By the labels of a metric family, which several label sets of the ledger share."""
    expected, shown = (_by_labels(labels, names, side) for side in sides)
    wanted = tuple(measures)
    for key in sorted(expected.keys() | shown.keys()):
        subject = dict(zip(names, key, strict=True))
        yield _differences(check, subject, expected.get(key, _NOTHING), shown.get(key, _NOTHING), wanted)


def _by_labels(labels: _Labels, names: Sequence[str], by_series: _BySeries) -> dict[tuple[str, ...], Sums]:
    found: dict[tuple[str, ...], Sums] = {}
    for series, sums in by_series.items():
        key = tuple(labels[series][name] for name in names)
        found[key] = tuple(map(add, found.get(key, _NOTHING), sums))
    return found


def _components(connection: Connection, labels: _Labels) -> Iterator[list[Finding]]:
    """The parts of the cost add up to the cost, without any rounding."""
    total = tables.total
    columns = [func.sum(total.c[name]) for name in ("cost_nano_usd", *COMPONENT_COLUMNS)]
    for row in connection.execute(select(total.c.series, *columns).group_by(total.c.series)):
        cost, *parts = _ints(row[1:])
        subject = {name: labels[row[0]][name] for name in _W}
        yield [] if cost == sum(parts) else [Finding("components", subject, "cost_nano_usd", cost, sum(parts))]


def _rollups(connection: Connection, by_day: dict[tuple[int, int], Sums]) -> Iterator[list[Finding]]:
    """Day by day, each dimension."""
    rollup = tables.rollup
    first, last = connection.execute(select(func.min(rollup.c.quarter), func.max(rollup.c.quarter))).one()
    days = {day for day, _ in by_day}
    if first is not None:
        days.update(range(first // _QUARTERS_A_DAY, last // _QUARTERS_A_DAY + 1))
    dimensions: dict[int, dict[int, Sums]] = {}
    for (day, number), sums in by_day.items():
        dimensions.setdefault(day, {})[number] = sums
    for day in sorted(days):
        shown, expected = _rollups_of(connection, day), dimensions.get(day, {})
        for number in sorted(shown.keys() | expected.keys()):
            subject = {"day": str(day), "dimension": str(number)}
            sides = expected.get(number, _NOTHING), shown.get(number, _NOTHING)
            yield _differences("rollups", subject, *sides, range(len(_MEASURES)))


def _rollups_of(connection: Connection, day: int) -> dict[int, Sums]:
    rollup = tables.rollup
    inside = (rollup.c.quarter >= day * _QUARTERS_A_DAY, rollup.c.quarter < (day + 1) * _QUARTERS_A_DAY)
    columns = [func.sum(rollup.c[name]) for name in _MEASURES]
    rows = connection.execute(select(rollup.c.dimension, *columns).where(*inside).group_by(rollup.c.dimension))
    return {int(row[0]): _ints(row[1:]) for row in rows}


def _windows(connection: Connection) -> Iterator[list[Finding]]:
    """The windows of the budgets in force; those of ended budgets are history and no longer counted in."""
    budget = tables.budget
    for ref, text in connection.execute(select(budget.c.ref, budget.c.definition).where(budget.c.deleted_at.is_(None))):
        yield from _windows_of(connection, ref, budget_from_mapping(json.loads(text)))


def _windows_of(connection: Connection, ref: int, budget: Budget) -> Iterator[list[Finding]]:
    table = tables.budget_window
    query = select(table.c.period_start, func.sum(table.c.spent)).where(table.c.ref == ref)
    windows = [(int(start), int(spent)) for start, spent in connection.execute(query.group_by(table.c.period_start))]
    if not windows:
        return
    periods = {start: budget.period_at(start) for start, _ in windows}
    whole = Period(min(periods), max(period.end_ns for period in periods.values()))
    by_quarter = compute_by_quarter(connection, budget, whole)
    for start, shown in sorted(windows):
        quarters = range(start // QUARTER_NS, periods[start].end_ns // QUARTER_NS)
        spent = sum(by_quarter.get(quarter, 0) for quarter in quarters)
        subject = {"budget": budget.id, "period_start": str(start)}
        yield [] if spent == shown else [Finding("budgets", subject, budget.unit, spent, shown)]


def _messages(connection: Connection) -> Iterator[list[Finding]]:
    """Messages between agents, their errors and their gates, each series."""
    for subject, rows, shown in message_counts(connection):
        yield [] if rows == shown else [Finding("messages", subject, "count", rows, shown)]


def _quality(connection: Connection) -> Iterator[list[Finding]]:
    """Missing and estimated usage, by sender and reason."""
    for differences in compare_quality(connection):
        yield [
            Finding("quality", dict(zip(QUALITY_TEXTS, one.texts, strict=True)), one.measure, one.ledger, one.shown)
            for one in differences
        ]


def _ints(values: Sequence[Any]) -> Sums:
    return tuple(int(value or 0) for value in values)
