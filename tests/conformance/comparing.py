"""Assigns what an exporter counted to the calls that really took place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.recordings import TrueCall

from exporter.usage import Tokens

EXACT = "exact"
"""All six token classes are right."""
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
OUTCOMES = (EXACT, MERGED, PARTIAL, UNKNOWN, ABSENT, EXTRA)


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


STRONGEST_FIRST: tuple[Evidence, ...] = (
    lambda call, row: _has_same_id(call, row) and _has_same_totals(call, row),
    _has_same_totals,
    _has_same_id,
    _has_one_same_total,
    _has_same_fresh_input,
)


def compare(calls: Sequence[TrueCall], rows: Sequence[Row]) -> Comparison:
    """Each charged row goes to one true call at most, by the strongest evidence there is."""
    free = [row for row in rows if row.is_charged]
    silent = [row for row in rows if not row.is_charged and not row.is_failed]
    pairs: dict[int, Row] = {}
    for fits in STRONGEST_FIRST:
        for call in calls:
            row = next((row for row in free if fits(call, row)), None)
            if call.number not in pairs and row is not None:
                pairs[call.number] = row
                free.remove(row)
    outcomes = {call.number: _outcome(call, pairs.get(call.number), silent) for call in calls}
    return Comparison(outcomes, pairs, free)


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
