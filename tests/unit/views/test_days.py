"""Days of any wall clock by integer arithmetic, against the calendar itself."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.ledger.cost_sums import DayPiece
from exporter.views.days import QUARTERS_A_DAY, date_text, day_pieces

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Cairo",
]
YEAR = 365 * QUARTERS_A_DAY


def quarter_of(text):
    return int(datetime.fromisoformat(text).timestamp()) // 900


def day_of(quarter, pieces):
    """The arithmetic that the database does."""
    ahead = next((piece.ahead for piece in pieces if quarter < piece.end), pieces[-1].ahead)
    return (quarter + ahead) // QUARTERS_A_DAY


def test_a_clock_that_is_not_changed_makes_one_piece():
    assert day_pieces(100, 500, "UTC") == (DayPiece(500, 0),)
    assert day_pieces(100, 500, "Asia/Tokyo") == (DayPiece(500, 36),)


def test_a_change_of_the_clock_ends_a_piece_at_its_quarter():
    first, change, end = (quarter_of(f"2026-10-{at}Z") for at in ("01T00:00", "25T01:00", "31T00:00"))
    assert day_pieces(first, end, "Europe/Berlin") == (DayPiece(change, 8), DayPiece(end, 4))


@pytest.mark.parametrize("zone", ZONES)
@given(
    first=st.integers(QUARTERS_A_DAY * 365 * 40, QUARTERS_A_DAY * 365 * 60),
    length=st.integers(1, 2 * YEAR),
    at=st.floats(0, 1),
)
def test_every_quarter_falls_on_the_date_that_its_clock_shows(zone, first, length, at):
    quarter = first + int(at * (length - 1))
    shown = datetime.fromtimestamp(quarter * 900, UTC).astimezone(ZoneInfo(zone)).date().isoformat()
    assert date_text(day_of(quarter, day_pieces(first, first + length, zone))) == shown
