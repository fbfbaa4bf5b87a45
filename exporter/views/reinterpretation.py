"""What reinterpreting the ledger would change: a question only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from exporter.ledger.entry import Priced
from exporter.ledger.tables import TOKEN_COLUMNS
from exporter.pricing.book import PriceBook
from exporter.reinterpretation import Chosen, Reinterpreted, can_reinterpret, read_chosen, reinterpret
from exporter.revaluation import StoredRecord
from exporter.usage import BILLING, CHARGED, NO_TOKENS, Tokens
from exporter.views.explain_verdict import named
from exporter.views.times import format_time

_CHARGED: Final = BILLING.index(CHARGED)


@dataclass(slots=True)
class _Effect:
    """Sums over the records of a dialect that would change; amounts and tokens of what is or would be charged."""

    records: int = 0
    charged: int = 0
    unpriced_after: int = 0
    cost_before: int = 0
    cost_after: int = 0
    tokens_before: list[int] = field(default_factory=lambda: [*NO_TOKENS])
    tokens_after: list[int] = field(default_factory=lambda: [*NO_TOKENS])

    def add(self, record: StoredRecord, today: Reinterpreted) -> None:
        self.records += 1
        self.charged += CHARGED in (BILLING[record["billing"]], today.verdict.billing)
        if record["billing"] == _CHARGED:
            self.cost_before += record["cost_nano_usd"] or 0
            _add(self.tokens_before, _tokens_of(record))
        if today.verdict.billing == CHARGED:
            self.cost_after += today.priced.cost_nano_usd or 0
            self.unpriced_after += today.priced.cost_nano_usd is None
            _add(self.tokens_after, today.priced.tokens)

    def answer(self, dialect: str) -> dict[str, Any]:
        return {
            "dialect": dialect,
            "records": self.records,
            "charged": self.charged,
            "tokens_before": _named(self.tokens_before),
            "tokens_after": _named(self.tokens_after),
            "cost_before_nano_usd": self.cost_before,
            "cost_after_nano_usd": self.cost_after,
            "unpriced_after": self.unpriced_after,
        }


def survey(
    connection: Connection,
    book: PriceBook,
    chosen: Chosen,
    *,
    shown: int,
    progress: Callable[[int], None] = lambda _seen: None,
) -> dict[str, Any]:
    """How many records were looked at and would change, sums by dialect, and the first that would change."""
    examined, unreadable, last = 0, 0, 0
    effects: dict[str, _Effect] = {}
    examples: list[dict[str, Any]] = []
    while rows := read_chosen(connection, chosen, after=last):
        last = rows[-1]["id"]
        examined += len(rows)
        for record in rows:
            unreadable += not can_reinterpret(record)
            today = reinterpret(record, book)
            if today is None:
                continue
            effects.setdefault(record["d_dialect"], _Effect()).add(record, today)
            if len(examples) < shown:
                examples.append(_example(record, today))
        progress(examined)
    return {
        "examined": examined,
        "unreadable": unreadable,
        "differing": sum(effect.records for effect in effects.values()),
        "by_dialect": [effect.answer(dialect) for dialect, effect in sorted(effects.items())],
        "examples": examples,
    }


def _example(record: StoredRecord, today: Reinterpreted) -> dict[str, Any]:
    priced: Priced = today.priced
    return {
        **named(record),
        "dialect": record["d_dialect"],
        "scope": record["d_scope"],
        "model": record["d_response_model"] or record["d_request_model"] or None,
        "started_at": format_time(record["started_at"]),
        "billing_after": today.verdict.billing,
        "cost_after_nano_usd": priced.cost_nano_usd,
        "tokens_before": _named([*_tokens_of(record)]),
        "tokens_after": _named([*priced.tokens]),
    }


def _tokens_of(record: StoredRecord) -> Tokens:
    return Tokens(*(record[name] for name in TOKEN_COLUMNS))


def _named(counts: list[int]) -> dict[str, int]:
    return dict(zip(Tokens._fields, counts, strict=True))


def _add(sums: list[int], counts: Tokens) -> None:
    sums[:] = [have + count for have, count in zip(sums, counts, strict=True)]
