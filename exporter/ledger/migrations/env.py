"""Alembic's entry: migrate on the connection that `exporter.ledger.schema.upgrade` hands in."""

from __future__ import annotations

from alembic import context

from exporter.ledger.columns import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
