"""How a cost came about: which price rows hold, each product, and the one rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection

from exporter.ledger.records import Record
from exporter.money import PICO_PER_NANO
from exporter.pricing.book import PriceBook
from exporter.pricing.charge import REPORTED, Charge, Component
from exporter.pricing.row_json import row_to_mapping
from exporter.pricing.rows import LIBRARY, row_digest
from exporter.pricing.sheets import PART_OF_CLASS, Sheet
from exporter.revaluation import context_of, moment_of, usage_of
from exporter.usage import TOKEN_CLASSES, PriceContext
from exporter.valuation import value_usage

Books = Callable[[Connection], Iterator[PriceBook]]
"""The book in force, then those before it."""
_MULTIPLIED: Final = frozenset(TOKEN_CLASSES) | frozenset(PART_OF_CLASS)
MOST_BOOKS: Final = 40


class Shelf:
    """The books of one answer: each is built when it is first looked into, and kept."""

    def __init__(self, books: Iterator[PriceBook]) -> None:
        self._more = islice(books, MOST_BOOKS)
        self._books: list[PriceBook] = []

    def __iter__(self) -> Iterator[PriceBook]:
        yield from self._books
        for book in self._more:
            self._books.append(book)
            yield book


class _Found(NamedTuple):
    """A book by which a record costs what it was charged."""

    book: PriceBook
    is_in_force: bool
    model: str
    charge: Charge


def explain_price(record: Record, books: Shelf) -> dict[str, Any]:
    """The price rows and products of a record's cost.  `components` is empty when no list price made it."""
    found = None if record["d_cost_status"] == REPORTED else _find(record, books)
    context = context_of(record)
    answer: dict[str, Any] = {
        "price_version": record["d_price_version"] or None,
        "price_model": record["d_price_model"] or None,
        "at": record["started_at"],
        "context": {name: text for name, text in context._asdict().items() if text},
        "cost_status": record["d_cost_status"],
        "cost_reported_nano_usd": record["cost_reported_nano_usd"],
        "cost_source": record["d_cost_source"] or None,
        "book": None,
        "rows": [],
        "components": [],
        "exact_nano_usd": None,
        "cost_nano_usd": record["cost_nano_usd"],
    }
    if found is None or found.charge.cost_nano_usd is None:
        return answer
    sheet = _sheet(found, record, context)
    ratio = Fraction(sheet.numerator, sheet.denominator) if sheet is not None else Fraction(1)
    exact = [_exact(part, ratio) for part in found.charge.components]
    return answer | {
        "book": "in force" if found.is_in_force else "earlier",
        "rows": _rows(found),
        "components": [_component(*pair, ratio) for pair in zip(found.charge.components, exact, strict=True)],
        "exact_nano_usd": _decimal(sum(exact, Fraction(0))),
    }


def _find(record: Record, books: Shelf) -> _Found | None:
    """By a book that gives the booked version and cost: the one in force, or one before it."""
    usage = usage_of(record)
    for number, book in enumerate(books):
        model, charge = value_usage(usage, book, usage.context, moment_of(record))
        if (charge.price_version, charge.cost_nano_usd) == (record["d_price_version"], record["cost_nano_usd"]):
            return _Found(book, number == 0, model, charge)
    return None


def _sheet(found: _Found, record: Record, context: PriceContext) -> Sheet | None:
    for provider in dict.fromkeys((record["d_gateway"] or record["d_provider"], record["d_provider"])):
        sheet = found.book.sheet(provider, found.model, record["started_at"], context)
        if sheet is not None and sheet.version == found.charge.price_version:
            return sheet
    return None


def _rows(found: _Found) -> list[dict[str, Any]]:
    """What the version names: rows of layers above and below the library, and the library's own listing."""
    version = found.charge.price_version
    rows = [row_to_mapping(row) for row in found.book.rows if f"#{row_digest(row)}" in version]
    library = found.book.library.version
    if library in version:
        listing = version[version.index(library) + len(library) + 1 :].partition("*")[0]
        rows.append({"layer": LIBRARY, "source": library, "listing": listing})
    return rows


def _exact(part: Component, ratio: Fraction) -> Fraction:
    """Nano-USD before rounding; fees are not multiplied."""
    factor = ratio if part.component in _MULTIPLIED else Fraction(1)
    return Fraction(part.tokens * part.rate_pico_usd, PICO_PER_NANO) * factor


def _component(part: Component, exact: Fraction, ratio: Fraction) -> dict[str, Any]:
    factor = ratio if part.component in _MULTIPLIED else Fraction(1)
    return {
        "component": part.component,
        "tokens": part.tokens,
        "rate_pico_usd": part.rate_pico_usd,
        "tier": part.tier,
        "multiplier": f"{factor.numerator}/{factor.denominator}",
        "exact_nano_usd": _decimal(exact),
        "amount_nano_usd": part.amount_nano_usd,
    }


def _decimal(amount: Fraction) -> str:
    """Exact: as a decimal where it has an end, else as a ratio."""
    for places in range(10):
        scaled = amount * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(places + 1, "0")
            return f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"{amount.numerator}/{amount.denominator}"
