"""Firings against causes."""

from __future__ import annotations

from scripts.replay.firing import Firing
from scripts.replay.judging import Cause, judge

A, B = (("budget", "a"), ("period", "day")), (("budget", "b"), ("period", "day"))


def cause(budget, since, until):
    return Cause({"budget": budget}, since, until, due=until, text=f"{budget} at {until}")


def firing(labels, fired_at, resolved_at):
    return Firing(labels, fired_at, fired_at, resolved_at)


def test_the_lead_is_from_the_first_firing_to_what_it_told_of():
    verdict = judge("Burn", [firing(A, 40, 50), firing(A, 70, 90)], [cause("a", 0, 100)])
    assert [match.lead_s for match in verdict.matches] == [60]
    assert (verdict.firings, verdict.missed, verdict.groundless) == (2, (), ())


def test_a_firing_of_another_budget_answers_nothing_and_has_no_cause():
    verdict = judge("Burn", [firing(B, 40, 50)], [cause("a", 0, 100)])
    assert [one.text for one in verdict.missed] == ["a at 100"]
    assert len(verdict.groundless) == 1


def test_a_firing_that_ended_before_or_begins_after_does_not_count():
    verdict = judge("Burn", [firing(A, 5, 10), firing(A, 101, None)], [cause("a", 10, 100)])
    assert len(verdict.missed) == 1
    assert len(verdict.groundless) == 2


def test_one_that_still_fires_from_the_period_before_counts_from_the_start():
    verdict = judge("Burn", [firing(A, 5, None)], [cause("a", 10, 100)])
    assert [match.lead_s for match in verdict.matches] == [90]


def test_what_is_told_late_has_a_lead_below_0():
    verdict = judge("Threshold", [firing(A, 130, 140)], [Cause({"budget": "a"}, 100, 200, due=100, text="")])
    assert verdict.lead_s == -30
