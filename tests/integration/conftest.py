"""Fixtures of tests that book into a database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.ledgers import Books


@pytest.fixture
def books(database_url: str) -> Iterator[Books]:
    """A ledger of its own on each database, proven right after the test."""
    books = Books(database_url)
    yield books
    books.assert_proven()
    books.database.close()
