"""The conventions' client histograms as metric samples."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, select

from exporter.ledger.sums import DURATION, DURATION_BOUNDS_NS, DURATION_UNIT_NS, INPUT_TOKENS, OUTPUT_TOKENS
from exporter.ledger.tables import (
    BUCKETS,
    DISTRIBUTION_TEXTS,
    SERIES_TEXTS,
    distribution,
    distribution_series,
    family_size,
)
from exporter.views.points import Distribution, Exemplar, Points, hide_newborn
from exporter.views.samples import Call, sums_of

_IDS: Final = select(distribution_series.c.id).order_by(distribution_series.c.id)
_BUCKET_NAMES: Final = tuple(f"bucket_{n}" for n in range(BUCKETS))
_NOTHING: Final = Distribution(0, (0,) * BUCKETS)
_AT: Final = {name: n for n, name in enumerate(SERIES_TEXTS)}


class _Series(NamedTuple):
    created_at: int
    texts: tuple[str, ...]


class Distributions:
    """Reads the sums of `distribution`.  Not safe for threads; one reader has one of these."""

    def __init__(self) -> None:
        self._known: dict[int, _Series] = {}
        self._ids: list[int] = []
        self._labels: dict[str, list[tuple[str, ...]]] = {}

    def read(
        self,
        connection: Connection,
        cutoff_ns: int,
        *,
        calls: Sequence[Call] = (),
        label_sets: Mapping[int, tuple[str, ...]],
    ) -> dict[str, Points]:
        """Points of `token_usage` and `operation_duration`; `calls` (views.samples.recent_calls) become exemplars."""
        self._ids = list(connection.scalars(_IDS))
        self._learn(connection)
        measured = _measured(connection)
        durations = self._durations(measured, cutoff_ns)
        examples = _placed(durations.labels, calls, label_sets)
        return {
            "token_usage": self._tokens(measured, cutoff_ns),
            "operation_duration": Points(durations.labels, durations.values, durations.born, examples),
        }

    def _learn(self, connection: Connection) -> None:
        if all(number in self._known for number in self._ids):
            return
        table = distribution_series
        query = select(table.c.id, table.c.created_at, *(table.c[text] for text in DISTRIBUTION_TEXTS))
        self._known = {row[0]: _Series(row[1], tuple(row[2:])) for row in connection.execute(query).all()}

    def _tokens(self, measured: Mapping[tuple[int, int], Distribution], cutoff_ns: int) -> Points:
        """The conventions give this histogram no error type, so label sets that differ in it only are added."""
        sums: dict[tuple[str, ...], Distribution] = {}
        born: dict[tuple[str, ...], int] = {}
        for number in self._ids:
            known = self._known[number]
            for measure, name in ((INPUT_TOKENS, "input"), (OUTPUT_TOKENS, "output")):
                labels = (*known.texts[:-1], name)
                sums[labels] = _added(sums.get(labels), measured.get((number, measure), _NOTHING))
                born[labels] = min(born.get(labels, known.created_at), known.created_at)
        return self._points("token_usage", sums, born, cutoff_ns)

    def _durations(self, measured: Mapping[tuple[int, int], Distribution], cutoff_ns: int) -> Points:
        known = [self._known[number] for number in self._ids]
        sums = {
            one.texts: measured.get((number, DURATION), _NOTHING) for one, number in zip(known, self._ids, strict=True)
        }
        born = {one.texts: one.created_at for one in known}
        return self._points("operation_duration", sums, born, cutoff_ns)

    def _points(
        self,
        feed: str,
        sums: Mapping[tuple[str, ...], Distribution],
        born: Mapping[tuple[str, ...], int],
        cutoff_ns: int,
    ) -> Points:
        labels = list(sums)
        if labels != self._labels.get(feed):
            self._labels[feed] = labels
        births = list(born.values())
        return Points(self._labels[feed], hide_newborn(list(sums.values()), births, cutoff_ns, _NOTHING), births)


def rejected_sets(connection: Connection, family: str) -> int:
    """How many label sets a family shows as `__other__`."""
    rejected = f"{family}/rejected"
    return connection.scalar(select(family_size.c.admitted).where(family_size.c.family == rejected)) or 0


def _measured(connection: Connection) -> dict[tuple[int, int], Distribution]:
    keys = (distribution.c.series, distribution.c.measure)
    sums = sums_of(distribution, ("sum", *_BUCKET_NAMES))
    query = select(*keys, *sums).group_by(*keys).order_by(*keys)
    return {
        (row[0], row[1]): Distribution(row[2] * (DURATION_UNIT_NS if row[1] == DURATION else 1), tuple(row[3:]))
        for row in connection.execute(query).all()
    }


def _added(have: Distribution | None, more: Distribution) -> Distribution:
    if have is None:
        return more
    return Distribution(have.sum + more.sum, tuple(a + b for a, b in zip(have.buckets, more.buckets, strict=True)))


def _placed(
    labels: Sequence[tuple[str, ...]],
    calls: Sequence[Call],
    label_sets: Mapping[int, tuple[str, ...]],
) -> dict[int, dict[int, Exemplar]]:
    """The latest call of each histogram in the bucket of its duration, where its label set fits one histogram only.

    One for each histogram, so that no bucket ever goes back to an older one: Prometheus drops those and warns.
    """
    homes: dict[tuple[str, str, str, str], list[int]] = {}
    for position, (operation, provider, requested, answered, error) in enumerate(labels):
        homes.setdefault((operation, provider, answered or requested, error), []).append(position)
    placed: dict[int, dict[int, Exemplar]] = {}
    for call in calls:
        home = homes.get(_distribution_key(label_sets[call.series]), ()) if call.series in label_sets else ()
        if len(home) == 1:
            at = call.duration_ns
            placed[home[0]] = {bucket_of(at): call.exemplar._replace(value=at)}
    return placed


def _distribution_key(texts: tuple[str, ...]) -> tuple[str, str, str, str]:
    operation, provider, model, error = (texts[_AT[name]] for name in ("operation", "provider", "model", "error_type"))
    return (operation, provider, model, error)


def bucket_of(duration_ns: int) -> int:
    """Which bucket of gen_ai.client.operation.duration holds a duration."""
    return bisect_left(DURATION_BOUNDS_NS, duration_ns)
