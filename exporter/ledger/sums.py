"""What one booking adds to rollups, totals, histograms and budgets, folded in memory first."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from operator import add
from typing import Final, NamedTuple

from exporter.ledger.dimensions import Dimension
from exporter.ledger.doubts import Doubt
from exporter.ledger.tables import BUCKETS, COMPONENT_COLUMNS
from exporter.usage import IMPORTS, METRICS, REPORTS, Tokens

QUARTER_NS: Final = 900 * 10**9
_TOKENS: Final = slice(1, 7)
_COST: Final = 7
_COMPONENTS: Final = len(COMPONENT_COLUMNS)
NO_COMPONENTS: Final = (0,) * _COMPONENTS
INPUT_TOKENS, OUTPUT_TOKENS, DURATION = 0, 1, 2
_MEASURES: Final = 3
_WIDTH: Final = 1 + BUCKETS
"""Of one histogram: the sum, and the count of each bucket."""
DURATION_BOUNDS_NS: Final = tuple(10_000_000 * 2**n for n in range(14))
"""0.01 s doubling to 81.92 s: the conventions' boundaries of gen_ai.client.operation.duration."""

DURATION_UNIT_NS: Final = 1_000
"""Durations are added up in microseconds: 64 bits of nanoseconds are 292 years, which a large fleet calls in months."""

_OF_MANY_CALLS: Final = frozenset({METRICS, REPORTS})
"""Signals of which a row is no call, so that its size and length are none either."""

Row = tuple[int, ...]
Texts = tuple[str, ...]
_Key = tuple[int, int, int]
"""Quarter of an hour, dimension, task (0 for none)."""


class Counted(NamedTuple):
    """A row as it enters or leaves the sums."""

    dimension: Dimension
    task: int | None
    started_at: int
    duration_ns: int
    tokens: Tokens
    cost_nano_usd: int | None
    components: tuple[int, ...]
    cost_reported_nano_usd: int | None
    is_charged: bool
    """False for a call whose usage is unknown: it counts as a call and in no budget."""
    trace_id: bytes
    span_id: bytes
    doubt: Doubt | None = None
    """What is wrong with its usage."""


class Crossing(NamedTuple):
    """Which call brought the last spending of a group; a breach event names it."""

    trace_id: bytes
    span_id: bytes


class Spending(NamedTuple):
    """Net spending of one dimension and task in one quarter of an hour, as budgets see it."""

    dimension: Dimension
    task: int | None
    quarter: int
    cost_nano_usd: int
    tokens: int
    reversed_cost_nano_usd: int
    reversed_tokens: int
    cause: Crossing


class Sums:
    """The additions of one booking.  Every list comes out in key order, so that writers never deadlock."""

    def __init__(self) -> None:
        self._added: dict[_Key, list[int]] = {}
        self._reversed: dict[_Key, list[int]] = {}
        self._dimensions: dict[int, Dimension] = {}
        self._causes: dict[_Key, Counted] = {}
        self._histograms: dict[int, list[int]] = {}
        self._latest: dict[int, Counted] = {}
        self._moved: list[tuple[_Key, _Key, Tokens]] = []
        self._doubtful: dict[Texts, list[int]] = {}

    def __bool__(self) -> bool:
        return bool(self._added or self._reversed)

    def count_all(self, rows: Sequence[Counted]) -> None:
        """Add calls that are new."""
        for row in rows:
            self.count(row, observed=False)
        for row in rows:
            self._observe(row)

    def count(self, row: Counted, *, observed: bool = True, relabelled: bool = False) -> None:
        """Add a call: one that is charged now, or one whose usage is unknown.  `observed` enters the histograms.

        `relabelled`: only whose work it is has changed, of which reported costs and missing prices say nothing.
        """
        key = self._key(row)
        group = self._added.get(key)
        tokens, cost = row.tokens, row.cost_nano_usd
        unpriced = row.is_charged and cost is None and not relabelled
        addition = (
            1,
            *tokens,
            cost or 0,
            *row.components,
            0 if relabelled else row.cost_reported_nano_usd or 0,
            1 if unpriced else 0,
            sum(tokens) if unpriced else 0,
        )
        self._added[key] = list(addition) if group is None else list(map(add, group, addition))
        if row.is_charged:
            self._causes[key] = row
            self._latest[row.dimension.series] = row
        if observed:
            self._observe(row)
        if row.doubt is not None:
            self._doubt(row, row.doubt, (1, sum(tokens), cost or 0, 0, 0, 0))

    def reverse(self, row: Counted) -> None:
        """Take back a call that was counted before."""
        key = self._key(row)
        group = self._reversed.get(key)
        addition = (1, *row.tokens, row.cost_nano_usd or 0)
        self._reversed[key] = list(addition) if group is None else list(map(add, group, addition))
        if row.doubt is not None:
            self._doubt(row, row.doubt, (0, 0, 0, 1, sum(row.tokens), row.cost_nano_usd or 0))

    def reprice(self, before: Counted, after: Counted) -> None:
        """Give a call that was counted unpriced its cost: a new label for the call, its tokens stay as they are."""
        moved = (1, *Tokens(), 0)
        key = self._key(before)
        group = self._reversed.get(key)
        self._reversed[key] = list(moved) if group is None else list(map(add, group, moved))
        self.count(after._replace(tokens=Tokens(), doubt=None), observed=False)
        if after.doubt is not None:
            self._doubt(after, after.doubt, (0, 0, after.cost_nano_usd or 0, 0, 0, 0))
        self._moved.append((key, self._key(after), before.tokens))

    def _key(self, row: Counted) -> _Key:
        self._dimensions[row.dimension.id] = row.dimension
        return (row.started_at // QUARTER_NS, row.dimension.id, row.task or 0)

    def _doubt(self, row: Counted, doubt: Doubt, addition: tuple[int, ...]) -> None:
        key = (*row.dimension.sender, *doubt)
        group = self._doubtful.get(key)
        self._doubtful[key] = list(addition) if group is None else list(map(add, group, addition))

    def _observe(self, row: Counted) -> None:
        series, signal = row.dimension.distribution_series, row.dimension.signal
        if signal in _OF_MANY_CALLS:
            return
        histograms = self._histograms.get(series)
        if histograms is None:
            histograms = self._histograms[series] = [0] * (_MEASURES * _WIDTH)
        if row.is_charged:
            for measure, tokens in ((INPUT_TOKENS, row.tokens.input_total), (OUTPUT_TOKENS, row.tokens.output_total)):
                histograms[measure * _WIDTH] += tokens
                histograms[measure * _WIDTH + 1 + token_bucket(tokens)] += 1
        if signal != IMPORTS:
            # A transcript tells when an answer was written down, and not how long it took.
            histograms[DURATION * _WIDTH] += row.duration_ns // DURATION_UNIT_NS
            histograms[DURATION * _WIDTH + 1 + bisect_left(DURATION_BOUNDS_NS, row.duration_ns)] += 1

    def totals(self, slot: int) -> list[Row]:
        """Rows of tables.total."""
        return self._by_series(self._added, slot)

    def adjustments(self, slot: int) -> list[Row]:
        """Rows of tables.adjustment."""
        return self._by_series(self._reversed, slot)

    def _by_series(self, groups: dict[_Key, list[int]], slot: int) -> list[Row]:
        folded: dict[int, list[int]] = {}
        for (_, number, _), group in groups.items():
            series = self._dimensions[number].series
            have = folded.get(series)
            folded[series] = group if have is None else list(map(add, have, group))
        return [(series, slot, *values) for series, values in sorted(folded.items())]

    def rollups(self, slot: int) -> list[Row]:
        """Rows of tables.rollup: net, with the cost that was reversed beside it."""
        folded: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 9)
        for (quarter, number, _), group in self._added.items():
            folded[(quarter, number)][:8] = map(add, folded[(quarter, number)], group[:8])
        for (quarter, number, _), group in self._reversed.items():
            row = folded[(quarter, number)]
            row[:8] = [have - taken for have, taken in zip(row, group, strict=False)]
            row[8] += group[_COST]
        for old, new, tokens in self._moved:
            for key, sign in ((old, -1), (new, 1)):
                row = folded[key[:2]]
                row[_TOKENS] = [have + sign * count for have, count in zip(row[_TOKENS], tokens, strict=True)]
        return [(*key, slot, *values) for key, values in sorted(folded.items())]

    def task_rollups(self, slot: int) -> list[Row]:
        """Rows of tables.task_rollup."""
        folded: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * 8)
        for (quarter, _, task), group in self._added.items():
            if task:
                folded[(task, quarter)] = list(map(add, folded[(task, quarter)], group[:8]))
        for (quarter, _, task), group in self._reversed.items():
            if task:
                row = folded[(task, quarter)]
                folded[(task, quarter)] = [have - taken for have, taken in zip(row, group, strict=True)]
        return [(*key, slot, *values) for key, values in sorted(folded.items())]

    def distributions(self, slot: int) -> list[Row]:
        """Rows of tables.distribution."""
        return [
            (series, measure, slot, *values)
            for series, histograms in sorted(self._histograms.items())
            for measure in range(_MEASURES)
            if any(values := histograms[measure * _WIDTH : (measure + 1) * _WIDTH])
        ]

    def doubtful(self) -> dict[Texts, list[int]]:
        """Sums of tables.quality by the texts of its series."""
        return self._doubtful

    def latest(self) -> list[Counted]:
        """The last charged call of each label set, for exemplars."""
        return [row for _, row in sorted(self._latest.items())]

    def spending(self) -> Iterator[Spending]:
        """What budgets count, in key order; worked out only when somebody asks."""
        for key in sorted(self._added.keys() | self._reversed.keys()):
            yield self._spending(key)

    def _spending(self, key: _Key) -> Spending:
        quarter, number, task = key
        added = self._added.get(key) or [0] * 8
        taken = self._reversed.get(key) or [0] * 8
        cause = self._causes.get(key)
        return Spending(
            self._dimensions[number],
            task or None,
            quarter,
            added[_COST],
            sum(added[_TOKENS]),
            taken[_COST],
            sum(taken[_TOKENS]),
            Crossing(cause.trace_id, cause.span_id) if cause else Crossing(b"", b""),
        )


def token_bucket(tokens: int) -> int:
    """Which bucket of gen_ai.client.token.usage a count falls into: boundaries are powers of four."""
    return min(((tokens - 1).bit_length() + 1) // 2, BUCKETS - 1) if tokens > 1 else 0
