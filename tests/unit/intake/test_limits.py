import pytest

from exporter.errors import Unavailable
from exporter.intake.limits import InflightBudget, IntakeLimits


def test_a_lease_gives_back_all_that_it_took_even_after_an_error():
    budget = InflightBudget(100)

    def fail() -> None:
        with budget.lease() as lease:
            lease.grow(60)
            lease.grow(30)
            assert budget.held == 90
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert budget.held == 0


def test_a_full_budget_refuses_for_now_and_keeps_what_it_has():
    budget = InflightBudget(100)
    with budget.lease() as first, budget.lease() as second:
        first.grow(70)
        with pytest.raises(Unavailable) as refused:
            second.grow(31)
        assert refused.value.retry_after >= 1
        second.grow(30)
        assert budget.held == 100


def test_the_defaults_are_those_that_otlp_recommends():
    limits = IntakeLimits()
    assert limits.max_body_bytes == 64 * 1024 * 1024
    assert limits.max_answer_bytes == 4 * 1024 * 1024
    assert limits.max_inflight_bytes > limits.max_body_bytes
