"""Rule R0: of several copies of a span the same one wins in every order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.settle.identity import supersedes_copy
from support.entries import NOON, node

copies = st.builds(
    node,
    st.just("s"),
    st.sampled_from(["llm", "other"]),
    st.sampled_from([None, "p", "q"]),
    classes=st.integers(0, 63),
    end=st.integers(NOON, NOON + 3),
    digest=st.integers(-2, 2),
)


@given(st.lists(copies, min_size=1, max_size=6), st.randoms())
def test_the_winner_does_not_depend_on_the_order_of_arrival(several, rng):
    def winner(order):
        best = order[0]
        for copy in order[1:]:
            best = copy if supersedes_copy(copy, best) else best
        return best

    shuffled = list(several)
    rng.shuffle(shuffled)
    assert winner(several) == winner(shuffled)


def test_more_token_classes_win_over_a_later_end():
    rich = node("s", classes=0b010011)
    late = node("s", classes=0b010001, end=NOON + 10**12)
    assert supersedes_copy(rich, late)
    assert not supersedes_copy(late, rich)


def test_a_copy_that_says_the_same_is_no_news():
    assert not supersedes_copy(node("s"), node("s"))
