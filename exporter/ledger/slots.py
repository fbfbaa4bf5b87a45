"""Each writer of PostgreSQL keeps its own share of every sum, so that replicas do not wait for one another."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine, text

_CLASS: Final = 0x6167656E
SLOTS: Final = 32
"""More writers than this share slots: still exact, only with some waiting."""


class Slot:
    """A number that no other live writer has, held by a session lock for as long as this process lives."""

    def __init__(self, engine: Engine) -> None:
        self._connection: Connection | None = None
        self.number = 0
        if engine.dialect.name == "postgresql":
            self._connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            self.number = _claim(self._connection)

    def release(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()


def _claim(connection: Connection) -> int:
    for number in range(SLOTS):
        if connection.scalar(text("SELECT pg_try_advisory_lock(:class, :number)"), {"class": _CLASS, "number": number}):
            return number
    backend = connection.scalar(text("SELECT pg_backend_pid()"))
    return int(backend or 0) % SLOTS
