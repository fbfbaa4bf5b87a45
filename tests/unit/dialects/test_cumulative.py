"""Cumulative points to delta, whatever the order, the copies and the pieces in which they come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.dialects.cumulative import Count, Gain, Move, gain_of, stream_of
from exporter.money import NANO_PER_USD, nano_from_usd

INPUT, OUTPUT, COST = ("tokens", "input"), ("tokens", "output"), ("cost", "")
STREAMS = {kind: "".join(kind).encode() for kind in (INPUT, OUTPUT, COST)}
NOTHING = dict.fromkeys(STREAMS.values(), Count())


def gain(values, booked=NOTHING):
    return gain_of(values, {kind: STREAMS[kind] for kind in values}, booked)


def test_the_first_points_count_whole():
    assert gain({INPUT: 3, OUTPUT: 0}) == Gain({INPUT: 3, OUTPUT: 0}, {INPUT: Move(b"tokensinput", 0, 3 * 10**9)}, 0)


def test_later_points_add_what_they_have_more_and_a_fall_adds_nothing():
    booked = {**NOTHING, STREAMS[INPUT]: Count(3 * 10**9, 50), STREAMS[OUTPUT]: Count(9 * 10**9, 70)}
    found = gain({INPUT: 5, OUTPUT: 4}, booked)
    assert (found.values, list(found.moves), found.since_ns) == ({INPUT: 2, OUTPUT: 0}, [INPUT], 70)
    assert gain({INPUT: 3, OUTPUT: 9}, booked) is None


def test_what_nobody_can_have_counted_adds_nothing():
    assert gain({INPUT: -1}) is None
    assert gain({INPUT: 2**41}) is None
    assert gain({INPUT: 1e300}) is None


def test_a_start_an_instrument_and_a_kind_are_a_stream():
    streams = {stream_of("s", INPUT, 1), stream_of("s", INPUT, 2), stream_of("s", OUTPUT, 1), stream_of("t", INPUT, 1)}
    assert len(streams) == 4


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=20))
def test_amounts_add_up_to_the_last_one_to_the_nano(amounts):
    costs = sorted(amounts)
    booked, added = dict(NOTHING), 0
    for cost in costs:
        found = gain({COST: cost}, booked)
        if found is not None:
            added += nano_from_usd(str(found.values[COST]))
            booked[STREAMS[COST]] = Count(found.moves[COST].after, 0)
    assert added == nano_from_usd(str(costs[-1]))


@st.composite
def _pieces(draw):
    """Exports of two processes under one identity, torn into pieces; a kind may begin again in a living process."""
    sent = []
    for process in range(2):
        starts = {kind: 1_000 * process + draw(st.integers(0, 3)) for kind in (INPUT, OUTPUT, COST)}
        counts = dict.fromkeys(starts, 0)
        for _ in range(draw(st.integers(1, 4))):
            if draw(st.booleans()):
                again = draw(st.sampled_from((INPUT, OUTPUT, COST)))
                starts[again], counts[again] = starts[again] + 10, 0
            counts = {kind: count + draw(st.integers(0, 5)) for kind, count in counts.items()}
            pieces: dict[int, dict] = {}
            for kind, count in counts.items():
                pieces.setdefault(draw(st.integers(0, 2)), {})[kind] = (starts[kind], count)
            sent += pieces.values()
    copies = draw(st.lists(st.sampled_from(sent), max_size=4))
    return draw(st.permutations(sent + copies))


@given(_pieces())
def test_the_most_that_was_said_since_each_start_is_counted_once(pieces):
    most: dict[tuple, int] = {}
    booked: dict[bytes, Count] = {}
    counted = dict.fromkeys((INPUT, OUTPUT, COST), 0)
    for piece in pieces:
        for kind, (start, value) in piece.items():
            most[kind, start] = max(most.get((kind, start), 0), value)
        streams = {kind: stream_of("s", kind, start) for kind, (start, _) in piece.items()}
        booked |= {stream: Count() for stream in streams.values() if stream not in booked}
        found = gain_of({kind: value for kind, (_, value) in piece.items()}, streams, booked)
        for kind, move in found.moves.items() if found else ():
            booked[move.stream] = Count(move.after, 0)
            counted[kind] += found.values[kind]
    for kind, count in counted.items():
        assert count == sum(value for (of, _), value in most.items() if of == kind)


def test_a_billionth_is_the_unit_of_both_tokens_and_money():
    assert gain({COST: 0.1}).moves[COST].after == NANO_PER_USD // 10
