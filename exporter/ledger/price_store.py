"""Price rows set by command or import: append-only, in versions of which one is active.

A version is its own additions and withdrawals on top of its parent's rows, so a rollback only points to
another version, and whatever was charged under a version can still be explained.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import orjson
from sqlalchemy import Connection, insert, select, text, update

from exporter.errors import Conflict, NotFound
from exporter.ledger.service_tables import audit_log, price_book, price_version
from exporter.pricing.row_json import row_from_mapping, row_to_mapping
from exporter.pricing.rows import PriceRow, find_overlap, overlap

NONE: Final = 0
"""The version before any row was set."""


class BookVersion(NamedTuple):
    book: int
    parent: int
    active: bool
    note: str
    created_at: int
    created_by: str


class Change(NamedTuple):
    """What a new version adds to the active one and takes from it, and who wants it."""

    add: Sequence[PriceRow]
    withdraw: Sequence[PriceRow]
    note: str
    actor: str


def active_book(connection: Connection) -> int:
    """The version in force; NONE when none is."""
    found = connection.scalar(select(price_book.c.book).where(price_book.c.active == 1))
    return int(found or NONE)


def read_books(connection: Connection) -> list[BookVersion]:
    """All versions, oldest first."""
    return [
        BookVersion(row.book, row.parent or NONE, bool(row.active), row.note, row.created_at, row.created_by)
        for row in connection.execute(select(price_book).order_by(price_book.c.book))
    ]


def rows_of_book(connection: Connection, book: int) -> list[PriceRow]:
    """The rows of a version, in the order in which they were set."""
    if book == NONE:
        return []
    lineage = _lineage(read_books(connection), book)
    statement = select(price_version).where(price_version.c.book.in_(lineage)).order_by(price_version.c.id)
    kept: dict[bytes, PriceRow] = {}
    for stored in connection.execute(statement):
        if stored.withdrawn_in is None:
            kept[bytes(stored.digest)] = row_from_mapping(orjson.loads(stored.row))
        else:
            kept.pop(bytes(stored.digest), None)
    return list(kept.values())


def rows_in_force(
    connection: Connection, *, beside: Sequence[PriceRow] = (), book: int | None = None
) -> list[PriceRow]:
    """The rows of a version, by default the active one, that do not contradict the rows `beside` them, which come from
    the configuration file.

    Setting such a row is refused; one that a later file contradicts gives way to the file.
    """
    version = active_book(connection) if book is None else book
    return [row for row in rows_of_book(connection, version) if not _contradicts(row, beside)]


def change_prices(
    connection: Connection, change: Change, *, beside: Sequence[PriceRow] = (), now_ns: int, dry_run: bool = False
) -> int:
    """Make a new active version.  Conflict, and nothing is written, when two rows would hold at the same time."""
    _lock(connection)
    parent = active_book(connection)
    gone = {row_digest_of(row) for row in change.withdraw}
    kept = [row for row in rows_of_book(connection, parent) if row_digest_of(row) not in gone]
    _refuse_overlap([*beside, *kept, *change.add])
    if dry_run:
        return parent
    book = _insert_book(connection, parent, change, now_ns)
    stored = [(row, None) for row in change.add] + [(row, book) for row in change.withdraw]
    for row, withdrawn_in in sorted(stored, key=lambda pair: pair[1] is None):
        connection.execute(insert(price_version).values(_stored(row, book, withdrawn_in, change.actor, now_ns)))
    _activate(connection, book)
    _record(connection, now_ns, change.actor, ("prices.change", book, change.note))
    return book


def roll_back(connection: Connection, *, to_book: int | None = None, actor: str, now_ns: int) -> tuple[int, int]:
    """Point back to an earlier version, by default the parent of the active one: (before, after).

    NotFound when there is no such version.  What was charged meanwhile stays charged.
    """
    _lock(connection)
    books = {one.book: one for one in read_books(connection)}
    active = active_book(connection)
    if active == NONE and to_book is None:
        raise NotFound("no prices were set, so there is nothing to roll back")
    target = books[active].parent if to_book is None else to_book
    if target != NONE and target not in books:
        raise NotFound(f"there is no version {target} of the prices", versions=sorted(books))
    _activate(connection, target)
    _record(connection, now_ns, actor, ("prices.rollback", target, f"from version {active}"))
    return active, target


def row_digest_of(row: PriceRow) -> bytes:
    """Sixteen bytes that name a row, its source and dates included."""
    return blake2b(_canonical(row), digest_size=16).digest()


def _canonical(row: PriceRow) -> bytes:
    return orjson.dumps(row_to_mapping(row), option=orjson.OPT_SORT_KEYS)


def _stored(row: PriceRow, book: int, withdrawn_in: int | None, actor: str, now_ns: int) -> dict[str, object]:
    return {
        "layer": row.layer,
        "book": book,
        "row": _canonical(row).decode(),
        "digest": row_digest_of(row),
        "withdrawn_in": withdrawn_in,
        "created_at": now_ns,
        "created_by": actor,
    }


def _lineage(books: Iterable[BookVersion], book: int) -> list[int]:
    parents = {one.book: one.parent for one in books}
    lineage = []
    while book != NONE:
        lineage.append(book)
        book = parents[book]
    return lineage


def _contradicts(row: PriceRow, others: Sequence[PriceRow]) -> bool:
    return any(row.subject == other.subject and overlap(row, other) for other in others)


def _refuse_overlap(rows: Sequence[PriceRow]) -> None:
    meeting = find_overlap(rows)
    if meeting is None:
        return
    one, other = (row_to_mapping(row) for row in meeting)
    subject = f"{meeting[0].provider or 'any provider'}/{meeting[0].model}"
    raise Conflict(
        f"two {meeting[0].layer} prices for {subject} would hold at the same time: "
        f"{_interval(one)} and {_interval(other)}; end the earlier one, or replace it",
        model=meeting[0].model,
    )


def _interval(row: dict[str, object]) -> str:
    return f"from {row.get('from', 'the beginning')} until {row.get('until', 'further notice')}"


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE price_book IN EXCLUSIVE MODE"))


def _insert_book(connection: Connection, parent: int, change: Change, now_ns: int) -> int:
    values = {
        "parent": parent or None,
        "active": 0,
        "note": change.note,
        "created_at": now_ns,
        "created_by": change.actor,
    }
    return int(connection.execute(insert(price_book).values(values).returning(price_book.c.book)).scalar_one())


def _activate(connection: Connection, book: int) -> None:
    connection.execute(update(price_book).values(active=0).where(price_book.c.active == 1))
    connection.execute(update(price_book).values(active=1).where(price_book.c.book == book))


def _record(connection: Connection, now_ns: int, actor: str, what: tuple[str, int, str]) -> None:
    action, book, detail = what
    values = {"at": now_ns, "actor": actor, "action": action, "subject": str(book), "detail": detail}
    connection.execute(insert(audit_log).values(values))
