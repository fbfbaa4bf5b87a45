"""The linear projection, and when it keeps silent."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.budgets.periods import Period
from exporter.budgets.projection import Projection, project

SECOND = 10**9
MONTH = Period(1_000 * SECOND, 3_592_000 * SECOND)
LENGTH = MONTH.end_ns - MONTH.start_ns
UNKNOWN = Projection(None, None, None)


def at(share: float) -> int:
    return MONTH.start_ns + int(LENGTH * share)


def test_nothing_is_known_before_any_time_has_passed():
    assert project(limit=100, spent=50, period=MONTH, now_ns=MONTH.start_ns) == UNKNOWN


def test_nothing_is_known_of_a_period_that_has_not_begun():
    assert project(limit=100, spent=0, period=MONTH, now_ns=MONTH.start_ns - 1) == UNKNOWN


def test_half_the_limit_at_half_time_is_on_track_to_the_limit_itself():
    assert project(limit=1000, spent=500, period=MONTH, now_ns=at(0.5)) == Projection(1000, True, None)


def test_more_than_the_share_of_time_is_off_track_and_has_an_instant_of_exhaustion():
    assert project(limit=1000, spent=500, period=MONTH, now_ns=at(0.25)) == Projection(2000, False, at(0.5))


def test_nothing_spent_projects_to_nothing():
    assert project(limit=1000, spent=0, period=MONTH, now_ns=at(0.5)) == Projection(0, True, None)


def test_a_limit_already_passed_was_exhausted_in_the_past():
    assert project(limit=1000, spent=2000, period=MONTH, now_ns=at(0.5)) == Projection(4000, False, at(0.25))


def test_a_period_that_is_over_projects_to_what_was_spent():
    assert project(limit=1000, spent=700, period=MONTH, now_ns=MONTH.end_ns + LENGTH) == Projection(700, True, None)


def test_more_reversed_than_spent_exhausts_nothing():
    assert project(limit=1000, spent=-10, period=MONTH, now_ns=at(0.5)) == Projection(-20, True, None)


amounts = st.integers(min_value=0, max_value=2**63 - 1)
limits = st.integers(min_value=1, max_value=2**63 - 1)
instants = st.integers(min_value=MONTH.start_ns + 1, max_value=MONTH.end_ns - 1)


@given(limits, amounts, instants)
def test_the_projection_is_never_below_what_was_spent(limit, spent, now_ns):
    assert project(limit=limit, spent=spent, period=MONTH, now_ns=now_ns).projected >= spent


@given(limits, amounts, instants)
def test_a_budget_off_track_is_exhausted_within_the_period(limit, spent, now_ns):
    found = project(limit=limit, spent=spent, period=MONTH, now_ns=now_ns)
    assert found.on_track == (found.projected <= limit)
    if not found.on_track:
        assert MONTH.start_ns < found.exhausted_at_ns <= MONTH.end_ns


@given(limits, amounts, instants)
def test_the_limit_is_exhausted_by_now_exactly_when_it_has_been_spent(limit, spent, now_ns):
    at_ns = project(limit=limit, spent=spent, period=MONTH, now_ns=now_ns).exhausted_at_ns
    assert (at_ns is not None and at_ns <= now_ns) == (spent >= limit)
