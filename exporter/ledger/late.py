"""What is charged after its booking: aggregates that waited (rule R7), and usage that had no price.

Both run in short transactions of a bounded number of rows, under the locks of the traces they touch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import orjson
from sqlalchemy import Connection, Select, select, update

from exporter.ledger import changes
from exporter.ledger.booking import Booking
from exporter.ledger.dimensions import Dimension
from exporter.ledger.revising import BATCH, Row, revise
from exporter.ledger.sums import Counted, Sums
from exporter.ledger.tables import DIMENSION_TEXTS, TOKEN_COLUMNS, dimension, series, trace, usage
from exporter.pricing.charge import UNKNOWN, Charge, amounts_of
from exporter.pricing.sheets import with_reasons
from exporter.usage import BILLING, CHARGED, LIST_EQUIVALENT, PENDING, PriceContext, Tokens

_CHARGED: Final = BILLING.index(CHARGED)
_PENDING: Final = BILLING.index(PENDING)


class Prices(Protocol):
    """The part of the price book that late pricing asks."""

    def price_first(
        self,
        provider: str,
        models: list[str],
        at_ns: int,
        tokens: Tokens,
        units: Mapping[str, int],
        *,
        context: PriceContext,
    ) -> tuple[str, Charge]: ...


def charge_due(booking: Booking, now_ns: int) -> int:
    """Charge aggregates whose settle time is over; the number of rows charged, at most BATCH."""
    due = (
        select(usage, trace.c.trace_id)
        .join(trace, trace.c.id == usage.c.trace)
        .where(usage.c.due_at <= now_ns, usage.c.billing == _PENDING)
        .order_by(usage.c.due_at)
    )

    def charge(connection: Connection, row: Row, sums: Sums) -> bool:
        moment = changes.Moment(now_ns, now_ns)
        changes.charge_due(connection, booking.dimensions, (bytes(row["trace_id"]), row), sums, moment)
        return True

    return revise(booking, due, charge, now_ns).changed


def price_late(
    booking: Booking, prices: Prices, now_ns: int, progress: Callable[[int], None] = lambda _count: None
) -> int:
    """Price the charged or waiting rows that had no price, and no others; the number of rows that now have one."""
    pricing = _LatePricing(booking, prices, now_ns)
    last, priced = 0, 0
    while True:
        revised = revise(booking, _unpriced_after(last), pricing.reprice, now_ns)
        last = revised.last
        priced += revised.changed
        progress(revised.seen)
        if revised.seen < BATCH:
            return priced


def _unpriced_after(last: int) -> Select[Any]:
    texts = [dimension.c[name].label(f"d_{name}") for name in DIMENSION_TEXTS]
    return (
        select(usage, trace.c.trace_id, *texts)
        .join(trace, trace.c.id == usage.c.trace)
        .join(dimension, dimension.c.id == usage.c.dimension)
        .where(usage.c.id > last, usage.c.billing.in_((_CHARGED, _PENDING)), dimension.c.cost_status == UNKNOWN)
        .order_by(usage.c.id)
    )


@dataclass(frozen=True, slots=True)
class _LatePricing:
    booking: Booking
    prices: Prices
    now_ns: int

    def reprice(self, connection: Connection, row: Row, sums: Sums) -> bool:
        """Give a row its price; whether there is one now."""
        if not row["units"] and not any(row[name] for name in TOKEN_COLUMNS):
            # Somebody says that it cost money, which nobody trusts; the list price of nothing would make it free.
            return False
        model, charge = _price(self.prices, row)
        if charge.cost_nano_usd is None:
            return False
        dimensions = self.booking.dimensions
        texts = _priced_texts(row, model, charge)
        dimensions.intern(connection, *dimensions.missing([texts], ()), self.now_ns)
        parts = amounts_of(charge)
        is_charged = row["billing"] == _CHARGED
        values = {
            "dimension": dimensions.dimension(texts).id,
            "cost_nano_usd": charge.cost_nano_usd,
            "revision": row["revision"] + 1,
            "components": None if is_charged else changes.pack_components(parts),
        }
        if is_charged:
            before = changes.stored_as_counted(connection, dimensions, row, bytes(row["trace_id"]), is_charged=True)
            after = _after(before, dimensions.dimension(texts), charge, parts)
            if _is_shown_alike(connection, before.dimension.series, after.dimension.series):
                sums.reprice(before, after)
            else:
                # Beyond the series limit the new label set counts under `__other__`, and its tokens with it.
                sums.reverse(before)
                sums.count(after, observed=False)
        connection.execute(update(usage).where(usage.c.id == row["id"]).values(values))
        changes.record_revision(connection, row, changes.merged(row, values), "priced_late", self.now_ns)
        return True


def _is_shown_alike(connection: Connection, one: int, other: int) -> bool:
    """Whether two label sets differ only in what late pricing changes, so that tokens may stay where they are."""
    columns = [series.c[name] for name in ("project", "team", "environment", "agent", "provider", "model")]
    found = connection.execute(select(*columns).where(series.c.id.in_((one, other)))).all()
    return len(set(map(tuple, found))) == 1


def _after(before: Counted, priced: Dimension, charge: Charge, parts: tuple[int, ...]) -> Counted:
    return before._replace(
        dimension=priced, cost_nano_usd=charge.cost_nano_usd, components=parts, cost_reported_nano_usd=None
    )


def _price(prices: Prices, row: Row) -> tuple[str, Charge]:
    models = list(dict.fromkeys(filter(None, (row["d_price_model"], row["d_response_model"], row["d_request_model"]))))
    context = PriceContext(**orjson.loads(row["d_context"] or "{}"))
    tokens = Tokens(*(row[name] for name in TOKEN_COLUMNS))
    call = (row["started_at"], tokens, orjson.loads(row["units"] or "{}"))
    for provider in dict.fromkeys((row["d_gateway"] or row["d_provider"], row["d_provider"])):
        answer = prices.price_first(provider, models, *call, context=context)
        if answer[1].cost_nano_usd is not None:
            break
    model, charge = answer
    return model, with_reasons(charge, (LIST_EQUIVALENT,)) if row["d_cost_source"] == LIST_EQUIVALENT else charge


def _priced_texts(row: Row, model: str, charge: Charge) -> tuple[str, ...]:
    changed: dict[str, str] = {
        "price_model": model,
        "cost_status": charge.cost_status,
        "cost_reasons": orjson.dumps(charge.reasons).decode() if charge.reasons else "",
        "price_version": charge.price_version,
    }
    return tuple(str(changed.get(name, row[f"d_{name}"])) for name in DIMENSION_TEXTS)
