"""The past as `backfill` tells it, sample by sample."""

from __future__ import annotations

from typing import Any

from exporter.views.history import History
from exporter.views.history_rows import Grid
from support.ledgers import Books

Told = dict[tuple[str, tuple[str, ...]], dict[int, Any]]
"""Values by sample, for each feed and its label values."""


def tell_past(books: Books, grid: Grid, *, assume_budgets: bool = False) -> Told:
    """Every sample of a small range."""
    told: Told = {}
    with books.database.read() as connection:
        for window in History(connection, grid, assume_budgets=assume_budgets).windows():
            for feed, tracks in window.tracks.items():
                for track in tracks:
                    values = told.setdefault((feed, track.labels), {})
                    for first, end, value in track.stretches:
                        values |= dict.fromkeys(range(first, end), value)
    return told


def told_at(told: Told, sample: int) -> dict[tuple[str, tuple[str, ...]], Any]:
    """What a scrape would have shown at a sample."""
    return {key: values[sample] for key, values in told.items() if sample in values}
