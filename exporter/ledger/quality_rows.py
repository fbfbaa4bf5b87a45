"""What the rows themselves say of missing and estimated usage: the proof of its counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import add
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from exporter.ledger.cost_sums import is_counted
from exporter.ledger.dimensions import Texts
from exporter.ledger.doubts import doubt_of
from exporter.ledger.families import OTHER_LABEL, overflow_sender
from exporter.ledger.quality_tables import QUALITY_TEXTS, quality, quality_series
from exporter.ledger.tables import TOKEN_COLUMNS, dimension, usage

MEASURES: Final = ("calls", "tokens", "cost_nano_usd")
_ROWS_A_PART: Final = 100_000
_NOTHING: Final = (0, 0, 0)
Sums = tuple[int, int, int]


class Difference(NamedTuple):
    """A measure of some senders' doubtful calls, as the rows say it and as the sums show it."""

    texts: Texts
    measure: str
    ledger: int
    shown: int


def compare_quality(connection: Connection) -> Iterator[list[Difference]]:
    """For each sender and reason, where the net sums differ from the rows.

    Where senders are added up as `__other__`, all senders are compared together.
    """
    expected, shown = doubtful_rows(connection), net_quality(connection)
    if any(texts[0] == OTHER_LABEL for texts in shown):
        expected, shown = _without_senders(expected), _without_senders(shown)
    for texts in sorted(expected.keys() | shown.keys()):
        pairs = zip(MEASURES, expected.get(texts, _NOTHING), shown.get(texts, _NOTHING), strict=True)
        yield [Difference(texts, measure, one, other) for measure, one, other in pairs if one != other]


def doubtful_rows(connection: Connection) -> dict[Texts, Sums]:
    """Calls, tokens and cost of the rows that count and do not report well, by the texts of QUALITY_TEXTS."""
    keys = [dimension.c[name] for name in ("dialect", "scope", "service", "usage_status", "error_type")]
    tokens = func.sum(sum((usage.c[name] for name in TOKEN_COLUMNS[1:]), usage.c[TOKEN_COLUMNS[0]]))
    query = (
        select(*keys, usage.c.flags, func.count(), tokens, func.sum(usage.c.cost_nano_usd))
        .join(dimension, dimension.c.id == usage.c.dimension)
        .where(is_counted(), (usage.c.flags.is_not(None)) | (dimension.c.usage_status != "reported"))
        .group_by(*keys, usage.c.flags)
    )
    last = connection.scalar(select(func.max(usage.c.id))) or 0
    found: dict[Texts, Sums] = {}
    for start in range(0, last, _ROWS_A_PART):
        part = query.where(usage.c.id > start, usage.c.id <= start + _ROWS_A_PART)
        for *sender, status, error, flags, calls, count, cost in connection.execute(part):
            doubt = doubt_of(status, error, flags)
            if doubt is not None:
                _add(found, (*sender, *doubt), (int(calls), int(count or 0), int(cost or 0)))
    return found


def net_quality(connection: Connection) -> dict[Texts, Sums]:
    """The sums less what was reversed, by the texts of QUALITY_TEXTS."""
    net = [func.sum(quality.c[name] - quality.c[f"reversed_{name}"]) for name in MEASURES]
    keys = [quality_series.c[name] for name in QUALITY_TEXTS]
    rows = connection.execute(
        select(*keys, *net).join(quality, quality.c.series == quality_series.c.id).group_by(*keys)
    )
    width = len(keys)
    return {tuple(row[:width]): (int(row[width]), int(row[width + 1]), int(row[width + 2])) for row in rows}


def _without_senders(sums: Mapping[Texts, Sums]) -> dict[Texts, Sums]:
    found: dict[Texts, Sums] = {}
    for texts, values in sums.items():
        _add(found, overflow_sender(texts), values)
    return found


def _add(sums: dict[Texts, Sums], key: Texts, values: Sums) -> None:
    calls, tokens, cost = map(add, sums.get(key, _NOTHING), values)
    sums[key] = (calls, tokens, cost)
