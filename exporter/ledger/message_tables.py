"""The ledger's tables of messages between agents.  Nothing of what a message says is in them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, SmallInteger, Table, Text

from exporter.ledger.columns import Id, metadata, sums, texts

message = Table(
    "message",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", LargeBinary(16), nullable=False, unique=True),
    Column("received_at", BigInteger, nullable=False),
    Column("sent_at", BigInteger, nullable=False),
    Column("series", BigInteger, nullable=False),
    Column("error_series", BigInteger),
    Column("error_level", SmallInteger, nullable=False, server_default="0"),
    *texts("project", "task", "sender", "recipient", "type", "priority", "action", "error_category"),
)
"""One row for each message; `series` and `error_series` are the label sets under which it was counted."""

message_gate = Table(
    "message_gate",
    metadata,
    Column("message", BigInteger, primary_key=True, autoincrement=False),
    Column("position", SmallInteger, primary_key=True, autoincrement=False),
    Column("series", BigInteger, nullable=False),
    *texts("name", "result"),
    sqlite_with_rowid=False,
)
"""What each quality gate of a message found."""

message_series = Table(
    "message_series",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("shown", BigInteger),
    Column("family", Text, nullable=False),
    Column("labels", Text, nullable=False),
)
"""A label set (JSON list) of a family; `shown` names the one under which it is counted when the family is full."""

message_total = Table(
    "message_total",
    metadata,
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums("count"),
    sqlite_with_rowid=False,
)
"""Counts since the beginning; they never fall."""
