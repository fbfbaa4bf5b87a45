"""A ledger of its own for each test: schema, booking and the sums that must agree."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from exporter.ledger import schema, tables
from exporter.ledger.audit import audit
from exporter.ledger.booking import Booking
from exporter.ledger.budget_booking import BudgetBooks, Ref
from exporter.ledger.engine import Database
from exporter.usage import BILLING, TOKEN_CLASSES
from support.entries import NOON, SECOND

HOUR = 3600 * SECOND


class Books:
    """A database with one writer, and questions about what it holds."""

    def __init__(self, url: str, *, budgets: Sequence[Ref] = (), series_limit: int = 10_000) -> None:
        self.database = Database(url)
        schema.upgrade(self.database.engine)
        self.budgets = BudgetBooks(budgets)
        self.booking = self.writer(series_limit=series_limit)

    def writer(self, *, slot: int = 0, series_limit: int = 10_000) -> Booking:
        return Booking(self.database, lambda: self.budgets, settle_ns=60 * SECOND, series_limit=series_limit, slot=slot)

    def book(self, *entries, at: int = NOON + HOUR):
        return self.booking.book([list(entries)], at)[0]

    def rows(self) -> dict[str, tuple[str, str | None, int | None]]:
        """Billing, reason and cost of each row, by the name of its span."""
        query = select(
            tables.usage.c.span_id,
            tables.usage.c.billing,
            tables.usage.c.billing_reason,
            tables.usage.c.cost_nano_usd,
        )
        with self.database.read() as connection:
            return {
                bytes(span).lstrip(b"\1").decode(): (BILLING[billing], reason, cost)
                for span, billing, reason, cost in connection.execute(query)
            }

    def charged(self) -> set[str]:
        return {name for name, (billing, _, _) in self.rows().items() if billing == "charged"}

    def sums(self, table) -> dict[str, int]:
        """Calls, tokens and cost of a table of sums."""
        names = ["calls", *TOKEN_CLASSES, "cost_nano_usd"]
        with self.database.read() as connection:
            row = connection.execute(select(*(func.coalesce(func.sum(table.c[name]), 0) for name in names))).one()
        return {name: int(value) for name, value in zip(names, row, strict=True)}

    def net(self) -> dict[str, int]:
        added, taken = self.sums(tables.total), self.sums(tables.adjustment)
        return {name: added[name] - taken[name] for name in added}

    def ledger(self) -> dict[str, int]:
        """The same sums, straight from the rows that count."""
        usage = tables.usage
        counts = (usage.c.billing == BILLING.index("charged")) | (usage.c.billing_reason == "no_usage")
        names = [*TOKEN_CLASSES, "cost_nano_usd"]
        columns = [func.count(), *(func.coalesce(func.sum(usage.c[name]), 0) for name in names)]
        with self.database.read() as connection:
            row = connection.execute(select(*columns).where(counts)).one()
        return {name: int(value) for name, value in zip(["calls", *names], row, strict=True)}

    def assert_balanced(self) -> None:
        """Totals, rollups and rows say the same."""
        assert self.net() == self.ledger()
        assert self.sums(tables.rollup) == self.ledger()

    def assert_proven(self) -> None:
        """As `assert_balanced`, and what `agent-exporter audit` compares besides."""
        self.assert_balanced()
        with self.database.read() as connection:
            assert audit(connection).findings == ()

    def count(self, table) -> int:
        with self.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0
