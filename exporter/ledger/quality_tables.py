"""The ledger's tables of calls whose usage nobody reported, or somebody only estimated."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, SmallInteger, Table, Text

from exporter.ledger.columns import Id, metadata, sums, texts

QUALITY_TEXTS: Final = ("dialect", "scope", "service", "status", "reason")

quality_series = Table(
    "quality_series",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    *texts(*QUALITY_TEXTS),
)
"""Who sent such calls, and what is wrong with them (ledger.doubts)."""

quality = Table(
    "quality",
    metadata,
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums("calls", "tokens", "cost_nano_usd", "reversed_calls", "reversed_tokens", "reversed_cost_nano_usd"),
    sqlite_with_rowid=False,
)
"""Gross sums since the beginning, and what was reversed of them; none of them ever falls."""

numbered_session = Table(
    "numbered_session",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("last_at", BigInteger, nullable=False),
    *texts("service", "numbers"),
    Column("tools", SmallInteger, nullable=False, server_default="0"),
    Column("calls", SmallInteger, nullable=False, server_default="0"),
    Index("ix_numbered_session_last_at", "last_at"),
)
"""Sessions whose sender numbers their events: which numbers came (JSON list of runs), and whether tools and calls."""

gauge = Table(
    "gauge",
    metadata,
    Column("name", Text, primary_key=True),
    Column("labels", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What a scheduled job found last (labels: a JSON list), for every replica to show."""
