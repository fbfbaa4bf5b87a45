"""The ledger's tables, for SQLite and PostgreSQL alike.

Times are Unix nanoseconds, amounts nano-USD, both BIGINT.  `slot` is the writer that keeps its own
share of a sum, so that replicas do not wait for one another; readers add the slots.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from exporter.ledger.columns import Id, metadata, sums, texts

TOKEN_COLUMNS: Final = (
    "input_uncached",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "output_visible",
    "reasoning",
)
COMPONENT_COLUMNS: Final = tuple(f"cost_{name}" for name in (*TOKEN_COLUMNS, "other"))
BUCKETS: Final = 15
"""Fourteen boundaries of the conventions' histograms and the overflow bucket."""

trace_block = Sequence("trace_block", start=1, increment=4096, metadata=metadata)
"""PostgreSQL: each writer takes trace ids in blocks; SQLite has one writer and counts on."""

trace = Table(
    "trace",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("trace_id", LargeBinary(16), nullable=False, unique=True),
    Column("first_seen_at", BigInteger, nullable=False),
)
"""Interned trace ids; the short key keeps the usage index small."""

skeleton = Table(
    "skeleton",
    metadata,
    Column("trace", BigInteger, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("received_at", BigInteger, nullable=False),
    Column("spans", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""The shape of a trace, packed, one row for each request that brought spans of it (settle/skeleton.py)."""

DIMENSION_TEXTS: Final = (
    "signal", "dialect", "scope", "kind", "operation", "provider", "gateway", "request_model", "response_model",
    "price_model", "service", "agent", "project", "team", "environment", "role", "tier", "task_type", "phase",
    "complexity", "importance", "impact", "experiment", "variant", "usage_status", "cost_status", "cost_reasons",
    "price_version", "cost_source", "error_type", "context",
)  # fmt: skip
"""Texts that repeat from call to call; `cost_reasons` and `context` are canonical JSON."""

dimension = Table(
    "dimension",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("series", BigInteger, nullable=False),
    Column("distribution_series", BigInteger, nullable=False),
    *texts(*DIMENSION_TEXTS),
)
"""One row for each combination of repeated texts; `series` is where its sums are counted."""

task = Table(
    "task",
    metadata,
    Column("id", Id, primary_key=True),
    *texts("project", "name"),
    UniqueConstraint("project", "name"),
)

shape = Table(
    "shape",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("document", Text, nullable=False),
)
"""What the evidence of many rows has in common (JSON): the names of the numbers, and the texts that were read."""

agent_name = Table(
    "agent_name",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
)
"""Names of agents, as skeletons refer to them (settle.agents.name_ref)."""

source = Table(
    "source",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("signals", SmallInteger, nullable=False),
    Column("unsettled", SmallInteger, nullable=False, server_default="0"),
    Index(
        "ix_source_unsettled",
        "unsettled",
        sqlite_where=Column("unsettled") > 0,
        postgresql_where=Column("unsettled") > 0,
    ),
)
"""An emitter's session (rule R6): which signals it sent, as bits of usage.SIGNALS, and whether rows must be looked at
because one of them is new."""

usage = Table(
    "usage",
    metadata,
    Column("id", Id, primary_key=True),
    Column("trace", BigInteger, nullable=False),
    Column("span_id", LargeBinary(8), nullable=False),
    Column("dimension", BigInteger, nullable=False),
    Column("task", BigInteger),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in TOKEN_COLUMNS),
    Column("cost_nano_usd", BigInteger),
    Column("cost_reported_nano_usd", BigInteger),
    Column("billing", SmallInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("revision", Integer, nullable=False),
    Column("billing_reason", Text),
    Column("call_key", Text),
    Column("call_ref", BigInteger),
    Column("conversation_id", Text),
    Column("units", Text),
    Column("flags", Text),
    Column("components", Text),
    Column("filled", Text),
    Column("source", BigInteger),
    Column("outranked_by", SmallInteger),
    Column("context_trace", LargeBinary(16)),
    Column("context_span", LargeBinary(8)),
    Column("shape", BigInteger),
    Column("evidence", Text),
    UniqueConstraint("trace", "span_id"),
    Index(
        "ix_usage_due_at",
        "due_at",
        sqlite_where=Column("due_at").isnot(None),
        postgresql_where=Column("due_at").isnot(None),
    ),
    Index(
        "ix_usage_call_ref",
        "call_ref",
        sqlite_where=Column("call_ref").isnot(None),
        postgresql_where=Column("call_ref").isnot(None),
    ),
    Index(
        "ix_usage_source",
        "source",
        sqlite_where=Column("outranked_by").isnot(None),
        postgresql_where=Column("outranked_by").isnot(None),
    ),
    Index(
        "ix_usage_context_trace",
        "context_trace",
        sqlite_where=Column("context_trace").isnot(None),
        postgresql_where=Column("context_trace").isnot(None),
    ),
)
"""One row for each model call and for everything that carried usage.  `billing` is a code (usage.BILLING).

`components` (JSON list, see COMPONENT_COLUMNS) is kept only for a row that is not charged yet, or that an agent may
take over: it is what charging it later adds.  `filled` (JSON object) holds what stood in fields that other reports of
the call filled in.
What is no span has a key of its own in place of the span's (trace, span); `context_trace` and `context_span` are the
ids with which it was sent.  `outranked_by` are signals of its source, as bits.  `evidence` (JSON list) are the numbers
as they were sent, in the order of the names in `shape`.
"""

revision = Table(
    "revision",
    metadata,
    Column("usage", BigInteger, primary_key=True, autoincrement=False),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    *texts("reason"),
    Column("billing_before", SmallInteger, nullable=False),
    Column("billing_after", SmallInteger, nullable=False),
    Column("cost_before_nano_usd", BigInteger),
    Column("cost_after_nano_usd", BigInteger),
    *texts("price_version_before", "price_version_after"),
    Column("tokens_before", Text),
    Column("tokens_after", Text),
)
"""Every later change of a booked row, append-only; the tokens (JSON list of the six classes) where they changed."""

rollup = Table(
    "rollup",
    metadata,
    Column("quarter", Integer, primary_key=True, autoincrement=False),
    Column("dimension", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums("calls", *TOKEN_COLUMNS, "cost_nano_usd", "adjustments_nano_usd"),
    sqlite_with_rowid=False,
)
"""Net sums of counted calls for each quarter of an hour (Unix time / 900 s); reversals are subtracted."""

task_rollup = Table(
    "task_rollup",
    metadata,
    Column("task", BigInteger, primary_key=True, autoincrement=False),
    Column("quarter", Integer, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums("calls", *TOKEN_COLUMNS, "cost_nano_usd"),
    Index("ix_task_rollup_quarter", "quarter"),
    sqlite_with_rowid=False,
)

SERIES_TEXTS: Final = (
    "project", "team", "environment", "agent", "provider", "model", "operation", "usage_status", "cost_status",
    "unpriced_reason", "cost_source", "error_type",
)  # fmt: skip

series = Table(
    "series",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("overflow", BigInteger, nullable=False, server_default="0"),
    *texts(*SERIES_TEXTS),
)
"""The label set under which sums are counted.  Bit n of `overflow`: capped family n shows it as `__other__`."""

DISTRIBUTION_TEXTS: Final = ("operation", "provider", "request_model", "response_model", "error_type")

distribution_series = Table(
    "distribution_series",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", LargeBinary(16), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    *texts(*DISTRIBUTION_TEXTS),
)
"""The labels that the conventions give their client histograms."""

family_series = Table(
    "family_series",
    metadata,
    Column("family", Text, primary_key=True),
    Column("digest", LargeBinary(16), primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)
"""Label sets that a capped family admitted; first admitted stays admitted."""

family_size = Table(
    "family_size",
    metadata,
    Column("family", Text, primary_key=True),
    *sums("admitted"),
)
"""How many series the admitted label sets of a capped family make, so that admission need not count them."""

total = Table(
    "total",
    metadata,
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums(
        "calls",
        *TOKEN_COLUMNS,
        "cost_nano_usd",
        *COMPONENT_COLUMNS,
        "cost_reported_nano_usd",
        "unpriced_calls",
        "unpriced_tokens",
    ),
    sqlite_with_rowid=False,
)
"""Gross sums since the beginning, one wide row for each label set; they never fall."""

adjustment = Table(
    "adjustment",
    metadata,
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums("calls", *TOKEN_COLUMNS, "cost_nano_usd"),
    sqlite_with_rowid=False,
)
"""Sums of what was reversed; net = total - adjustment."""

distribution = Table(
    "distribution",
    metadata,
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    Column("measure", SmallInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums("sum", *(f"bucket_{n}" for n in range(BUCKETS))),
    sqlite_with_rowid=False,
)
"""Histograms of input tokens (measure 0), output tokens (1) and duration in microseconds (2), per bucket."""

exemplar = Table(
    "exemplar",
    metadata,
    Column("series", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    Column("trace_id", LargeBinary(16), nullable=False),
    Column("span_id", LargeBinary(8), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("cost_nano_usd", BigInteger),
    Column("duration_ns", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""A recent call of a label set, for the link from a metric to its trace."""

budget = Table(
    "budget",
    metadata,
    Column("ref", Id, primary_key=True),
    Column("id", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("shape", LargeBinary(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    Index("ix_budget_id", "id"),
)
"""A budget as defined (canonical JSON).

A change of scope, unit, period or calendar (`shape`) makes a new row and `ref`.
"""

budget_change = Table(
    "budget_change",
    metadata,
    Column("number", Id, primary_key=True),
    Column("id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("definition", Text, nullable=False),
)
"""The history of limits and definitions; never deleted."""

budget_window = Table(
    "budget_window",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("period_start", BigInteger, primary_key=True, autoincrement=False),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums("spent"),
    sqlite_with_rowid=False,
)
"""What a budget spent in a period, in nano-USD or tokens; filled from the rollups when first touched."""

budget_counter = Table(
    "budget_counter",
    metadata,
    Column("id", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("slot", SmallInteger, primary_key=True, autoincrement=False),
    *sums("amount", "adjustments"),
    sqlite_with_rowid=False,
)
"""Spending since the budget's creation, never reset."""

breach = Table(
    "breach",
    metadata,
    Column("number", Id, primary_key=True),
    Column("budget", Text, nullable=False),
    Column("period", Text, nullable=False),
    Column("period_start", BigInteger, nullable=False),
    Column("period_end", BigInteger, nullable=False),
    Column("percent", Integer, nullable=False),
    Column("severity", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),
    Column("limit", BigInteger, nullable=False),
    Column("unit", Text, nullable=False),
    Column("trace_id", LargeBinary(16)),
    Column("span_id", LargeBinary(8)),
    UniqueConstraint("budget", "period_start", "percent"),
)
"""One event for each threshold crossed in a period; never deleted."""
