"""Rules R3, R4 and R5 on small trees; the numbers are the rows of the project's telemetry vectors."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.settle.skeleton import CARRIER, LEAF_CODES, Node, pack, unpack
from exporter.settle.tree import find_superseded
from exporter.usage import AGENT, LLM, OTHER, STEP, TOOL, WORKFLOW
from support.entries import NOON, SECOND, node, span_id

RICH = 0b010011
PLAIN = 0b010001


def silent(name, kind, parent=None):
    return node(name, kind, parent, carries=False, classes=0)


CASES = {
    "an agent over one call goes": ([node("a", AGENT), node("c", LLM, "a")], {"a"}),
    "an accumulating agent goes whatever its numbers": (
        [node("a", AGENT), node("c1", LLM, "a"), node("c2", LLM, "a")],
        {"a"},
    ),
    "three levels keep the calls": (
        [node("a", AGENT), node("s", STEP, "a"), node("c", LLM, "s"), node("t", STEP, "a"), node("d", LLM, "t")],
        {"a", "s", "t"},
    ),
    "a wrapper without cache classes yields to the richer inner call": (
        [node("o", LLM, classes=PLAIN), node("i", LLM, "o", classes=RICH)],
        {"o"},
    ),
    "a richer wrapper keeps its place": (
        [node("o", LLM, classes=RICH), node("i", LLM, "o", classes=PLAIN)],
        {"i"},
    ),
    "on a tie the inner call stays": ([node("o", LLM), node("i", LLM, "o")], {"o"}),
    "a wrapper around two attempts goes": (
        [node("o", LLM, classes=RICH), node("i", LLM, "o"), node("j", LLM, "o")],
        {"o"},
    ),
    "a tool and an agent between two calls make both legitimate": (
        [node("o", LLM), silent("t", TOOL, "o"), silent("a", AGENT, "t"), node("i", LLM, "a")],
        set(),
    ),
    "a plain span between wrapper and call is no barrier": (
        [node("o", LLM), silent("x", "other", "o"), node("i", LLM, "x")],
        {"o"},
    ),
    "a report of unknown kind goes for calls below it, whatever stands between": (
        [node("x", OTHER), silent("a", AGENT, "x"), node("c", LLM, "a"), silent("b", AGENT, "x"), node("d", LLM, "b")],
        {"x"},
    ),
    "a report of unknown kind that is richer than the only call directly below it keeps its place": (
        [node("x", OTHER, classes=RICH), node("c", LLM, "x")],
        {"c"},
    ),
    "a report of unknown kind with nothing below stays": ([node("x", OTHER), node("c", LLM)], set()),
    "a sum of what another agent used goes when that agent tells it": (
        [silent("a", AGENT), silent("t", TOOL, "a"), silent("b", AGENT, "t"), node("c", LLM, "b"),
         node("r", WORKFLOW, "a", rollup=True)],
        {"r"},
    ),
    "a sum of what another agent used stays when only the calls beside it are told": (
        [silent("a", AGENT), silent("t", TOOL, "a"), node("c", LLM, "a"), node("r", WORKFLOW, "a", rollup=True)],
        set(),
    ),
    "a sum within an agent speaks against the sum about that agent": (
        [silent("a", AGENT), silent("b", AGENT, "a"), node("s", WORKFLOW, "b", rollup=True),
         node("r", WORKFLOW, "a", rollup=True)],
        {"r"},
    ),
    "a remote agent with nothing below stays": ([node("a", AGENT)], set()),
    "a workflow over two agents without calls goes": (
        [node("w", WORKFLOW), node("a", AGENT, "w"), node("b", AGENT, "w")],
        {"w"},
    ),
    "a call whose parent never arrived speaks for the agent around it in time": (
        [node("a", AGENT, end=NOON + 10 * SECOND), node("c", LLM, "lost", start=NOON + SECOND, end=NOON + 2 * SECOND)],
        {"a"},
    ),
    "a broken chain outside the agent's time says nothing": (
        [node("a", AGENT), node("c", LLM, "lost", start=NOON + 5 * SECOND, end=NOON + 6 * SECOND)],
        set(),
    ),
    "a separate root says nothing about an agent beside it": ([node("a", AGENT), node("c", LLM)], set()),
    "a call without usage leaves the agent's numbers standing": (
        [node("a", AGENT), silent("c", LLM, "a")],
        set(),
    ),
    "a call without usage around one with usage is the same": (
        [node("o", LLM, quiet=True), silent("x", "other", "o"), node("i", LLM, "x")],
        {"o"},
    ),
    "a call without usage around several goes": (
        [node("o", LLM, quiet=True), node("i", LLM, "o"), node("j", LLM, "o")],
        {"o"},
    ),
    "a call without usage within one with usage is the same": ([node("o", LLM), node("i", LLM, "o", quiet=True)], {"i"}),
    "however many such are around one another": (
        [node("o", LLM), node("m", LLM, "o", quiet=True), node("i", LLM, "m", quiet=True)],
        {"m", "i"},
    ),
    "of calls without usage the innermost stays": (
        [node("o", LLM, quiet=True), node("m", LLM, "o", quiet=True), node("i", LLM, "m", quiet=True)],
        {"o", "m"},
    ),
    "a call without usage beside the one that its wrapper repeats is another": (
        [node("o", LLM), node("i", LLM, "o"), node("j", LLM, "o", quiet=True)],
        {"o"},
    ),
    "a tool between two calls makes the quiet one a call of its own": (
        [node("o", LLM, quiet=True), silent("t", TOOL, "o"), node("i", LLM, "t")],
        set(),
    ),
    "a failed try within a call stays": ([node("o", LLM), silent("i", LLM, "o")], set()),
}  # fmt: skip


@pytest.mark.parametrize(("nodes", "expected"), CASES.values(), ids=list(CASES))
def test_of_nested_reports_one_counts(nodes, expected):
    for seed in range(20):
        shuffled = random.Random(seed).sample(nodes, len(nodes))
        assert set(find_superseded({n.span_id: n for n in shuffled})) == {span_id(name) for name in expected}


def test_a_cycle_of_parents_ends():
    nodes = [node("a", AGENT, "b"), node("b", LLM, "a"), node("c", LLM, "b")]
    assert span_id("a") in find_superseded({n.span_id: n for n in nodes})


def test_the_cost_of_a_deep_chain_grows_with_its_length():
    """Twenty thousand nested spans are settled by walks that are remembered; a quadratic walk would not end."""
    nodes = [node("s0", AGENT)]
    nodes += [node(f"s{n}", "other", f"s{n - 1}", carries=False, classes=0) for n in range(1, 20_000)]
    nodes += [node(f"c{n}", LLM, f"s{19_999 - n}") for n in range(2_000)]
    assert span_id("s0") in find_superseded({n.span_id: n for n in nodes})


kinds = st.sampled_from(["llm", "agent", "tool", "step", "other", "rollup"])
trees = st.lists(
    st.tuples(kinds, st.integers(-1, 11), st.booleans(), st.sampled_from([PLAIN, RICH, 0])), min_size=1, max_size=12
)


def grow(plan):
    return [
        node(
            f"n{i}",
            WORKFLOW if kind == "rollup" else kind,
            f"n{up}" if 0 <= up < i else None,
            carries=carries and classes > 0,
            classes=classes if carries else 0,
            quiet=carries and not classes and kind == LLM,
            rollup=kind == "rollup",
        )
        for i, (kind, up, carries, classes) in enumerate(plan)
    ]


@given(trees, st.randoms())
def test_the_outcome_does_not_depend_on_the_order(plan, rng):
    nodes = grow(plan)
    shuffled = list(nodes)
    rng.shuffle(shuffled)
    assert find_superseded({n.span_id: n for n in nodes}) == find_superseded({n.span_id: n for n in shuffled})


@given(trees)
def test_something_stays_wherever_something_was_reported(plan):
    """Superseding never empties a trace: usage that was reported is charged somewhere."""
    nodes = grow(plan)
    carriers = {n.span_id for n in nodes if n.marks & CARRIER}
    assert not carriers or carriers - set(find_superseded({n.span_id: n for n in nodes}))


@given(trees)
def test_a_packed_skeleton_reads_back(plan):
    nodes = grow(plan)
    assert list(unpack(pack(nodes))) == nodes
    assert all(isinstance(n, Node) for n in unpack(pack(nodes)))
    assert LEAF_CODES
