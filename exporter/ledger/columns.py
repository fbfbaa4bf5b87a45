"""Building blocks of the ledger's tables: names of constraints, ids, sums and texts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rowids by itself only in a column of type INTEGER.
Id: Final = BigInteger().with_variant(Integer, "sqlite")


def sums(*names: str) -> list[Column[int]]:
    """Columns that are added to, 0 at first."""
    return [Column(name, BigInteger, nullable=False, server_default="0") for name in names]


def texts(*names: str) -> list[Column[str]]:
    """Columns of which an empty text means that nobody said."""
    return [Column(name, Text, nullable=False, server_default="") for name in names]
