"""Trouble of the database is something that passes, whoever noticed it first."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import text

from exporter.errors import ConfigError, Unavailable
from exporter.ledger.engine import Database, translated_errors
from exporter.ledger.stores import driver_of


def test_an_error_of_the_driver_itself_is_unavailable():
    with pytest.raises(Unavailable, match="database or disk is full"), translated_errors():
        raise sqlite3.OperationalError("database or disk is full")


def test_any_other_error_stays_what_it_is():
    with pytest.raises(KeyError), translated_errors():
        raise KeyError("a defect")


def test_a_database_that_is_not_there_is_unavailable():
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as refused, database.read():
        pass
    assert refused.value.retry_after == 5


def test_a_connection_that_the_server_ended_is_replaced(postgres_url):
    database = Database(postgres_url)
    with pytest.raises(Unavailable), database.write() as connection:
        driver_of(connection).execute("SELECT pg_terminate_backend(pg_backend_pid())")
    with database.write() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    database.close()


def test_a_failed_write_leaves_nothing(database_url):
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(text("CREATE TABLE kept (n INTEGER)"))

    def fail_after_writing():
        with database.write() as connection:
            connection.execute(text("INSERT INTO kept VALUES (1)"))
            raise KeyError("a defect")

    with pytest.raises(KeyError):
        fail_after_writing()
    with database.read() as connection:
        assert connection.scalar(text("SELECT count(*) FROM kept")) == 0
    database.close()


def test_another_database_is_refused_by_name():
    with pytest.raises(ConfigError, match="'mysql' is not supported"):
        Database("mysql://localhost/x")
