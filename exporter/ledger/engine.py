"""Connections to the ledger: SQLite by default, PostgreSQL when one machine is not enough.

All SQL differences between the two start here or in `ledger/stores.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from exporter.errors import ConfigError, Unavailable
from exporter.ledger.lock import FileLock

LOCK_SECONDS = 10.0
_DRIVERS = frozenset({"sqlite3", "psycopg"})
_WAL_PAGES = 16_000
"""Checkpoint every 64 MB: small ones cost a third of the throughput of a large table."""


def open_engine(url: str) -> Engine:
    """An engine for `sqlite:///path` or `postgresql://...`; ConfigError for anything else."""
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(parsed)
    if backend == "postgresql":
        return _open_postgres(parsed.set(drivername="postgresql+psycopg"))
    raise ConfigError(f"database_url: {backend!r} is not supported; expected sqlite:///FILE or postgresql://...")


def _open_sqlite(url: URL) -> Engine:
    # The connection used last is used next: its page cache is warm, and the others' stay small.
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 5.0}, pool_use_lifo=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver's own transaction control would commit before some statements; ours is explicit.
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"wal_autocheckpoint={_WAL_PAGES}",
            "journal_size_limit=134217728",
            "cache_size=-8000",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _open_postgres(url: URL) -> Engine:
    return create_engine(
        url,
        pool_size=6,
        max_overflow=4,
        pool_timeout=5,
        pool_pre_ping=False,
        # Answers are judged by 503 and a retry, so a connection that hangs must end soon.
        connect_args={"connect_timeout": 5, "prepare_threshold": 3},
    )


class Database:
    """The two ways to use the ledger: `read` sees one snapshot, `write` commits or rolls back as a whole."""

    def __init__(self, url: str, *, lock_seconds: float = LOCK_SECONDS) -> None:
        self.engine = open_engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._lock_seconds = lock_seconds
        self._lock = _lock_beside(self.engine.url.database) if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in a read transaction; `Unavailable` when the database does not answer."""
        with translated_errors(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a write transaction that commits on leaving; on SQLite one writer at a time."""
        lock = self._lock.held(self._lock_seconds) if self._lock else nullcontext()
        with translated_errors(), lock, self.engine.connect() as connection:
            connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        self.engine.dispose()


def _lock_beside(path: str | None) -> FileLock | None:
    if not path or path == ":memory:":
        return None
    return FileLock(os.path.abspath(path) + ".lock")


@contextmanager
def translated_errors() -> Iterator[None]:
    """Trouble of the database becomes `Unavailable`: the same request succeeds when it is back.

    The hot path uses the driver's own connection, so the driver's own errors count as well.
    """
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("all database connections are in use", retry_after=2) from error
    except DBAPIError as error:
        if isinstance(error, OperationalError) or error.connection_invalidated:
            raise Unavailable(f"the database is not available: {_first_line(error.orig)}", retry_after=5) from error
        raise
    except Exception as error:
        if _is_driver_trouble(error):
            raise Unavailable(f"the database is not available: {_first_line(error)}", retry_after=5) from error
        raise


def _is_driver_trouble(error: Exception) -> bool:
    return any(
        kind.__name__ in {"OperationalError", "InterfaceError"} and kind.__module__.partition(".")[0] in _DRIVERS
        for kind in type(error).__mro__
    )


def _first_line(error: BaseException | None) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:200] if text else type(error).__name__
