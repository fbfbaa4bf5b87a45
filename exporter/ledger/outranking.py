"""What was booked before a better signal of its source came (rule R6): superseded afterwards, a few rows at a time."""

from __future__ import annotations

from typing import Final

from exporter.ledger.booking import Booking
from exporter.ledger.sources import mark_settled, outranked_rows, unsettled_sources

SOURCES: Final = 20
"""In one round."""
_ROWS: Final = 200


def settle_sources(booking: Booking, now_ns: int) -> None:
    """Look at the rows of some sources that speak in a new signal."""
    with booking.database.read() as connection:
        found = unsettled_sources(connection, SOURCES)
    for key, signals in found:
        _settle(booking, key, signals, now_ns)


def _settle(booking: Booking, key: int, signals: int, now_ns: int) -> None:
    after = 0
    while True:
        with booking.database.read() as connection:
            rows = outranked_rows(connection, key, signals, after=after, limit=_ROWS)
        booking.settle_again({trace_id for _, trace_id in rows}, now_ns)
        if len(rows) < _ROWS:
            break
        after = rows[-1][0]
    with booking.database.write() as connection:
        mark_settled(connection, key, signals)
