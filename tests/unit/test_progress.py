"""What a record of a cumulative series adds, whatever the order, the copies and the pieces in which it comes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.entry import Series
from exporter.ledger.progress import Added, Ahead, Progress, Run, advanced, beyond, home_of, progress_of
from exporter.usage import LLM, METRICS, MISSING, REPORTED, TTL_UNKNOWN, Tokens, UsageRecord

SECOND = 10**9
NOON = 1_795_262_400 * SECOND
NOTHING = Progress(0, Tokens(), 0, 0)


def record(tokens: Tokens, *, end: int = NOON + SECOND, cost: int | None = None) -> UsageRecord:
    return UsageRecord(
        METRICS, "claude_code", "", LLM, "chat", b"", b"", NOON, end, "anthropic", "", "claude", "", "claude",
        "cli", "", "", "", tokens, REPORTED if any(tokens) or cost else MISSING, cost_reported_nano_usd=cost,
    )  # fmt: skip


def test_the_first_record_counts_whole_and_a_later_one_what_it_has_more():
    first = record(Tokens(3, 0, 0, 0, 120, 0), cost=10)
    assert beyond(first, NOTHING) == first
    after = Progress(1, first.tokens, 10, first.end_ns)
    later = beyond(record(Tokens(5, 7, 0, 0, 120, 0), end=NOON + 60 * SECOND, cost=25), after)
    assert later.tokens == Tokens(2, 7, 0, 0, 0, 0)
    assert later.cost_reported_nano_usd == 15
    assert (later.start_ns, later.end_ns) == (NOON + SECOND, NOON + 60 * SECOND)


def test_what_is_known_of_the_lifetimes_of_booked_writes_is_not_counted_again():
    of_all = replace(record(Tokens(0, 0, 900, 0, 0, 0)), flags=(TTL_UNKNOWN,))
    booked = Progress(1, Tokens(0, 0, 200, 600, 0, 0), 0, NOON)
    assert beyond(of_all, booked).tokens == Tokens(0, 0, 100, 0, 0, 0)


def test_a_record_that_is_repeated_or_came_late_adds_nothing():
    after = Progress(1, Tokens(9), 0, NOON + SECOND)
    assert beyond(record(Tokens(9)), after) is None
    assert beyond(record(Tokens(4)), after) is None


def test_a_run_is_known_by_its_earliest_start_until_it_is_joined_to_another():
    assert home_of({}, (5, 3)) == 3
    runs = advanced({}, (5,), Added(Tokens(1), 0, 10))
    assert home_of(runs, (5, 3)) == 5
    runs = advanced(runs, (4,), Added(Tokens(2), 0, 20))
    runs = advanced(runs, (5, 4, 3), Added(Tokens(4), 0, 30))
    assert {start: run.home for start, run in runs.items()} == {3: 4, 4: 4, 5: 4}
    assert progress_of(runs, (3,)) == Progress(3, Tokens(7), 0, 30)


def test_runs_that_were_joined_meanwhile_are_read_as_one():
    ledger = {5: Run(5, 1, Tokens(7), 0, NOON), 6: Run(5), 9: Run(9, 1, Tokens(1), 0, NOON)}
    ahead = Ahead(lambda series: {s: r for s, r in ledger.items() if r.home in {ledger[x].home for x in series.starts}})
    assert ahead.add(Series(1, (5, 9)), record(Tokens(10)))[0].tokens == Tokens(2)
    added, home, points = ahead.add(Series(1, (6,)), record(Tokens(11)))
    assert (added.tokens, home, points) == (Tokens(1), 5, 1)


KINDS = 3


@st.composite
def _exports(draw):
    """Records of two processes under one identity, whose kinds of token begin to be counted apart.

    Each export brings all counts so far, torn into pieces; records come in any order, some of them again.
    """
    records: list[tuple[tuple[int, ...], dict[int, int], int]] = []
    for process in range(2):
        starts = [NOON + 100 * process + kind * draw(st.integers(0, 1)) for kind in range(KINDS)]
        counts = [0] * KINDS
        for export in range(draw(st.integers(1, 4))):
            counts = [count + draw(st.integers(0, 5)) for count in counts]
            pieces: dict[int, dict[int, int]] = {}
            for kind, count in enumerate(counts):
                pieces.setdefault(draw(st.integers(0, 2)), {})[kind] = count
            records += [
                (tuple(sorted({starts[kind] for kind in values})), values, export) for values in pieces.values()
            ]
    again = draw(st.lists(st.sampled_from(records), max_size=4))
    return records, draw(st.permutations(records + again)), draw(st.integers(1, 5))


@given(_exports())
def test_the_most_that_was_said_since_each_start_is_counted_once(exports):
    records, sent, together = exports
    most: dict[tuple[bool, int], int] = {}
    for starts, values, _ in records:
        for kind, value in values.items():
            key = (starts[0] >= NOON + 100, kind)
            most[key] = max(most.get(key, 0), value)
    ledger: dict[int, Run] = {}
    counted = [0] * KINDS
    for first in range(0, len(sent), together):
        ahead = Ahead(partial(_of_ledger, ledger))
        gains = []
        for starts, values, export in sent[first : first + together]:
            tokens = Tokens(*(values.get(kind, 0) for kind in range(KINDS)))
            advance = ahead.add(Series(1, starts), record(tokens, end=NOON + (export + 1) * SECOND))
            if advance is not None:
                added, _, points = advance
                assert points == progress_of(ledger, starts).points
                gains.append((starts, Added(added.tokens, 0, added.end_ns)))
                counted = [have + more for have, more in zip(counted, added.tokens, strict=False)]
        for starts, gain in gains:
            ledger = advanced(ledger, starts, gain)
    assert counted == [most.get((False, kind), 0) + most.get((True, kind), 0) for kind in range(KINDS)]


def _of_ledger(ledger, series: Series):
    """What `cumulative_runs.read_runs` answers."""
    homes = {ledger[start].home for start in series.starts if start in ledger}
    asked = set(series.starts)
    return {start: run for start, run in ledger.items() if run.home in homes and (run.points or start in asked)}
