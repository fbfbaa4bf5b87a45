"""Comparing what was acknowledged with what the database holds, read with plain SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from chaos.bodies import BodyMaker, CallId
from exporter.usage import TOKEN_CLASSES, Tokens

_COLUMNS = ", ".join(TOKEN_CLASSES)
_SUMS = ", ".join(f"coalesce(sum({name}), 0)" for name in TOKEN_CLASSES)


class Sums(NamedTuple):
    """Calls, tokens and cost of a set of rows, or of the totals that should equal them."""

    calls: int
    tokens: Tokens
    cost_nano_usd: int


class Books(NamedTuple):
    """The ledger as it lies in the database."""

    calls: dict[CallId, Tokens]
    doubled: int
    """Rows beyond the first of a call."""
    usage: Sums
    totals: Sums
    rollups: Sums


def read_books(database_url: str) -> Books:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    with engine.connect() as connection:
        rows = connection.execute(
            text(f"SELECT trace.trace_id, span_id, {_COLUMNS} FROM usage JOIN trace ON trace.id = usage.trace")
        ).all()
        calls = {(bytes(row[0]), bytes(row[1])): Tokens(*row[2:]) for row in rows}
        return Books(
            calls,
            len(rows) - len(calls),
            _sums(connection, "usage", calls="count(*)"),
            _sums(connection, "total", calls="coalesce(sum(calls), 0)"),
            _sums(connection, "rollup", calls="coalesce(sum(calls), 0)"),
        )


def expected_calls(maker: BodyMaker, numbers: Iterable[int]) -> dict[CallId, Tokens]:
    """Every call of the given bodies."""
    return {call: tokens for number in numbers for call, tokens in maker.make(number).calls.items()}


def assert_books_hold(books: Books, expected: dict[CallId, Tokens]) -> None:
    """Nothing acknowledged is missing, nothing is there twice, and every sum equals the rows."""
    missing = [call for call in expected if call not in books.calls]
    assert not missing, f"{len(missing)} of {len(expected)} acknowledged calls are missing"
    altered = [call for call, tokens in expected.items() if books.calls[call] != tokens]
    assert not altered, f"{len(altered)} calls have other tokens than were sent"
    assert books.doubled == 0
    assert books.totals == books.usage
    assert books.rollups == books.usage


def _sums(connection: Connection, table: str, *, calls: str) -> Sums:
    row = connection.execute(text(f"SELECT {calls}, {_SUMS}, coalesce(sum(cost_nano_usd), 0) FROM {table}")).one()
    return Sums(int(row[0]), Tokens(*map(int, row[1:7])), int(row[7]))
