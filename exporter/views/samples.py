"""The totals as metric samples: a few statements read them, memory holds the label sets.

A label set never changes once it is a row, so which series exist is worked out again only when a
new one has come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, Select, Table, cast, func, select

from exporter.ledger.families import CAPPED, FEEDS, CappedFamily, Feed
from exporter.ledger.tables import SERIES_TEXTS, adjustment, exemplar, series, total
from exporter.views.points import Exemplar, Points, hide_newborn

_BATCH: Final = 500
_IDS: Final = select(series.c.id).order_by(series.c.id)


class _Series(NamedTuple):
    created_at: int
    overflow: int
    texts: tuple[str, ...]


class Call(NamedTuple):
    """A call of a series: its cost in nano-USD (0 when unknown) as an exemplar, and its duration in nanoseconds."""

    series: int
    exemplar: Exemplar
    duration_ns: int


class _Layout(NamedTuple):
    """Where the rows of a reading go in one family."""

    group_of: list[int]
    """For each row its group; rows outside the family go to a last group that is dropped."""
    keys: list[tuple[str, ...]]
    born: list[int]
    is_plain: bool
    """Each row is a group of its own, in order."""


class _Shape(NamedTuple):
    """The series of one feed."""

    labels: list[tuple[str, ...]]
    born: list[int]


class Totals:
    """Reads the sums of `total` and `adjustment`.  Not safe for threads; one reader has one of these."""

    def __init__(self) -> None:
        self._known: dict[int, _Series] = {}
        self._ids: list[int] = []
        self._layouts: dict[str, _Layout] = {}
        self._shapes: dict[str, _Shape] = {}
        self._rejected: dict[str, int] = dict.fromkeys((family.name for family in CAPPED), 0)

    def read(self, connection: Connection, cutoff_ns: int, *, calls: Sequence[Call] = ()) -> dict[str, Points]:
        """Points of every feed (ledger.families.FEEDS); label sets made after the cutoff show 0.

        `calls` (`recent_calls`) become exemplars of the cost.
        """
        # Label sets without a sum count too: a booking that had to be repeated must not be their birth.
        self._arrange(connection, list(connection.scalars(_IDS)))
        columns = {False: self._columns(connection, total), True: self._columns(connection, adjustment)}
        recent = {call.series: call.exemplar for call in calls if call.exemplar.value}
        return {feed.name: self._points(feed, columns[feed.is_adjustment], cutoff_ns, recent) for feed in FEEDS}

    def rejected(self) -> dict[str, int]:
        """For each capped family, how many label sets it shows as `__other__`."""
        return self._rejected

    def label_sets(self) -> Mapping[int, tuple[str, ...]]:
        """Texts (tables.SERIES_TEXTS) by the id of the series."""
        return {number: known.texts for number, known in self._known.items()}

    def _arrange(self, connection: Connection, ids: list[int]) -> None:
        if ids == self._ids and self._layouts:
            return
        absent = [number for number in ids if number not in self._known]
        self._known.update(_label_sets(connection, absent))
        rows = [self._known[number] for number in ids]
        self._layouts = {family.name: _arranged(family, rows) for family in CAPPED}
        self._shapes = {feed.name: _shaped(feed, self._layouts[feed.family.name]) for feed in FEEDS}
        self._rejected = {family.name: _count_rejected(family, rows) for family in CAPPED}
        self._ids = ids

    def _columns(self, connection: Connection, table: Table) -> dict[str, Sequence[int]]:
        names = _value_names(table)
        found = {row[0]: row[1:] for row in connection.execute(_SUMS[table]).all()}
        nothing = (0,) * len(names)
        rows = [found.get(number, nothing) for number in self._ids]
        return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(names, ())

    def _points(
        self, feed: Feed, columns: Mapping[str, Sequence[int]], cutoff_ns: int, recent: Mapping[int, Exemplar]
    ) -> Points:
        layout, shape = self._layouts[feed.family.name], self._shapes[feed.name]
        parts = [_folded(layout, [columns[name] for name in part.columns]) for part in feed.parts]
        values = parts[0] if len(parts) == 1 else [value for group in zip(*parts, strict=True) for value in group]
        visible = hide_newborn(values, shape.born, cutoff_ns)
        shown = _latest_of_groups(layout, self._ids, recent) if feed.name == "cost" else {}
        return Points(shape.labels, visible, shape.born, shown)


def recent_calls(connection: Connection) -> list[Call]:
    """The calls that the ledger keeps as examples, oldest first."""
    columns = exemplar.c
    rows = connection.execute(
        select(
            columns.series, columns.cost_nano_usd, columns.trace_id, columns.span_id, columns.at, columns.duration_ns
        ).order_by(columns.at)
    )
    return [
        Call(number, Exemplar(cost or 0, bytes(trace).hex(), bytes(span).hex(), at), duration)
        for number, cost, trace, span, at, duration in rows
    ]


def sums_of(table: Table, names: Sequence[str]) -> list[Any]:
    """Columns added over the slots.  PostgreSQL makes a NUMERIC of a sum of BIGINT, hence the cast."""
    return [cast(func.sum(table.c[name]), BigInteger) for name in names]


def _value_names(table: Table) -> list[str]:
    return [column.name for column in table.columns if not column.primary_key]


def _sums_by_series(table: Table) -> Select[Any]:
    key = table.c.series
    return select(key, *sums_of(table, _value_names(table))).group_by(key).order_by(key)


_SUMS: Final = {table: _sums_by_series(table) for table in (total, adjustment)}


def _label_sets(connection: Connection, ids: list[int]) -> dict[int, _Series]:
    query = select(series.c.id, series.c.created_at, series.c.overflow, *(series.c[text] for text in SERIES_TEXTS))
    found: dict[int, _Series] = {}
    for start in range(0, len(ids), _BATCH):
        rows = connection.execute(query.where(series.c.id.in_(ids[start : start + _BATCH])))
        found.update({row[0]: _Series(row[1], row[2], tuple(row[3:])) for row in rows})
    return found


def _arranged(family: CappedFamily, rows: Sequence[_Series]) -> _Layout:
    """The groups of a family: a group is as old as its oldest member."""
    groups: dict[tuple[str, ...], int] = {}
    born: list[int] = []
    group_of: list[int] = []
    for row in rows:
        if not family.holds(row.texts):
            group_of.append(-1)
            continue
        group = groups.setdefault(family.shown(row.texts, row.overflow), len(groups))
        if group == len(born):
            born.append(row.created_at)
        born[group] = min(born[group], row.created_at)
        group_of.append(group)
    return _Layout(group_of, list(groups), born, group_of == list(range(len(rows))))


def _count_rejected(family: CappedFamily, rows: Sequence[_Series]) -> int:
    bit = family.overflow_bit
    return sum(1 for row in rows if row.overflow & bit)


def _shaped(feed: Feed, layout: _Layout) -> _Shape:
    extra = [(part.label,) if part.label else () for part in feed.parts]
    labels = [key + label for key in layout.keys for label in extra]
    return _Shape(labels, [born for born in layout.born for _ in extra])


def _folded(layout: _Layout, columns: Sequence[Sequence[int]]) -> list[int]:
    """The sum of the columns for each group.  Group -1 is the place after the last: outside the family."""
    if layout.is_plain:
        return list(columns[0]) if len(columns) == 1 else list(map(sum, zip(*columns, strict=True)))
    sums = [0] * (len(layout.keys) + 1)
    for column in columns:
        for group, value in zip(layout.group_of, column, strict=True):
            sums[group] += value
    sums.pop()
    return sums


def _latest_of_groups(layout: _Layout, ids: Sequence[int], recent: Mapping[int, Exemplar]) -> dict[int, Exemplar]:
    latest: dict[int, Exemplar] = {}
    if not recent:
        return latest
    for group, number in zip(layout.group_of, ids, strict=True):
        call = recent.get(number)
        if call and group >= 0 and (group not in latest or latest[group].at_ns < call.at_ns):
            latest[group] = call
    return latest
