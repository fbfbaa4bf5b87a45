"""Rule R2: of several reports of one call, in one trace or in several, one is charged."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.settle.call_identity import MOST_APART_NS
from exporter.settle.same_call import Forgotten, Tree, find_same_calls
from exporter.settle.tree import find_superseded
from support.entries import NOON, SECOND, node, span_id, trace_id

A, B = 7, 8
"""Identities of calls."""
RICHER = 0b010011


def report(trace: str, name: str, parent: str | None = None, **shape):
    shape.setdefault("call", A)
    return trace, node(name, shape.pop("kind", "llm"), parent, **shape)


def bare(trace: str, name: str, kind: str = "other", parent: str | None = None):
    return trace, node(name, kind, parent, carries=False, classes=0)


def trees(spans) -> dict[bytes, Tree]:
    nodes: dict[bytes, dict] = {}
    for trace, one in spans:
        nodes.setdefault(trace_id(trace), {})[one.span_id] = one
    return {trace: Tree(tree, find_superseded(tree)) for trace, tree in nodes.items()}


def charged(*spans, forgotten=()) -> set[str]:
    forest = trees(spans)
    duplicates = find_same_calls(forest, forgotten).duplicates
    return {
        (trace + b"." + one.span_id).replace(b"\1", b"").decode()
        for trace, tree in forest.items()
        for one in tree.nodes.values()
        if one.marks & 64 and not one.marks & 128
        if one.span_id not in tree.superseded and one.span_id not in duplicates.get(trace, ())
    }


LATER = {"start": NOON + 3600 * SECOND, "end": NOON + 3601 * SECOND}
CASES = {
    "one call in two traces: the smaller trace when all else is equal": (
        [report("t1", "a"), report("t2", "b")],
        {"t1.a"},
    ),
    "the report with more token classes": (
        [report("t1", "a"), report("t2", "b", classes=RICHER)],
        {"t2.b"},
    ),
    "then the one that states a cost": (
        [report("t1", "a"), report("t2", "b", stated_cost=True)],
        {"t2.b"},
    ),
    "then the deepest": (
        [report("t1", "a"), bare("t2", "root"), report("t2", "b", "root")],
        {"t2.b"},
    ),
    "then the shortest, for it is the nearest to the provider": (
        [report("t1", "a"), report("t2", "b", start=NOON + 1, end=NOON + SECOND - 1)],
        {"t2.b"},
    ),
    "siblings in one trace": ([report("t1", "a"), report("t1", "b")], {"t1.a"}),
    "no id, no match": ([report("t1", "a", call=0), report("t2", "b", call=0)], {"t1.a", "t2.b"}),
    "other ids are other calls": ([report("t1", "a"), report("t2", "b", call=B)], {"t1.a", "t2.b"}),
    "an id that comes again an hour later is another call": (
        [report("t1", "a"), report("t2", "b", **LATER)],
        {"t1.a", "t2.b"},
    ),
    "clocks that differ by two seconds": (
        [report("t1", "a"), report("t2", "b", start=NOON + 3 * SECOND, end=NOON + 4 * SECOND)],
        {"t1.a"},
    ),
    "clocks that differ by more": (
        [report("t1", "a"), report("t2", "b", start=NOON + 3 * SECOND + 1, end=NOON + 4 * SECOND)],
        {"t1.a", "t2.b"},
    ),
    "long calls that start too far apart": (
        [
            report("t1", "a", end=NOON + 2 * MOST_APART_NS),
            report("t2", "b", start=NOON + MOST_APART_NS + 1, end=NOON + 2 * MOST_APART_NS),
        ],
        {"t1.a", "t2.b"},
    ),
    "reports that only a third one joins": (
        [
            report("t1", "a"),
            report("t2", "b", end=NOON + 20 * SECOND),
            report("t3", "c", start=NOON + 19 * SECOND, end=NOON + 20 * SECOND),
        ],
        {"t1.a"},
    ),
    "a wrapper and its inner call, reported by a gateway too": (
        [report("t1", "w"), report("t1", "i", "w"), report("t2", "g", classes=1)],
        {"t1.i"},
    ),
    "the inner call that a richer wrapper replaced, reported by a gateway too": (
        [report("t1", "w", call=0, classes=RICHER), report("t1", "i", "w"), report("t2", "g")],
        {"t1.w"},
    ),
    "a wrapper around another one without an id around the call": (
        [report("t1", "w"), report("t1", "x", "w", call=0), report("t1", "i", "x"), report("t2", "g", classes=1)],
        {"t1.i"},
    ),
    "a wrapper around one with another id around the call": (
        [report("t1", "w"), report("t1", "x", "w", call=B), report("t1", "i", "x"), report("t2", "g", call=B)],
        {"t1.i"},
    ),
    "a wrapper of two tries, reported by a gateway under its own id": (
        [report("t1", "w"), report("t1", "x", "w", call=0), report("t1", "y", "w", call=0), report("t2", "g")],
        {"t1.x", "t1.y"},
    ),
    "a wrapper of two tries that bears the id of the second": (
        [report("t1", "w"), report("t1", "x", "w", call=B), report("t1", "y", "w"), report("t2", "g")],
        {"t1.x", "t1.y"},
    ),
    "a gateway that answered from its cache": (
        [report("t1", "a"), report("t2", "g", free=True)],
        set(),
    ),
    "a call, and a moment later the same answer from the gateway's cache": (
        [
            report("t1", "a", start=NOON, end=NOON + SECOND),
            report("t2", "g", start=NOON + 1, end=NOON + SECOND - 1, stated_cost=True),
            report("t3", "b", start=NOON + SECOND + 1, end=NOON + SECOND + 9),
            report("t4", "h", start=NOON + SECOND + 2, end=NOON + SECOND + 8, free=True),
        ],
        {"t2.g"},
    ),
    "a call that another one's answer from the cache does not concern": (
        [report("t1", "a"), report("t2", "g", call=B, free=True)],
        {"t1.a"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_report_of_a_call_is_charged(case):
    spans, expected = CASES[case]
    assert charged(*spans) == expected
    for seed in range(5):
        assert charged(*random.Random(seed).sample(spans, len(spans))) == expected


def test_a_duplicate_still_takes_the_place_of_its_agent():
    spans = [report("t1", "agent", kind="agent", call=0), report("t1", "b", "agent", classes=1), report("t2", "a")]
    assert charged(*spans) == {"t2.a"}


@pytest.mark.parametrize(("is_free", "expected"), [(False, set()), (True, {"t1.a"})])
def test_a_row_whose_trace_is_forgotten_stands(is_free, expected):
    row = Forgotten(trace_id("t9"), span_id("z"), A, NOON + SECOND + 1, NOON + 2 * SECOND, is_free)
    assert charged(report("t1", "a"), forgotten=[row]) == expected


def test_which_reports_have_others_in_another_trace_is_told():
    spans = [
        report("t1", "a"),
        report("t1", "b"),
        report("t2", "c"),
        report("t2", "d", call=B),
        report("t2", "e", call=B),
    ]
    assert dict(find_same_calls(trees(spans)).shared) == {
        trace_id("t1"): {span_id("a"), span_id("b")},
        trace_id("t2"): {span_id("c")},
    }


def test_depth_below_a_circle_of_parents_does_not_depend_on_the_order():
    spans = [bare("t1", "x", parent="y"), bare("t1", "y", parent="x"), report("t1", "a", "x"), report("t1", "b", "y")]
    spans += [bare("t2", "r"), report("t2", "c", "r")]
    for seed in range(10):
        assert charged(*random.Random(seed).sample(spans, len(spans))) == {"t2.c"}


def test_thousands_of_nested_reports_cost_no_more_than_linear_walks():
    spans = [report("t1", "n0")] + [
        report("t1", f"n{n}", f"n{n - 1}", start=NOON + n * 2, end=NOON + n * 2) for n in range(1, 5_000)
    ]
    assert len(charged(*spans)) == 1


def test_thousands_of_cache_hits_beside_thousands_of_calls_are_compared_in_order():
    spans = [report("t1", f"c{n}", start=NOON + 4 * n, end=NOON + 4 * n + 1) for n in range(4_000)]
    spans += [report("t2", f"h{n}", start=NOON + 4 * n + 2, end=NOON + 4 * n + 3, free=True) for n in range(4_000)]
    assert charged(*spans) == {"t1.c0"}


NAMES = "abcdefgh"
span = st.tuples(
    st.sampled_from(["t1", "t2", "t3"]),
    st.sampled_from(NAMES),
    st.one_of(st.none(), st.sampled_from(NAMES)),
    st.sampled_from(["llm", "llm", "llm", "agent", "tool"]),
    st.sampled_from([1, 0b10001, RICHER]),
    st.sampled_from([0, A, A, B]),
    st.integers(0, 6),
    st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(span, max_size=14, unique_by=lambda one: one[:2]), st.randoms(use_true_random=False))
def test_the_outcome_depends_on_the_set_of_spans_alone(described, rng):
    spans = [
        report(trace, name, parent, kind=kind, classes=classes, call=call if kind == "llm" else 0,
               start=NOON + at * SECOND, end=NOON + at * SECOND, free=free and at == 0)
        for trace, name, parent, kind, classes, call, at, free in described
    ]  # fmt: skip
    shuffled = list(spans)
    rng.shuffle(shuffled)
    assert charged(*spans) == charged(*shuffled)
    one, other = find_same_calls(trees(spans)), find_same_calls(trees(shuffled))
    assert set(one.components) == set(other.components)
    assert one.shared == other.shared
