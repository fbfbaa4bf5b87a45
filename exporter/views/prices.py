"""Prices as people ask for them: what holds for a model, what has no price, what a change would mean."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, Final

import orjson
from sqlalchemy import Connection, RowMapping, func, select

from exporter.ledger.tables import TOKEN_COLUMNS, dimension, rollup, usage
from exporter.pricing.book import PriceBook
from exporter.pricing.charge import UNKNOWN
from exporter.pricing.names import find_provider
from exporter.pricing.row_json import instant_to_text, row_to_mapping, usd_text, windows_to_mapping
from exporter.pricing.rows import TOKEN_RATES, PriceRow
from exporter.pricing.sheets import Rates, Sheet
from exporter.pricing.targets import FIRST_PARTIES
from exporter.pricing.timelines import Segment, sheet_at
from exporter.usage import BILLING, CHARGED, NO_CONTEXT, PriceContext, Tokens
from exporter.views.times import format_time

QUARTER_NS: Final = 900 * 10**9
MAX_EXAMINED: Final = 100_000
_MILLION: Final = 10**6
_NO_PRICE: Final = ("unknown_model", "unknown_provider")
_NO_RATE: Final = "no_rate:"
_OPTIONS: Final = tuple(f"--{name.replace('_', '-')}" for name in TOKEN_RATES)


def price_of_model(
    book: PriceBook, provider: str, model: str, at_ns: int, context: PriceContext = NO_CONTEXT
) -> dict[str, Any]:
    """The rates in force at an instant, and when they change.  `price_version` is empty when there are none."""
    timeline = book.timeline(provider, model, context)
    sheet = sheet_at(timeline, at_ns)
    stated = {key: value for key, value in context._asdict().items() if value}
    asked = {"provider": provider, "model": model, "at": instant_to_text(at_ns), "context": stated}
    if sheet is None:
        return {
            **asked,
            "price_version": "",
            "reasons": [timeline.why_unknown],
            "similar": _similar(book, provider, model),
        }
    history = []
    for (start, segment), (end, _) in pairwise([*zip(timeline.starts, timeline.segments, strict=True), (None, None)]):
        if segment is not None and segment.plain is not None:
            begin = None if start is None or start < 0 else instant_to_text(start)
            until = None if end is None else instant_to_text(end)
            history.append({"from": begin, "until": until, **_rates(segment.plain), "at_hours": _at_hours(segment)})
    return {
        **asked,
        "price_version": sheet.version,
        "reasons": list(sheet.reasons),
        **_rates(sheet),
        "history": history,
    }


def _at_hours(segment: Segment) -> list[dict[str, Any]]:
    """The exceptions by time of day, the first that fits holds."""
    return [
        {**windows_to_mapping(windows), **_rates(sheet)} for windows, sheet in segment.windowed if sheet is not None
    ]


def _rates(sheet: Sheet) -> dict[str, Any]:
    return {
        "usd_per_million": _per_million(sheet.base),
        "tiers": [{"prompt": tier.label, "usd_per_million": _per_million(tier)} for tier in sheet.tiers],
        "usd_per_unit": {name: usd_text(rate) for name, rate in sheet.fees.items()},
        "multiplier": f"{sheet.numerator}/{sheet.denominator}",
    }


def _per_million(rates: Rates) -> dict[str, str]:
    """Before multipliers; a class that is priced like another shows the rate that holds for it."""
    named = zip(TOKEN_RATES, rates.per_class, strict=True)
    return {name: usd_text(rate * _MILLION) for name, rate in named if rate is not None}


def _similar(book: PriceBook, provider: str, model: str) -> list[str]:
    seller = find_provider(provider)
    sellers = [seller.book] if book.library.has_provider(seller.book) else FIRST_PARTIES
    names = [name for one in sellers for name in book.library.models(one)]
    return get_close_matches(model.lower(), names, n=3, cutoff=0.6)


def unpriced_usage(connection: Connection) -> list[dict[str, Any]]:
    """Charged calls without a price, by provider and model, most tokens first, each with the command that prices it."""
    seller = func.coalesce(func.nullif(dimension.c.gateway, ""), dimension.c.provider).label("seller")
    model = func.coalesce(func.nullif(dimension.c.price_model, ""), dimension.c.request_model).label("model")
    sums = [func.sum(rollup.c[name]).label(name) for name in ("calls", *TOKEN_COLUMNS)]
    statement = (
        select(
            seller,
            model,
            dimension.c.cost_reasons,
            *sums,
            func.min(rollup.c.quarter).label("first"),
            func.max(rollup.c.quarter).label("last"),
        )
        .join(dimension, dimension.c.id == rollup.c.dimension)
        .where(dimension.c.cost_status == UNKNOWN)
        .group_by(seller, model, dimension.c.cost_reasons)
        .having(func.sum(rollup.c.calls) > 0)
    )
    found = [_unpriced(row) for row in connection.execute(statement).mappings()]
    return sorted(
        (one for one in found if one is not None), key=lambda one: (-sum(one["tokens"].values()), one["model"])
    )


def _unpriced(row: RowMapping) -> dict[str, Any] | None:
    reasons = orjson.loads(row["cost_reasons"] or "[]")
    lacking = [reason.removeprefix(_NO_RATE) for reason in reasons if reason.startswith(_NO_RATE)]
    if not lacking and not set(_NO_PRICE) & set(reasons):
        return None
    tokens = {name: int(row[name]) for name in TOKEN_COLUMNS}
    return {
        "provider": row["seller"],
        "model": row["model"],
        "reasons": reasons,
        "calls": int(row["calls"]),
        "tokens": tokens,
        "first_seen": format_time(row["first"] * QUARTER_NS),
        "last_seen": format_time((row["last"] + 1) * QUARTER_NS),
        "command": command_that_prices(row["seller"], row["model"], tokens, lacking),
    }


def command_that_prices(provider: str, model: str, tokens: Mapping[str, int], units: Sequence[str] = ()) -> str | None:
    """The command line that gives a model its price, with USD where a price belongs; None without a model's name."""
    if not model:
        return None
    words = ["agent-exporter", "prices", "set"]
    words += ["--provider", provider] if provider else []
    used = [option for option, name in zip(_OPTIONS, TOKEN_COLUMNS, strict=True) if tokens.get(name)]
    for option in dict.fromkeys((_OPTIONS[0], _OPTIONS[4], *used)):
        words += [option, "USD"] if option != _OPTIONS[5] else []
    for unit in units:
        words += ["--unit", f"{unit}=USD"] if unit not in TOKEN_COLUMNS else []
    return shlex.join([*words, "--", model] if model.startswith("-") else [*words, model])


def changed_rows(before: Sequence[PriceRow], after: Sequence[PriceRow]) -> dict[str, list[dict[str, Any]]]:
    """What one set of rows has that the other has not."""
    return {
        "added": [row_to_mapping(row) for row in after if row not in before],
        "withdrawn": [row_to_mapping(row) for row in before if row not in after],
    }


def effect_on_usage(
    connection: Connection, before: PriceBook, after: PriceBook, models: Sequence[str]
) -> dict[str, Any]:
    """What booked calls of these models would cost by another book: a question only, for nothing booked changes."""
    columns = [usage.c[name] for name in ("started_at", "cost_nano_usd", "units", *TOKEN_COLUMNS)]
    texts = [dimension.c[name] for name in ("provider", "gateway", "price_model", "context")]
    statement = (
        select(*columns, *texts)
        .join(dimension, dimension.c.id == usage.c.dimension)
        .where(usage.c.billing == BILLING.index(CHARGED), func.lower(dimension.c.price_model).in_(models))
        .order_by(usage.c.id.desc())
        .limit(MAX_EXAMINED)
    )
    calls, differing, newly, delta = 0, 0, 0, 0
    for row in connection.execute(statement).mappings():
        old, new = (_cost(book, row) for book in (before, after))
        calls += 1
        differing += old != new
        newly += row["cost_nano_usd"] is None and new is not None
        delta += (new or 0) - (old or 0)
    return {
        "calls_examined": calls,
        "complete": calls < MAX_EXAMINED,
        "calls_that_would_differ": differing,
        "calls_priced_late": newly,
        "difference_nano_usd": delta,
    }


def _cost(book: PriceBook, row: RowMapping) -> int | None:
    charge = book.price(
        row["gateway"] or row["provider"],
        row["price_model"],
        row["started_at"],
        Tokens(*(row[name] for name in TOKEN_COLUMNS)),
        orjson.loads(row["units"] or "{}"),
        context=PriceContext(**orjson.loads(row["context"] or "{}")),
    )
    return charge.cost_nano_usd
