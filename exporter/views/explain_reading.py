"""What a record was read from, and how its counts were understood: the rule beside each number."""

from __future__ import annotations

from typing import Any, Final

from exporter.dialects.basis import BY_DEFAULT, BY_EMITTER, BY_PARTS, BY_PROVIDER, BY_TOTAL, NUMBERS
from exporter.dialects.rereading import Kept, Understanding, can_read, read_again, understand
from exporter.ledger.records import Record
from exporter.ledger.tables import TOKEN_COLUMNS
from exporter.revaluation import flags_of, kept_of
from exporter.usage import NO_TOKENS, Tokens
from exporter.valuation import TTL_BY_COST

_RULES: Final = {
    NUMBERS: "proved by the numbers: the part is larger than what should contain it",
    BY_PARTS: "proved by the rest of the count, which was reported too",
    BY_TOTAL: "proved by the reported total, which only this reading predicts",
    BY_PROVIDER: "two readings predict the total; the provider's own interface counts so",
    BY_EMITTER: "how this emitter is known to count",
    BY_DEFAULT: "the conventions' own reading, for nothing is known of this emitter",
}


def explain_reading(record: Record) -> dict[str, Any]:
    """The attributes as they were sent and how they are understood today; null where nothing was kept."""
    kept = kept_of(record)
    understood = understand(kept, record["d_provider"]) if kept is not None else None
    return {
        "evidence": kept.attributes if kept is not None else None,
        "counts": understood.counts._asdict() if understood is not None else None,
        "cached_input": _cached_input(understood),
        "reasoning": _reasoning(understood),
        "emitter": (understood.emitter.scope or None) if understood is not None else None,
        "read_alike_today": _is_read_alike(record, kept),
    }


def _cached_input(understood: Understanding | None) -> dict[str, str] | None:
    """Whether the input contains cached tokens; null when there are none."""
    if understood is None or not understood.input_rule:
        return None
    basis = "exclusive" if understood.basis.is_exclusive else "inclusive"
    return {"basis": basis, "rule": understood.input_rule, "because": _RULES[understood.input_rule]}


def _reasoning(understood: Understanding | None) -> dict[str, str] | None:
    """Whether the output contains reasoning; null when there is none."""
    if understood is None or not understood.output_rule:
        return None
    basis = "additive" if understood.basis.is_additive else "subset"
    return {"basis": basis, "rule": understood.output_rule, "because": _RULES[understood.output_rule]}


def _is_read_alike(record: Record, kept: Kept | None) -> bool | None:
    """Whether today's rules give the booked tokens; null when that cannot be asked."""
    if kept is None or not can_read(kept):
        return None
    again = read_again(kept)
    booked = Tokens(*(record[name] for name in TOKEN_COLUMNS))
    return _but_lifetimes(again.tokens if again else NO_TOKENS, record) == _but_lifetimes(booked, record)


def _but_lifetimes(tokens: Tokens, record: Record) -> Tokens:
    """Where the cost proved the lifetimes of cache writes, the counts do not tell them."""
    if TTL_BY_COST not in flags_of(record):
        return tokens
    return tokens._replace(cache_write_5m=tokens.cache_write_5m + tokens.cache_write_1h, cache_write_1h=0)
