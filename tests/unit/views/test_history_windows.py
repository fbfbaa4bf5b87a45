"""Samples of the past and the windows in which they are written."""

from __future__ import annotations

import pytest

from exporter.views.history import BLOCK_NS, windows_of
from exporter.views.history_rows import Grid

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


@pytest.mark.parametrize("end", [40 * HOUR, 40 * HOUR + 1, 36 * HOUR, 36 * HOUR - 7 * SECOND, 36 * HOUR + 7 * SECOND])
def test_windows_hold_every_sample_once_and_none_crosses_the_edge_of_a_block(end):
    grid = Grid(15 * MINUTE, end, MINUTE)
    samples = []
    for first, last in windows_of(grid):
        times = [grid.time_of(sample) for sample in range(first, last)]
        assert len({at // BLOCK_NS for at in times}) == 1
        samples += range(first, last)
    assert samples == list(range(grid.first, grid.last + 1))
    assert (grid.time_of(samples[0]), grid.time_of(samples[-1])) == (15 * MINUTE, end)


def test_an_instant_shows_in_the_sample_after_it():
    grid = Grid(0, HOUR, MINUTE)
    assert grid.sample_after(0) == 1
    assert grid.sample_after(MINUTE - 1) == 1
    assert grid.sample_after(MINUTE) == 2
