"""The ledger"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("trace_block", start=1, increment=4096)))
    op.create_table(
        "adjustment",
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("input_uncached", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_write_5m", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_write_1h", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_visible", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reasoning", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("series", "slot", name=op.f("pk_adjustment")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "agent_name",
        sa.Column("ref", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_agent_name")),
    )
    op.create_table(
        "audit_log",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_log")),
    )
    op.create_table(
        "breach",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("budget", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("period_start", sa.BigInteger(), nullable=False),
        sa.Column("period_end", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("limit", sa.BigInteger(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("span_id", sa.LargeBinary(length=8), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_breach")),
        sa.UniqueConstraint("budget", "period_start", "percent", name=op.f("uq_breach_budget_period_start_percent")),
    )
    op.create_table(
        "budget",
        sa.Column("ref", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("shape", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_budget")),
    )
    with op.batch_alter_table("budget", schema=None) as batch_op:
        batch_op.create_index("ix_budget_id", ["id"], unique=False)

    op.create_table(
        "budget_change",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_budget_change")),
    )
    op.create_table(
        "budget_counter",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("adjustments", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", "period", "unit", "slot", name=op.f("pk_budget_counter")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "budget_window",
        sa.Column("ref", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period_start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("ref", "period_start", "slot", name=op.f("pk_budget_window")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "config_version",
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_config_version")),
    )
    op.create_table(
        "cumulative_stream",
        sa.Column("id", sa.LargeBinary(length=16), autoincrement=False, nullable=False),
        sa.Column("whole", sa.BigInteger(), nullable=False),
        sa.Column("billionths", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cumulative_stream")),
    )
    op.create_table(
        "dimension",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("distribution_series", sa.BigInteger(), nullable=False),
        sa.Column("signal", sa.Text(), server_default="", nullable=False),
        sa.Column("dialect", sa.Text(), server_default="", nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("operation", sa.Text(), server_default="", nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("gateway", sa.Text(), server_default="", nullable=False),
        sa.Column("request_model", sa.Text(), server_default="", nullable=False),
        sa.Column("response_model", sa.Text(), server_default="", nullable=False),
        sa.Column("price_model", sa.Text(), server_default="", nullable=False),
        sa.Column("service", sa.Text(), server_default="", nullable=False),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.Column("project", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("environment", sa.Text(), server_default="", nullable=False),
        sa.Column("role", sa.Text(), server_default="", nullable=False),
        sa.Column("tier", sa.Text(), server_default="", nullable=False),
        sa.Column("task_type", sa.Text(), server_default="", nullable=False),
        sa.Column("phase", sa.Text(), server_default="", nullable=False),
        sa.Column("complexity", sa.Text(), server_default="", nullable=False),
        sa.Column("importance", sa.Text(), server_default="", nullable=False),
        sa.Column("impact", sa.Text(), server_default="", nullable=False),
        sa.Column("experiment", sa.Text(), server_default="", nullable=False),
        sa.Column("variant", sa.Text(), server_default="", nullable=False),
        sa.Column("usage_status", sa.Text(), server_default="", nullable=False),
        sa.Column("cost_status", sa.Text(), server_default="", nullable=False),
        sa.Column("cost_reasons", sa.Text(), server_default="", nullable=False),
        sa.Column("price_version", sa.Text(), server_default="", nullable=False),
        sa.Column("cost_source", sa.Text(), server_default="", nullable=False),
        sa.Column("error_type", sa.Text(), server_default="", nullable=False),
        sa.Column("context", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dimension")),
        sa.UniqueConstraint("digest", name=op.f("uq_dimension_digest")),
    )
    op.create_table(
        "distribution",
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("measure", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sum", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_0", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_1", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_2", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_3", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_4", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_5", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_6", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_7", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_8", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_9", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_10", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_11", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_12", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_13", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("bucket_14", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("series", "measure", "slot", name=op.f("pk_distribution")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "distribution_series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("operation", sa.Text(), server_default="", nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("request_model", sa.Text(), server_default="", nullable=False),
        sa.Column("response_model", sa.Text(), server_default="", nullable=False),
        sa.Column("error_type", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_distribution_series")),
        sa.UniqueConstraint("digest", name=op.f("uq_distribution_series_digest")),
    )
    op.create_table(
        "exemplar",
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("trace_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("span_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=True),
        sa.Column("duration_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", "slot", name=op.f("pk_exemplar")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "family_series",
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("family", "digest", name=op.f("pk_family_series")),
    )
    op.create_table(
        "family_size",
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("admitted", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("family", name=op.f("pk_family_size")),
    )
    op.create_table(
        "gauge",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "labels", name=op.f("pk_gauge")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "import_mark",
        sa.Column("file", sa.LargeBinary(length=16), autoincrement=False, nullable=False),
        sa.Column("head", sa.LargeBinary(length=16), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("file", name=op.f("pk_import_mark")),
    )
    op.create_table(
        "job",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), server_default="", nullable=False),
        sa.Column("lease_until", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_run_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_success_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("value", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("error_series", sa.BigInteger(), nullable=True),
        sa.Column("error_level", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("project", sa.Text(), server_default="", nullable=False),
        sa.Column("task", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("recipient", sa.Text(), server_default="", nullable=False),
        sa.Column("type", sa.Text(), server_default="", nullable=False),
        sa.Column("priority", sa.Text(), server_default="", nullable=False),
        sa.Column("action", sa.Text(), server_default="", nullable=False),
        sa.Column("error_category", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("key", name=op.f("uq_message_key")),
    )
    op.create_table(
        "message_gate",
        sa.Column("message", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("series", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("result", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("message", "position", name=op.f("pk_message_gate")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "message_series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("shown", sa.BigInteger(), nullable=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_series")),
        sa.UniqueConstraint("digest", name=op.f("uq_message_series_digest")),
    )
    op.create_table(
        "message_total",
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("series", "slot", name=op.f("pk_message_total")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "numbered_session",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.Text(), server_default="", nullable=False),
        sa.Column("numbers", sa.Text(), server_default="", nullable=False),
        sa.Column("tools", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("calls", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_numbered_session")),
    )
    with op.batch_alter_table("numbered_session", schema=None) as batch_op:
        batch_op.create_index("ix_numbered_session_last_at", ["last_at"], unique=False)

    op.create_table(
        "price_book",
        sa.Column("book", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("active", sa.SmallInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("book", name=op.f("pk_price_book")),
    )
    op.create_table(
        "price_version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("book", sa.Integer(), nullable=False),
        sa.Column("row", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("withdrawn_in", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_version")),
    )
    op.create_table(
        "quality",
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reversed_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reversed_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reversed_cost_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("series", "slot", name=op.f("pk_quality")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "quality_series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("dialect", sa.Text(), server_default="", nullable=False),
        sa.Column("scope", sa.Text(), server_default="", nullable=False),
        sa.Column("service", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quality_series")),
        sa.UniqueConstraint("digest", name=op.f("uq_quality_series_digest")),
    )
    op.create_table(
        "revision",
        sa.Column("usage", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("billing_before", sa.SmallInteger(), nullable=False),
        sa.Column("billing_after", sa.SmallInteger(), nullable=False),
        sa.Column("cost_before_nano_usd", sa.BigInteger(), nullable=True),
        sa.Column("cost_after_nano_usd", sa.BigInteger(), nullable=True),
        sa.Column("price_version_before", sa.Text(), server_default="", nullable=False),
        sa.Column("price_version_after", sa.Text(), server_default="", nullable=False),
        sa.Column("tokens_before", sa.Text(), nullable=True),
        sa.Column("tokens_after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("usage", "revision", name=op.f("pk_revision")),
    )
    op.create_table(
        "rollup",
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dimension", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("input_uncached", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_write_5m", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_write_1h", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_visible", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reasoning", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("adjustments_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("quarter", "dimension", "slot", name=op.f("pk_rollup")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("overflow", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("project", sa.Text(), server_default="", nullable=False),
        sa.Column("team", sa.Text(), server_default="", nullable=False),
        sa.Column("environment", sa.Text(), server_default="", nullable=False),
        sa.Column("agent", sa.Text(), server_default="", nullable=False),
        sa.Column("provider", sa.Text(), server_default="", nullable=False),
        sa.Column("model", sa.Text(), server_default="", nullable=False),
        sa.Column("operation", sa.Text(), server_default="", nullable=False),
        sa.Column("usage_status", sa.Text(), server_default="", nullable=False),
        sa.Column("cost_status", sa.Text(), server_default="", nullable=False),
        sa.Column("unpriced_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("cost_source", sa.Text(), server_default="", nullable=False),
        sa.Column("error_type", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("digest", name=op.f("uq_series_digest")),
    )
    op.create_table(
        "shape",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shape")),
        sa.UniqueConstraint("digest", name=op.f("uq_shape_digest")),
    )
    op.create_table(
        "skeleton",
        sa.Column("trace", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trace", "part", name=op.f("pk_skeleton")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "source",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("signals", sa.SmallInteger(), nullable=False),
        sa.Column("unsettled", sa.SmallInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(
            "ix_source_unsettled",
            ["unsettled"],
            unique=False,
            sqlite_where=sa.text("unsettled > 0"),
            postgresql_where=sa.text("unsettled > 0"),
        )

    op.create_table(
        "task",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("project", sa.Text(), server_default="", nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("project", "name", name=op.f("uq_task_project_name")),
    )
    op.create_table(
        "task_rollup",
        sa.Column("task", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("quarter", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("input_uncached", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_write_5m", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_write_1h", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_visible", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reasoning", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("task", "quarter", "slot", name=op.f("pk_task_rollup")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("task_rollup", schema=None) as batch_op:
        batch_op.create_index("ix_task_rollup_quarter", ["quarter"], unique=False)

    op.create_table(
        "total",
        sa.Column("series", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("input_uncached", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_write_5m", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cache_write_1h", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("output_visible", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reasoning", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_input_uncached", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_cache_read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_cache_write_5m", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_cache_write_1h", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_output_visible", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_reasoning", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_other", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_reported_nano_usd", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unpriced_calls", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unpriced_tokens", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("series", "slot", name=op.f("pk_total")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trace",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("trace_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("first_seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trace")),
        sa.UniqueConstraint("trace_id", name=op.f("uq_trace_trace_id")),
    )
    op.create_table(
        "usage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trace", sa.BigInteger(), nullable=False),
        sa.Column("span_id", sa.LargeBinary(length=8), nullable=False),
        sa.Column("dimension", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("input_uncached", sa.BigInteger(), nullable=False),
        sa.Column("cache_read", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_5m", sa.BigInteger(), nullable=False),
        sa.Column("cache_write_1h", sa.BigInteger(), nullable=False),
        sa.Column("output_visible", sa.BigInteger(), nullable=False),
        sa.Column("reasoning", sa.BigInteger(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=True),
        sa.Column("cost_reported_nano_usd", sa.BigInteger(), nullable=True),
        sa.Column("billing", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("billing_reason", sa.Text(), nullable=True),
        sa.Column("call_key", sa.Text(), nullable=True),
        sa.Column("call_ref", sa.BigInteger(), nullable=True),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("units", sa.Text(), nullable=True),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("components", sa.Text(), nullable=True),
        sa.Column("filled", sa.Text(), nullable=True),
        sa.Column("source", sa.BigInteger(), nullable=True),
        sa.Column("outranked_by", sa.SmallInteger(), nullable=True),
        sa.Column("context_trace", sa.LargeBinary(length=16), nullable=True),
        sa.Column("context_span", sa.LargeBinary(length=8), nullable=True),
        sa.Column("shape", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage")),
        sa.UniqueConstraint("trace", "span_id", name=op.f("uq_usage_trace_span_id")),
    )
    with op.batch_alter_table("usage", schema=None) as batch_op:
        batch_op.create_index(
            "ix_usage_call_ref",
            ["call_ref"],
            unique=False,
            sqlite_where=sa.text("call_ref IS NOT NULL"),
            postgresql_where=sa.text("call_ref IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_usage_context_trace",
            ["context_trace"],
            unique=False,
            sqlite_where=sa.text("context_trace IS NOT NULL"),
            postgresql_where=sa.text("context_trace IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_usage_due_at",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_usage_source",
            ["source"],
            unique=False,
            sqlite_where=sa.text("outranked_by IS NOT NULL"),
            postgresql_where=sa.text("outranked_by IS NOT NULL"),
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.DropSequence(sa.Sequence("trace_block")))
    with op.batch_alter_table("usage", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_usage_source",
            sqlite_where=sa.text("outranked_by IS NOT NULL"),
            postgresql_where=sa.text("outranked_by IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_usage_due_at",
            sqlite_where=sa.text("due_at IS NOT NULL"),
            postgresql_where=sa.text("due_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_usage_context_trace",
            sqlite_where=sa.text("context_trace IS NOT NULL"),
            postgresql_where=sa.text("context_trace IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_usage_call_ref",
            sqlite_where=sa.text("call_ref IS NOT NULL"),
            postgresql_where=sa.text("call_ref IS NOT NULL"),
        )

    op.drop_table("usage")
    op.drop_table("trace")
    op.drop_table("total")
    with op.batch_alter_table("task_rollup", schema=None) as batch_op:
        batch_op.drop_index("ix_task_rollup_quarter")

    op.drop_table("task_rollup")
    op.drop_table("task")
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_source_unsettled", sqlite_where=sa.text("unsettled > 0"), postgresql_where=sa.text("unsettled > 0")
        )

    op.drop_table("source")
    op.drop_table("skeleton")
    op.drop_table("shape")
    op.drop_table("series")
    op.drop_table("rollup")
    op.drop_table("revision")
    op.drop_table("quality_series")
    op.drop_table("quality")
    op.drop_table("price_version")
    op.drop_table("price_book")
    with op.batch_alter_table("numbered_session", schema=None) as batch_op:
        batch_op.drop_index("ix_numbered_session_last_at")

    op.drop_table("numbered_session")
    op.drop_table("message_total")
    op.drop_table("message_series")
    op.drop_table("message_gate")
    op.drop_table("message")
    op.drop_table("job")
    op.drop_table("import_mark")
    op.drop_table("gauge")
    op.drop_table("family_size")
    op.drop_table("family_series")
    op.drop_table("exemplar")
    op.drop_table("distribution_series")
    op.drop_table("distribution")
    op.drop_table("dimension")
    op.drop_table("cumulative_stream")
    op.drop_table("config_version")
    op.drop_table("budget_window")
    op.drop_table("budget_counter")
    op.drop_table("budget_change")
    with op.batch_alter_table("budget", schema=None) as batch_op:
        batch_op.drop_index("ix_budget_id")

    op.drop_table("budget")
    op.drop_table("breach")
    op.drop_table("audit_log")
    op.drop_table("agent_name")
    op.drop_table("adjustment")
