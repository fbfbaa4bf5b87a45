"""What is charged after its booking: aggregates that waited (rule R7), and usage that had no price.

Both run in short transactions of a bounded number of rows, under the locks of the traces they touch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

import orjson
from sqlalchemy import Connection, RowMapping, Select, select, update

from exporter.ledger import changes
from exporter.ledger.booking import Booking
from exporter.ledger.stores import Store
from exporter.ledger.sums import Counted, Sums
from exporter.ledger.tables import DIMENSION_TEXTS, TOKEN_COLUMNS, dimension, trace, usage
from exporter.pricing.charge import COMPONENTS, UNKNOWN, Charge
from exporter.usage import BILLING, CHARGED, PENDING, PriceContext, Tokens

BATCH: Final = 500
_CHARGED: Final = BILLING.index(CHARGED)
_PENDING: Final = BILLING.index(PENDING)
Row = RowMapping


class Prices(Protocol):
    """The part of the price book that late pricing asks."""

    def price_first(
        self,
        provider: str,
        models: list[str],
        at_ns: int,
        tokens: Tokens,
        units: Mapping[str, int],
        context: PriceContext,
    ) -> tuple[str, Charge]: ...


def charge_due(booking: Booking, now_ns: int) -> int:
    """Charge aggregates whose settle time is over; the number of rows charged, at most BATCH."""
    due = (
        select(usage, trace.c.trace_id)
        .join(trace, trace.c.id == usage.c.trace)
        .where(usage.c.due_at <= now_ns, usage.c.billing == _PENDING)
        .order_by(usage.c.due_at)
        .limit(BATCH)
    )

    def charge(connection: Connection, row: Row, sums: Sums) -> None:
        moment = changes.Moment(now_ns, now_ns)
        changes.charge_due(connection, booking.dimensions, bytes(row["trace_id"]), row, sums, moment)

    with booking.database.read() as connection:
        if connection.execute(due.limit(1)).first() is None:
            return 0
    return _revise(booking, due, charge, now_ns)[0]


def price_late(
    booking: Booking, prices: Prices, now_ns: int, progress: Callable[[int], None] = lambda _count: None
) -> int:
    """Price the charged or waiting rows that had no price, and no others; the number of rows that now have one."""
    last, priced = 0, 0
    while True:
        unpriced = _unpriced_after(last)
        numbers: list[int] = []

        def reprice(connection: Connection, row: Row, sums: Sums, numbers: list[int] = numbers) -> None:
            if _reprice(connection, booking, prices, row, sums, now_ns):
                numbers.append(row["id"])

        seen, last = _revise(booking, unpriced, reprice, now_ns)
        priced += len(numbers)
        progress(seen)
        if seen < BATCH:
            return priced


def _unpriced_after(last: int) -> Select[Any]:
    texts = [dimension.c[name].label(f"d_{name}") for name in DIMENSION_TEXTS]
    return (
        select(usage, trace.c.trace_id, *texts)
        .join(trace, trace.c.id == usage.c.trace)
        .join(dimension, dimension.c.id == usage.c.dimension)
        .where(usage.c.id > last, usage.c.billing.in_((_CHARGED, _PENDING)), dimension.c.cost_status == UNKNOWN)
        .order_by(usage.c.id)
        .limit(BATCH)
    )


def _revise(
    booking: Booking, query: Select[Any], change: Callable[[Connection, Row, Sums], None], now_ns: int
) -> tuple[int, int]:
    """Change what a query finds: (number of rows, the last one's id)."""
    try:
        with booking.database.write() as connection:
            store = booking.store(connection)
            rows = _locked(connection, query, store)
            sums = Sums()
            for row in rows:
                change(connection, row, sums)
            booking.add_sums(connection, store, sums, now_ns)
    except BaseException:
        booking.dimensions.forget()
        raise
    return len(rows), (rows[-1]["id"] if rows else 0)


def _locked(connection: Connection, query: Select[Any], store: Store) -> list[Row]:
    """The rows of a query, read again after the locks of their traces are held."""
    found = connection.execute(query).mappings().all()
    store.lock_traces(sorted({bytes(row["trace_id"]) for row in found}))
    ids = {row["id"] for row in found}
    return [row for row in connection.execute(query).mappings() if row["id"] in ids]


def _reprice(connection: Connection, booking: Booking, prices: Prices, row: Row, sums: Sums, now_ns: int) -> bool:
    model, charge = _price(prices, row)
    if charge.cost_nano_usd is None:
        return False
    texts = _priced_texts(row, model, charge)
    booking.dimensions.intern(connection, *booking.dimensions.missing([texts], ()), now_ns)
    parts = _parts(charge)
    is_charged = row["billing"] == _CHARGED
    values = {
        "dimension": booking.dimensions.dimension(texts).id,
        "cost_nano_usd": charge.cost_nano_usd,
        "revision": row["revision"] + 1,
        "components": None if is_charged else changes.pack_components(parts),
    }
    if is_charged:
        before = changes.stored_as_counted(connection, booking.dimensions, row, bytes(row["trace_id"]), is_charged=True)
        sums.reprice(before, _after(before, booking, texts, charge, parts))
    connection.execute(update(usage).where(usage.c.id == row["id"]).values(values))
    changes.record_revision(connection, row, changes.merged(row, values), "priced_late", now_ns)
    return True


def _after(
    before: Counted, booking: Booking, texts: tuple[str, ...], charge: Charge, parts: tuple[int, ...]
) -> Counted:
    return before._replace(
        dimension=booking.dimensions.dimension(texts),
        cost_nano_usd=charge.cost_nano_usd,
        components=parts,
        cost_reported_nano_usd=None,
    )


def _price(prices: Prices, row: Row) -> tuple[str, Charge]:
    models = list(dict.fromkeys(filter(None, (row["d_price_model"], row["d_response_model"], row["d_request_model"]))))
    context = PriceContext(**orjson.loads(row["d_context"] or "{}"))
    tokens = Tokens(*(row[name] for name in TOKEN_COLUMNS))
    call = (row["started_at"], tokens, orjson.loads(row["units"] or "{}"), context)
    for provider in dict.fromkeys((row["d_gateway"] or row["d_provider"], row["d_provider"])):
        answer = prices.price_first(provider, models, *call)
        if answer[1].cost_nano_usd is not None:
            return answer
    return answer


def _priced_texts(row: Row, model: str, charge: Charge) -> tuple[str, ...]:
    changed: dict[str, str] = {
        "price_model": model,
        "cost_status": charge.cost_status,
        "cost_reasons": orjson.dumps(charge.reasons).decode() if charge.reasons else "",
        "price_version": charge.price_version,
    }
    return tuple(str(changed.get(name, row[f"d_{name}"])) for name in DIMENSION_TEXTS)


def _parts(charge: Charge) -> tuple[int, ...]:
    amounts = dict.fromkeys(COMPONENTS, 0)
    for component in charge.components:
        amounts[component.component if component.component in amounts else "other"] += component.amount_nano_usd
    return tuple(amounts.values())
