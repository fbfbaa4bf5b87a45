"""The ledger's calls by the step of time in which they started, oldest first, and what the sums say at the end.

The database sorts; what comes here is one row for each step and combination of texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Select,
    Table,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from exporter.ledger import tables
from exporter.ledger.cost_sums import is_counted
from exporter.ledger.dimensions import Dimension, scope_of
from exporter.ledger.tables import DIMENSION_TEXTS, SERIES_TEXTS, TOKEN_COLUMNS
from exporter.usage import BILLING, CHARGED, LIST_EQUIVALENT
from exporter.views.metrics import BIRTH_SECONDS, SECOND_NS

BIRTH_NS: Final = int(BIRTH_SECONDS * SECOND_NS)
"""How long a series shows 0 before it first rises, as live ones do (views/metrics.py)."""
PLAIN, PRICED_LATE, REVERSED = range(3)
"""What became of calls: in the sums as they were booked; priced after that; taken back."""
TOTALS: Final = tuple(column.name for column in tables.total.columns if not column.primary_key)
"""The columns of a gross sum, in order; `Bucket.sums` has the same."""
CALLS, COST = TOTALS.index("calls"), TOTALS.index("cost_nano_usd")
TOKENS: Final = slice(TOTALS.index(TOKEN_COLUMNS[0]), TOTALS.index(TOKEN_COLUMNS[-1]) + 1)
UNPRICED_CALLS, UNPRICED_TOKENS = TOTALS.index("unpriced_calls"), TOTALS.index("unpriced_tokens")

_FETCHED: Final = 2_000
_CHARGED: Final = BILLING.index(CHARGED)
_LATE_TEXTS: Final = frozenset({"price_model", "cost_status", "cost_reasons", "price_version"})
"""What late pricing changes of a dimension."""

Sums = tuple[int, ...]


class Bucket(NamedTuple):
    """Calls of one dimension that started in one step."""

    step: int
    """Unix time / step, rounded down; one less than the first for all that started before the range."""
    dimension: int
    kind: int
    era: int
    """How many of the asked instants had passed when the calls were received."""
    sums: Sums
    """As TOTALS; 0 for the parts of the cost, which rows do not keep."""


class Grid(NamedTuple):
    """The range of time and its steps, all in nanoseconds; the start lies on a step."""

    start_ns: int
    end_ns: int
    step_ns: int

    @property
    def first(self) -> int:
        """The sample at the start; sample n is taken at n * step, the last one at the end."""
        return self.start_ns // self.step_ns

    @property
    def last(self) -> int:
        return -(-self.end_ns // self.step_ns)

    @property
    def cutoff_ns(self) -> int:
        """Made later, a series shows 0 at the end, as a scrape shows it: else it would fall where the two meet."""
        return self.end_ns - BIRTH_NS

    def sample_after(self, at_ns: int) -> int:
        """The first sample that shows what happened at an instant."""
        return max(at_ns // self.step_ns + 1, self.first)

    def time_of(self, sample: int) -> int:
        return min(sample * self.step_ns, self.end_ns)


class LabelSet(NamedTuple):
    created_at: int
    overflow: int
    texts: tuple[str, ...]


def read_label_sets(connection: Connection) -> dict[int, LabelSet]:
    """Every series by its number."""
    table = tables.series
    rows = connection.execute(
        select(table.c.id, table.c.created_at, table.c.overflow, *(table.c[name] for name in SERIES_TEXTS))
    )
    return {row[0]: LabelSet(row[1], row[2], tuple(row[3:])) for row in rows}


def read_ends(connection: Connection, table: Table) -> dict[int, Sums]:
    """What `total` or `adjustment` say of each series, as TOTALS, whose first columns are those of `adjustment`."""
    names = [column.name for column in table.columns if not column.primary_key]
    key = table.c.series
    rows = connection.execute(select(key, *(func.sum(table.c[name]) for name in names)).group_by(key))
    rest = (0,) * (len(TOTALS) - len(names))
    return {row[0]: (*(int(value or 0) for value in row[1:]), *rest) for row in rows}


def read_dimensions(connection: Connection) -> dict[int, Dimension]:
    """Every combination of texts: where it is counted, and what budgets see of it."""
    table = tables.dimension
    names = ("project", "team", "agent", "response_model", "request_model", "environment", "cost_status", "cost_source")
    columns = [table.c[name] for name in names]
    rows = connection.execute(select(table.c.id, table.c.series, table.c.distribution_series, *columns))
    found = {}
    for number, series, distribution, *texts in rows:
        named = dict(zip(names, texts, strict=True))
        scope = scope_of([named.get(name, "") for name in DIMENSION_TEXTS])
        known = Dimension(number, series, distribution, named["cost_status"] == "unknown", scope)
        found[number] = known._replace(is_list_equivalent=named["cost_source"] == LIST_EQUIVALENT)
    return found


def read_unpriced_twins(connection: Connection, wanted: Sequence[int]) -> dict[int, int]:
    """For dimensions that calls got by late pricing: the series in which those calls stood before."""
    if not wanted:
        return {}
    table = tables.dimension
    same = [name for name in DIMENSION_TEXTS if name not in _LATE_TEXTS]
    columns = [table.c[name] for name in same]
    unknown = connection.execute(
        select(table.c.series, *columns).where(table.c.cost_status == "unknown").order_by(table.c.id.desc())
    )
    before = {tuple(row[1:]): row[0] for row in unknown}
    now = connection.execute(select(table.c.id, *columns).where(table.c.id.in_(wanted)))
    return {row[0]: before[tuple(row[1:])] for row in now if tuple(row[1:]) in before}


def read_births(connection: Connection, eras: Sequence[int], *, task: str | None = None) -> list[Bucket]:
    """All calls by dimension, kind and era; the step is the start of the first one in nanoseconds."""
    part = _of_task(_rows(tables.usage.c.started_at, eras), task).subquery()
    keys = [part.c.dimension, part.c.kind, part.c.era]
    query = select(func.min(part.c.step), *keys, *_added(part)).group_by(*keys)
    return [_bucket(row) for row in connection.execute(query)]


def read_buckets(
    connection: Connection, grid: Grid, eras: Sequence[int], *, task: str | None = None
) -> Iterator[Bucket]:
    """Calls of the range in the order of their start, led by all earlier ones.

    Left out is what was received after the end of the range: whoever scraped the ledger by then has not seen it.
    `task` asks for the calls of tasks of this name alone.
    """
    started = tables.usage.c.started_at
    step = case(
        (started < grid.start_ns, _number(grid.first - 1)), else_=literal_column(f"(usage.started_at / {grid.step_ns})")
    )
    rows = _rows(step, eras).where(started < grid.end_ns, tables.usage.c.received_at <= grid.end_ns)
    part = _of_task(rows, task).subquery()
    keys = [part.c.step, part.c.dimension, part.c.kind, part.c.era]
    query = select(*keys, *_added(part)).group_by(*keys).order_by(*keys)
    streamed = connection.execution_options(stream_results=True, yield_per=_FETCHED).execute(query)
    return map(_bucket, streamed)


def count_received_after(connection: Connection, at_ns: int) -> int:
    """Calls that count and were received after an instant."""
    usage = tables.usage
    return connection.scalar(select(func.count()).where(is_counted(), usage.c.received_at > at_ns)) or 0


def newest_birth(connection: Connection) -> int:
    """When the youngest series began (Unix nanoseconds); 0 without any."""
    columns = (tables.series.c.created_at, tables.budget.c.created_at, tables.breach.c.at)
    return max(connection.scalar(select(func.max(column))) or 0 for column in columns)


def first_start(connection: Connection) -> int | None:
    """The quarter of an hour in which the first call started, as Unix nanoseconds; None without calls."""
    quarter = connection.scalar(select(func.min(tables.rollup.c.quarter)))
    return None if quarter is None else int(quarter) * 900 * 10**9


def _rows(step: ColumnElement[Any], eras: Sequence[int]) -> Select[Any]:
    usage = tables.usage
    tokens = [usage.c[name] for name in TOKEN_COLUMNS]
    unpriced = and_(usage.c.billing == _CHARGED, usage.c.cost_nano_usd.is_(None))
    return select(
        step.label("step"),
        usage.c.dimension,
        _kind().label("kind"),
        _era(eras).label("era"),
        *tokens,
        usage.c.cost_nano_usd,
        usage.c.cost_reported_nano_usd,
        case((unpriced, _number(1)), else_=_number(0)).label("unpriced_calls"),
        case((unpriced, sum(tokens[1:], tokens[0])), else_=_number(0)).label("unpriced_tokens"),
    ).where(or_(is_counted(), and_(usage.c.revision > 0, _was(tables.revision.c.billing_before == _CHARGED))))


def _of_task(rows: Select[Any], name: str | None) -> Select[Any]:
    named = select(tables.task.c.id).where(tables.task.c.name == name)
    return rows if name is None else rows.where(tables.usage.c.task.in_(named))


def _kind() -> ColumnElement[int]:
    usage = tables.usage
    late = and_(usage.c.revision > 0, _was(tables.revision.c.reason == "priced_late"))
    counted = case((late, _number(PRICED_LATE)), else_=_number(PLAIN))
    return cast(case((is_counted(), counted), else_=_number(REVERSED)), Integer)


def _was(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    table = tables.revision
    return select(table.c.usage).where(table.c.usage == tables.usage.c.id, condition).exists()


def _era(eras: Sequence[int]) -> ColumnElement[int]:
    received = tables.usage.c.received_at
    passed = [(received < _number(at), _number(n)) for n, at in enumerate(sorted(eras))]
    last = _number(len(eras))
    return cast(case(*passed, else_=last) if passed else last, Integer)


def _added(part: Any) -> list[Any]:
    """Sums as TOTALS.  PostgreSQL makes a NUMERIC of a sum of BIGINT, hence the cast."""
    known = part.c.keys()
    return [_sum(part, name) if name in known else _constant(name) for name in TOTALS]


def _sum(part: Any, name: str) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(part.c[name]), 0), BigInteger)


def _constant(name: str) -> ColumnElement[int]:
    return func.count() if name == "calls" else _number(0)


def _number(value: int) -> ColumnElement[int]:
    """Written out, for what is grouped by must read the same wherever it stands."""
    return literal_column(str(value))


def _bucket(row: Any) -> Bucket:
    return Bucket(row[0], row[1], row[2], row[3], tuple(row[4:]))
