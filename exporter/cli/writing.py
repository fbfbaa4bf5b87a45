"""A command as a writer of the ledger, by the configuration and the prices in force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from exporter.cli.context import CommandContext

if TYPE_CHECKING:
    from exporter.ledger.booking import Booking
    from exporter.runtime import Runtime


@contextmanager
def writer(context: CommandContext) -> Iterator[tuple[Booking, Runtime]]:
    """What books, and what it books by; its slot of the sums is free again afterwards."""
    # Only a command that writes needs what a server needs.
    from exporter.app import make_booking
    from exporter.configuration import build_runtime
    from exporter.following import read_stamp
    from exporter.ledger.slots import Slot

    database, settings = context.database, context.settings
    with database.read() as connection:
        runtime = build_runtime(connection, read_stamp(connection), settings)
    slot = Slot(database.engine)
    try:
        yield make_booking(settings, database, lambda: runtime, slot.number), runtime
    finally:
        slot.release()
