"""Assigns what an exporter counted to the calls that really took place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

from conformance.recordings import TrueCall

from exporter.usage import Tokens

EXACT = "exact"
"""All six token classes are right."""
SUMMED = "summed"
"""Charged in one row with other calls, and the row is their exact sum."""
MERGED = "merged"
"""Both totals are right, a split inside them is lost."""
PARTIAL = "partial"
"""A total differs."""
UNKNOWN = "unknown"
"""Seen, and its usage reported as missing: no money, no claim."""
ABSENT = "absent"
"""Nothing was said about it."""
EXTRA = "extra"
"""Charged, and no true call is left for it: the user would pay twice."""
OUTCOMES = (EXACT, SUMMED, MERGED, PARTIAL, UNKNOWN, ABSENT, EXTRA)


@dataclass(frozen=True)
class Row:
    """What the exporter says of one call."""

    call_key: str
    models: frozenset[str]
    tokens: Tokens
    is_charged: bool
    is_failed: bool
    """An error was reported, so a missing usage belongs to the failed call and explains no other."""


@dataclass(frozen=True)
class Comparison:
    outcomes: dict[int, str]
    """By number of the true call."""
    pairs: dict[int, Row]
    """The charged row of each true call that has one."""
    extra: list[Row]

    def counts(self) -> dict[str, int]:
        counted = Counter(self.outcomes.values())
        counted[EXTRA] = len(self.extra)
        return {outcome: counted[outcome] for outcome in OUTCOMES if counted[outcome]}


MOST_SUMMED = 4

Evidence = Callable[[TrueCall, Row], bool]


def _has_same_id(call: TrueCall, row: Row) -> bool:
    return bool(call.response_id) and call.response_id == row.call_key


def _has_same_totals(call: TrueCall, row: Row) -> bool:
    return _totals(call.tokens) == _totals(row.tokens)


def _has_one_same_total(call: TrueCall, row: Row) -> bool:
    true, counted = _totals(call.tokens), _totals(row.tokens)
    return true[0] == counted[0] or (true[1] == counted[1] and true[1] > 0)


def _has_same_fresh_input(call: TrueCall, row: Row) -> bool:
    return call.tokens.input_uncached == row.tokens.input_total


CERTAIN: tuple[Evidence, ...] = (
    lambda call, row: _has_same_id(call, row) and _has_same_totals(call, row),
    _has_same_totals,
)
LIKELY: tuple[Evidence, ...] = (
    _has_same_id,
    _has_one_same_total,
    _has_same_fresh_input,
)


def compare(calls: Sequence[TrueCall], rows: Sequence[Row]) -> Comparison:
    """Each charged row goes to one true call at most, by the strongest evidence there is, or to those that it sums up."""
    free = [row for row in rows if row.is_charged]
    silent = [row for row in rows if not row.is_charged and not row.is_failed]
    pairs: dict[int, Row] = {}
    _pair(calls, free, pairs, CERTAIN)
    summed = _sum_up(calls, free, pairs)
    _pair(calls, free, pairs, LIKELY)
    outcomes = {call.number: _outcome(call, pairs.get(call.number), silent) for call in calls}
    return Comparison(outcomes | dict.fromkeys(summed, SUMMED), pairs, free)


def _pair(calls: Sequence[TrueCall], free: list[Row], pairs: dict[int, Row], evidence: Sequence[Evidence]) -> None:
    for fits in evidence:
        for call in calls:
            row = next((row for row in free if fits(call, row)), None)
            if call.number not in pairs and row is not None:
                pairs[call.number] = row
                free.remove(row)


def _sum_up(calls: Sequence[TrueCall], free: list[Row], pairs: dict[int, Row]) -> list[int]:
    """The calls of which a row is the exact sum; a program counts what it does at one time together."""
    found = []
    for row in list(free):
        left = [call for call in calls if call.number not in pairs]
        several = (some for size in range(2, MOST_SUMMED + 1) for some in combinations(left, size))
        together = next((some for some in several if _is_sum(row, some)), ())
        if together:
            free.remove(row)
            pairs |= {call.number: row for call in together}
            found += [call.number for call in together]
    return found


def _is_sum(row: Row, calls: Sequence[TrueCall]) -> bool:
    is_one_time = len({call.scenario for call in calls}) == 1
    return is_one_time and row.tokens == Tokens(*map(sum, zip(*(call.tokens for call in calls), strict=True)))


def _outcome(call: TrueCall, row: Row | None, silent: list[Row]) -> str:
    if row is not None:
        return EXACT if row.tokens == call.tokens else MERGED if _has_same_totals(call, row) else PARTIAL
    known = next((row for row in silent if _has_same_id(call, row)), None) or next(
        (row for row in silent if not row.call_key and row.models & call.models), None
    )
    if known is None:
        return ABSENT
    silent.remove(known)
    return UNKNOWN


def _totals(tokens: Tokens) -> tuple[int, int]:
    return tokens.input_total, tokens.output_total
