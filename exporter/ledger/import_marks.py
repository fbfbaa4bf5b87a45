"""How far files were imported, so that the next import begins where the last one ended.

A file is known by a digest of its path and told from another at the same place by a digest of its head.
What is imported twice all the same is the same record (rule R0), so a mark saves time and nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from exporter.ledger.columns import metadata

import_mark = Table(
    "import_mark",
    metadata,
    Column("file", LargeBinary(16), primary_key=True, autoincrement=False),
    Column("head", LargeBinary(16), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)


class Mark(NamedTuple):
    """How far a file is imported: its size then, and where to go on; `head` is of what stands before."""

    head: bytes
    size: int
    position: int


def read_mark(connection: Connection, file: bytes) -> Mark | None:
    """The mark of a file, None for one that was never imported."""
    columns = import_mark.c
    query = select(columns.head, columns.size, columns.position).where(columns.file == file)
    row = connection.execute(query).first()
    return None if row is None else Mark(bytes(row[0]), row[1], row[2])


def write_mark(connection: Connection, file: bytes, mark: Mark, now_ns: int) -> None:
    """Remember how far a file is imported."""
    build = sqlite_insert if connection.dialect.name == "sqlite" else postgres_insert
    values = {**mark._asdict(), "at": now_ns}
    new = build(import_mark).values(file=file, **values)
    connection.execute(new.on_conflict_do_update(index_elements=["file"], set_=values))
