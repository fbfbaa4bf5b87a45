"""The schema that migrations make is the schema that the tables declare, on both databases."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from exporter.errors import SchemaError
from exporter.ledger import (
    cumulative_streams,
    import_marks,
    message_tables,
    quality_tables,
    schema,
    service_tables,
    tables,
)
from exporter.ledger.engine import open_engine


def test_the_newest_migration_makes_exactly_the_declared_tables(database_url):
    engine = open_engine(database_url)
    schema.upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.metadata) == []
        assert schema.current_revision(connection) == schema.HEAD
    engine.dispose()


def test_all_tables_are_declared_together():
    others = (cumulative_streams, import_marks, message_tables, quality_tables, service_tables)
    assert all(other.metadata is tables.metadata for other in others)


def test_the_head_that_serving_asks_for_is_the_head_of_the_migrations():
    assert ScriptDirectory(str(schema._MIGRATIONS)).get_current_head() == schema.HEAD


def test_an_empty_database_is_refused_and_the_command_is_named(database_url):
    engine = open_engine(database_url)
    with pytest.raises(SchemaError, match="run `agent-exporter migrate`"):
        schema.require_current(engine)
    engine.dispose()


def test_an_older_schema_is_refused_by_its_number(database_url):
    engine = open_engine(database_url)
    schema.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaError, match="is at schema 0000, this version needs"):
        schema.require_current(engine)
    engine.dispose()


def test_upgrading_twice_changes_nothing(database_url):
    engine = open_engine(database_url)
    schema.upgrade(engine)
    before = sorted(inspect(engine).get_table_names())
    schema.upgrade(engine)
    assert sorted(inspect(engine).get_table_names()) == before
    engine.dispose()
