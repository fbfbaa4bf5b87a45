"""Thresholds: exact at their edge, monotonic in spend."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.budgets.breaches import crossed, newly_crossed
from exporter.budgets.definition import Budget, Threshold, default_severity

USD = 10**9


def budget(limit=1000 * USD, **changes):
    return Budget(id="payments-month", limit=limit, unit="nano_usd", period="month", **changes)


def percents(thresholds):
    return [threshold.percent for threshold in thresholds]


def test_nothing_spent_reaches_no_threshold():
    assert crossed(budget(), 0) == ()


def test_a_threshold_is_reached_at_exactly_its_share_of_the_limit():
    assert percents(crossed(budget(), 700 * USD - 1)) == []
    assert percents(crossed(budget(), 700 * USD)) == [70]


def test_spending_beyond_the_limit_reaches_all_thresholds():
    assert crossed(budget(), 5000 * USD) == (
        Threshold(70, "info"),
        Threshold(85, "warning"),
        Threshold(100, "critical"),
    )


def test_the_edge_is_exact_where_a_float_is_not():
    # 70 % of this limit is 6456360425798343064.9; as floats both sides are the same number.
    limit = 2**63 - 1
    edge = -(-limit * 70 // 100)
    assert percents(crossed(budget(limit), edge - 1)) == []
    assert percents(crossed(budget(limit), edge)) == [70]


def test_a_limit_too_small_to_split_is_reached_by_its_first_token():
    assert percents(crossed(budget(1), 1)) == [70, 85, 100]


def test_a_threshold_above_the_limit_waits_for_it():
    over = budget(thresholds=(Threshold(100, "warning"), Threshold(150, "critical")))
    assert percents(crossed(over, 1499 * USD)) == [100]
    assert percents(crossed(over, 1500 * USD)) == [100, 150]


def test_one_step_can_pass_several_thresholds():
    assert percents(newly_crossed(budget(), 690 * USD, 1000 * USD)) == [70, 85, 100]


def test_a_step_from_beyond_a_threshold_does_not_pass_it_again():
    assert newly_crossed(budget(), 700 * USD, 849 * USD) == ()


def test_the_severity_follows_from_the_share():
    assert [default_severity(percent) for percent in (1, 79, 80, 99, 100, 250)] == [
        "info",
        "info",
        "warning",
        "warning",
        "critical",
        "critical",
    ]


amounts = st.integers(min_value=0, max_value=2**63 - 1)
limits = st.integers(min_value=1, max_value=2**63 - 1)


@given(limits, amounts, amounts)
def test_more_spending_never_leaves_a_threshold(limit, one, other):
    low, high = sorted((one, other))
    assert set(crossed(budget(limit), low)) <= set(crossed(budget(limit), high))


@given(limits, amounts, amounts)
def test_what_was_crossed_and_what_is_newly_crossed_make_what_is_crossed_now(limit, one, other):
    low, high = sorted((one, other))
    assert crossed(budget(limit), low) + newly_crossed(budget(limit), low, high) == crossed(budget(limit), high)
