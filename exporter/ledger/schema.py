"""The schema's version: what is there, what this version needs, and the way from one to the other."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from exporter.errors import SchemaError

HEAD: Final = "0001"
"""The newest migration.  A test holds it equal to what Alembic finds; importing Alembic here costs 0.4 s."""
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def current_revision(connection: Connection) -> str | None:
    """The migration that the database is at, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if found is None else str(found)


def require_current(engine: Engine) -> None:
    """SchemaError, naming the command that helps, unless the schema is the one this version needs."""
    with engine.connect() as connection:
        found = current_revision(connection)
    if found != HEAD:
        have = "has no schema" if found is None else f"is at schema {found}"
        raise SchemaError(
            f"the database {have}, this version needs {HEAD}: run `agent-exporter migrate`", found=found, needed=HEAD
        )


def upgrade(engine: Engine) -> None:
    """Create the schema or bring it up to date; safe to run from several processes at once."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.connect() as connection:
        # SQLite's pragma rewrites need the whole run in one write transaction; PostgreSQL takes a lock for it.
        connection = connection.execution_options(writes=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(6784951232)"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
