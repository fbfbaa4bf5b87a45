"""New price rows into the ledger in one transaction, and what waited for them priced after it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection

from exporter.cli.context import CommandContext
from exporter.cli.output import working
from exporter.cli.writing import writer
from exporter.configuration import build_book, policy_in_force
from exporter.errors import InvalidRequest, NotFound
from exporter.ledger import price_store
from exporter.ledger.config_store import latest_versions
from exporter.pricing.book import PriceBook
from exporter.pricing.lint import doubts_about
from exporter.pricing.rows import PriceRow, overlap
from exporter.pricing.shipped import load_shipped_book
from exporter.settings.policy import Policy
from exporter.views.prices import changed_rows, effect_on_usage


class Wish(NamedTuple):
    """What somebody wants of a change, besides its rows."""

    replacing: bool
    """End earlier rows that hold at the same time."""
    force: bool
    """Although something looks wrong."""
    dry_run: bool
    note: str


class Outcome(NamedTuple):
    """What a change of prices did, or would do."""

    book: int
    changes: Mapping[str, Sequence[Mapping[str, Any]]]
    effect: Mapping[str, Any]
    doubts: Sequence[str]
    priced_late: int


def book_in_force(context: CommandContext) -> PriceBook:
    """What the service books by; where no ledger is yet, what it would start with."""
    try:
        database = context.database
    except NotFound:
        return load_shipped_book().with_rows(context.settings.policy.prices)
    with database.read() as connection:
        return build_book(connection, policy_now(context, connection))


def policy_now(context: CommandContext, connection: Connection) -> Policy:
    """The policy in force; before the first start, the one of the configuration."""
    version, _ = latest_versions(connection)
    return policy_in_force(connection, version) if version else context.settings.policy


def book_with(policy: Policy, stored: Sequence[PriceRow]) -> PriceBook:
    """The book that these rows would make beside those of the configuration, which win."""
    kept = [row for row in stored if not _meets_any(row, policy.prices)]
    return load_shipped_book().with_rows((*policy.prices, *kept))


def change_prices(context: CommandContext, rows: Sequence[PriceRow], wish: Wish) -> Outcome:
    """Add rows and withdraw what they replace.  InvalidRequest on doubts, Conflict on overlaps: nothing is changed."""
    database, now_ns = context.database, context.clock_ns()
    doubts = _doubts(rows, book_in_force(context), now_ns, force=wish.force)
    with database.write() as connection:
        policy = policy_now(context, connection)
        present = price_store.rows_of_book(connection, price_store.active_book(connection))
        change = _change(rows, present, wish)
        book = price_store.active_book(connection)
        if change.add:
            book = price_store.change_prices(
                connection, change, beside=policy.prices, now_ns=now_ns, dry_run=wish.dry_run
            )
        after = [*(row for row in present if row not in change.withdraw), *change.add]
        books = [book_with(policy, stored) for stored in (present, after)]
        effect = effect_on_usage(connection, books[0], books[1], models_of(change.add))
    late = _price_waiting(context) if change.add and not wish.dry_run else 0
    return Outcome(book, changed_rows(present, after), effect, doubts, late)


def models_of(*groups: Sequence[PriceRow]) -> list[str]:
    return sorted({row.model for rows in groups for row in rows})


def actor() -> str:
    """Who is at the terminal, for the audit log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _doubts(rows: Sequence[PriceRow], book: PriceBook, now_ns: int, *, force: bool) -> list[str]:
    doubts = [f"{doubt.row.model}: {doubt.text}" for doubt in doubts_about(rows, book, now_ns)]
    if doubts and not force:
        listed = "\n  ".join(doubts)
        raise InvalidRequest(f"this looks wrong; with --force it is set all the same:\n  {listed}", doubts=doubts)
    return doubts


def _change(rows: Sequence[PriceRow], present: Sequence[PriceRow], wish: Wish) -> price_store.Change:
    fresh = [row for row in rows if row not in present]
    ended = [row for row in present if wish.replacing and _meets_any(row, fresh)]
    shortened = [short for row in ended for short in _shortened(row, fresh)]
    return price_store.Change([*fresh, *shortened], ended, wish.note, actor())


def _meets_any(row: PriceRow, others: Sequence[PriceRow]) -> bool:
    return any(row.subject == other.subject and overlap(row, other) for other in others)


def _shortened(row: PriceRow, fresh: Sequence[PriceRow]) -> list[PriceRow]:
    """What is left of a replaced row: the time before the first new row that meets it."""
    starts = [other.effective_from_ns for other in fresh if other.subject == row.subject and overlap(row, other)]
    dated = [start for start in starts if start is not None]
    if len(dated) < len(starts) or (row.effective_from_ns is not None and min(dated) <= row.effective_from_ns):
        return []
    return [replace(row, effective_until_ns=min(dated))]


def _price_waiting(context: CommandContext) -> int:
    """Price the rows that had no price; their number."""
    # Imported here, for most commands need nothing of it.
    from exporter.ledger.late import price_late

    with writer(context) as (booking, runtime), working("pricing what was waiting"):
        return price_late(booking, runtime.book, context.clock_ns())
