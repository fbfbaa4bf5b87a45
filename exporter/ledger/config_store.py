"""The applied configuration as versions in the database: the last one applied is in force everywhere."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, func, select, text

from exporter.ledger.dimensions import insert_numbered
from exporter.ledger.service_tables import config_version, price_book


class ConfigVersion(NamedTuple):
    version: int
    origin: str
    document: str


NEWEST_CONFIG: Final = select(func.coalesce(func.max(config_version.c.version), 0)).scalar_subquery()
ACTIVE_BOOK: Final = (
    select(func.coalesce(func.max(price_book.c.book), 0)).where(price_book.c.active == 1).scalar_subquery()
)


def latest_versions(connection: Connection) -> tuple[int, int]:
    """The newest configuration version and the active version of the price rows; 0 for none."""
    row = connection.execute(select(NEWEST_CONFIG, ACTIVE_BOOK)).one()
    return int(row[0]), int(row[1])


def read_config(connection: Connection, version: int) -> ConfigVersion | None:
    """A version of the configuration, None when there is none."""
    row = connection.execute(select(config_version).where(config_version.c.version == version)).first()
    return None if row is None else ConfigVersion(row.version, row.origin, row.document)


def earlier_configs(connection: Connection, *, limit: int) -> list[ConfigVersion]:
    """The newest versions, newest first."""
    query = select(config_version).order_by(config_version.c.version.desc()).limit(limit)
    return [ConfigVersion(row.version, row.origin, row.document) for row in connection.execute(query)]


def apply_config(connection: Connection, document: str, origin: str, now_ns: int) -> int:
    """Make a configuration the one in force; the present version's number when it says the same."""
    if connection.dialect.name == "postgresql":
        # Of two replicas that apply at once, the later one must get the higher number.
        connection.execute(text("LOCK TABLE config_version IN EXCLUSIVE MODE"))
    current, _ = latest_versions(connection)
    present = read_config(connection, current)
    if present is not None and present.document == document:
        return current
    return insert_numbered(connection, config_version, {"created_at": now_ns, "origin": origin, "document": document})
