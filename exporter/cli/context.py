"""What every subcommand may ask for, made when it is first asked."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from rich.console import Console

from exporter.settings.load import load_settings
from exporter.settings.table import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from exporter.ledger.engine import Database


class CommandContext:
    """Settings, ledger and terminal of one call."""

    def __init__(self, config: str | None = None) -> None:
        self._config = config

    @cached_property
    def settings(self) -> Settings:
        """The configuration as `serve` would read it; ConfigError tells all that is wrong."""
        return load_settings(self._config, os.environ)

    @cached_property
    def database(self) -> Database:
        """The ledger, at the schema that this version needs; SchemaError names the command that helps."""
        from exporter.app import open_database
        from exporter.ledger import schema

        database = open_database(self.settings)
        schema.require_current(database.engine)
        return database

    @property
    def engine(self) -> Engine:
        return self.database.engine

    @cached_property
    def console(self) -> Console:
        """Tables in a terminal, plain text elsewhere."""
        return Console(highlight=False)
