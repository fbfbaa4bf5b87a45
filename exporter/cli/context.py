"""What every subcommand may ask for, made when it is first asked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from exporter.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from rich.console import Console
    from sqlalchemy import Engine

    from exporter.ledger.engine import Database
    from exporter.settings.table import Settings


class CommandContext:
    """Settings, ledger, terminal and time of one call."""

    def __init__(self, config: str | None = None, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._config = config
        self.clock_ns = clock_ns

    @cached_property
    def settings(self) -> Settings:
        """The configuration as `serve` would read it; ConfigError tells all that is wrong."""
        from exporter.settings.load import load_settings

        return load_settings(self._config, os.environ)

    @cached_property
    def database(self) -> Database:
        """The ledger, at the schema that this version needs; an error names the command that helps.

        NotFound for an SQLite file that is not there (reading must not make one), SchemaError, Unavailable.
        """
        # Not by way of the composition root, which takes a second to import what only a server needs.
        from exporter.ledger.engine import Database

        settings = self.settings
        database = Database(settings.database_url.reveal(), lock_seconds=settings.lock_timeout_ns / 10**9)
        if database.is_sqlite:
            require_file(database.engine.url.database)
        _require_schema(database)
        return database

    @property
    def engine(self) -> Engine:
        return self.database.engine

    @cached_property
    def console(self) -> Console:
        """Tables in a terminal, plain text elsewhere."""
        from rich.console import Console

        return Console(highlight=False)

    def close(self) -> None:
        """Give the ledger back, when it was asked for."""
        database = self.__dict__.pop("database", None)
        if database is not None:
            database.close()


def require_file(path: str | None) -> None:
    """NotFound unless the path of an SQLite URL names a file, or is no path at all (`:memory:`, `file:` URIs)."""
    if not path or path.startswith((":", "file:")) or os.path.isfile(path):
        return
    raise NotFound(
        f"there is no ledger at {os.path.abspath(path)}: `agent-exporter serve` starts one there;"
        " for another, set AGENT_EXPORTER_DATABASE_URL or --config",
        path=path,
    )


def _require_schema(database: Database) -> None:
    from sqlalchemy.exc import DBAPIError

    from exporter.ledger import schema
    from exporter.ledger.engine import translated_errors

    try:
        with translated_errors():
            schema.require_current(database.engine)
    except DBAPIError as error:
        # A file of something else, or a damaged one.
        name = database.engine.url.render_as_string(hide_password=True)
        raise Unavailable(f"{name} cannot be read as a ledger: {error.orig}") from error
