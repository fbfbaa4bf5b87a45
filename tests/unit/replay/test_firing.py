"""Alerts fire and end as Prometheus has them, given when their expressions held."""

from __future__ import annotations

import pytest

from scripts.replay.firing import Firing, fire
from scripts.replay.rules import Alert
from scripts.replay.storage import Span

MINUTE = 60
SPAN = Span(0, 100 * MINUTE, MINUTE)
LABELS = (("budget", "day"),)


def fired(*held, waits=0, keeps=0):
    alert = Alert("Alert", "x > 1", "warning", waits * MINUTE, keeps * MINUTE)
    found = fire(LABELS, [minute * MINUTE for minute in held], alert, SPAN)
    return [
        tuple(None if at is None else at // MINUTE for at in (one.pending_at, one.fired_at, one.resolved_at))
        for one in found
    ]


def test_without_for_it_fires_at_once_and_ends_when_it_no_longer_holds():
    assert fired(5, 6, 7) == [(5, 5, 8)]


@pytest.mark.parametrize(("held", "expected"), [((5, 6), []), ((5, 6, 7), [(5, 7, 8)]), ((5, 6, 7, 8), [(5, 7, 9)])])
def test_it_fires_once_it_has_held_for_so_long(held, expected):
    assert fired(*held, waits=2) == expected


def test_a_gap_starts_the_waiting_again():
    assert fired(5, 6, 8, 9, 10, waits=2) == [(8, 10, 11)]


def test_each_time_that_it_holds_again_is_another_firing():
    assert fired(5, 6, 8) == [(5, 5, 7), (8, 8, 9)]


def test_it_goes_on_firing_for_as_long_as_it_is_kept():
    assert fired(5, 6, keeps=3) == [(5, 5, 10)]


def test_what_holds_again_while_it_is_kept_fires_on_without_waiting():
    assert fired(5, 6, 7, 9, waits=2, keeps=3) == [(5, 7, 13)]
    assert fired(5, 6, 7, 11, 12, waits=2, keeps=3) == [(5, 7, 15 + 1)]
    assert fired(5, 6, 7, 12, 13, waits=2, keeps=3) == [(5, 7, 11)]


def test_a_span_shorter_than_a_step_counts_as_a_step():
    alert = Alert("Alert", "x", "info", 30, 0)
    assert list(fire(LABELS, [60, 120], alert, SPAN)) == [Firing(LABELS, 60, 120, 180)]


def test_what_fires_at_the_end_has_no_end():
    assert fired(99, 100) == [(99, 99, None)]
