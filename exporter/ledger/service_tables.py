"""The tables of the service itself: its configuration, prices, jobs, and who changed what."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, SmallInteger, Table, Text

from exporter.ledger.columns import Id, metadata

config_version = Table(
    "config_version",
    metadata,
    Column("version", Id, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),
    Column("document", Text, nullable=False),
)
"""The applied configuration, by which every worker and replica books."""

price_version = Table(
    "price_version",
    metadata,
    Column("id", Id, primary_key=True),
    Column("layer", Text, nullable=False),
    Column("book", Integer, nullable=False),
    Column("row", Text, nullable=False),
    Column("digest", LargeBinary(16), nullable=False),
    Column("withdrawn_in", Integer),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)
"""Price rows set by command or import (canonical JSON of pricing.rows.PriceRow), append-only."""

price_book = Table(
    "price_book",
    metadata,
    Column("book", Id, primary_key=True),
    Column("parent", Integer),
    Column("active", SmallInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)
"""Versions of the rows above; a rollback re-points the active one."""

job = Table(
    "job",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False, server_default=""),
    Column("lease_until", BigInteger, nullable=False, server_default="0"),
    Column("last_run_at", BigInteger, nullable=False, server_default="0"),
    Column("last_success_at", BigInteger, nullable=False, server_default="0"),
    Column("value", BigInteger, nullable=False, server_default="0"),
    Column("detail", Text, nullable=False, server_default=""),
)
"""Scheduled jobs: who may run them, and what they found, for every replica to show."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("number", Id, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
)
"""Every change that a person or program made: prices, budgets, configuration."""
