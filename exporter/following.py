"""Each worker follows the configuration, budgets and prices that the database holds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select

from exporter.errors import ExporterError
from exporter.ledger.config_store import ACTIVE_BOOK, NEWEST_CONFIG
from exporter.ledger.engine import Database
from exporter.ledger.tables import budget_change
from exporter.runtime import Runtime

log = logging.getLogger(__name__)


class Stamp(NamedTuple):
    """What must be equal for a runtime to be the latest."""

    config: int
    book: int
    budgets: int


_BUDGET_CHANGES: Final = select(func.coalesce(func.max(budget_change.c.number), 0)).scalar_subquery()
_STAMP: Final = select(NEWEST_CONFIG, ACTIVE_BOOK, _BUDGET_CHANGES)


def read_stamp(connection: Connection) -> Stamp:
    """The versions that are in force now."""
    return Stamp(*map(int, connection.execute(_STAMP).one()))


class Follower:
    """The runtime of this worker, replaced when the database has a newer version of what made it."""

    def __init__(self, database: Database, build: Callable[[Connection, Stamp], Runtime]) -> None:
        self._database = database
        self._build = build
        self._guard = threading.Lock()
        with database.read() as connection:
            self._stamp = read_stamp(connection)
            self._runtime = build(connection, self._stamp)

    def current(self) -> Runtime:
        """The runtime to book by."""
        return self._runtime

    def refresh(self) -> bool:
        """Take over what is newer in the database; whether something was.  What cannot be built changes nothing."""
        with self._guard, self._database.read() as connection:
            stamp = read_stamp(connection)
            if stamp == self._stamp:
                return False
            try:
                self._runtime = self._build(connection, stamp)
            except ExporterError:
                log.exception("version %s cannot be used; the one before stays in force", stamp)
                return False
            self._stamp = stamp
            log.info("now booking by configuration %d, price rows %d", stamp.config, stamp.book)
            return True
