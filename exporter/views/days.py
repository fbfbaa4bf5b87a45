"""Days on a wall clock, as integer arithmetic on quarter hours that a database can do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from exporter.ledger.cost_sums import DayPiece

QUARTERS_A_DAY = 96
_QUARTER_SECONDS = 900


def day_pieces(first: int, end: int, zone: str) -> tuple[DayPiece, ...]:
    """The stretches of [first, end), in quarters since 1970, between which the zone's clock was changed."""
    clock = ZoneInfo(zone)
    pieces: list[DayPiece] = []
    at, ahead = first, _ahead(first, clock)
    while at < end:
        ahead_next = _ahead(min(at + QUARTERS_A_DAY, end), clock)
        if ahead_next != ahead:
            change = _change_within(at, at + QUARTERS_A_DAY, clock)
            pieces.append(DayPiece(change, ahead))
            at, ahead = change, _ahead(change, clock)
        else:
            at += QUARTERS_A_DAY
    return (*pieces, DayPiece(end, ahead))


def date_text(days: int) -> str:
    """`2026-03-01` for days since 1970."""
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def _change_within(start: int, end: int, clock: ZoneInfo) -> int:
    before = _ahead(start, clock)
    return next(quarter for quarter in range(start + 1, end + 1) if _ahead(quarter, clock) != before)


def _ahead(quarter: int, clock: ZoneInfo) -> int:
    """Quarters by which the clock is ahead of UTC; odd offsets, last used in 1972, are rounded down."""
    offset = datetime.fromtimestamp(quarter * _QUARTER_SECONDS, UTC).astimezone(clock).utcoffset() or timedelta()
    return int(offset.total_seconds()) // _QUARTER_SECONDS
