"""A record read again by today's rules, from what the ledger keeps of it: what was sent, and how it was understood.

What the record is (its kind and operation) and who sent it stay as they were read; what its numbers mean is asked anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from exporter.dialects.basis import (
    BASIS_GUESS,
    CLAMPED,
    HIDDEN_REASONING,
    NUMBERS,
    Basis,
    Counts,
    Emitter,
    emitter_of,
    find_basis,
)
from exporter.dialects.counting import INPUT_MISSING, OUTPUT_MISSING, read_counts
from exporter.dialects.evidence import attributes_of, counted_as
from exporter.dialects.fields import COERCED, NEGATIVE_DROPPED, UNREADABLE_NUMBER
from exporter.dialects.kinds import Operation
from exporter.dialects.reading import FOREIGN_CURRENCY, USAGE_MISSING, ZERO_USAGE, read_usage
from exporter.dialects.registry import DIALECTS, LOGS
from exporter.dialects.spellings import Spellings
from exporter.signals import Origin, Span, Value
from exporter.usage import METRICS, SPANS, TTL_UNKNOWN, UsageRecord

FLAGS_OF_READING: Final = frozenset(
    {
        BASIS_GUESS, CLAMPED, COERCED, FOREIGN_CURRENCY, HIDDEN_REASONING, INPUT_MISSING, NEGATIVE_DROPPED,
        OUTPUT_MISSING, TTL_UNKNOWN, UNREADABLE_NUMBER, USAGE_MISSING, ZERO_USAGE,
    }
)  # fmt: skip
"""Flags that follow from the numbers; any other one came from elsewhere and stays."""


class Kept(NamedTuple):
    """What the ledger keeps of a record."""

    signal: str
    dialect: str
    scope: str
    operation: Operation
    shape: str
    numbers: Sequence[Value]

    @property
    def attributes(self) -> dict[str, Value]:
        """As they were sent: the numbers, and the texts that decide how they are read."""
        return attributes_of(self.shape, list(self.numbers))


class Understanding(NamedTuple):
    """How the counts of a record are understood, and by which rules.  A rule is empty where there is no question."""

    counts: Counts
    emitter: Emitter
    basis: Basis
    input_rule: str
    output_rule: str


def spellings_for(kept: Kept, attributes: Mapping[str, Value]) -> Spellings | None:
    """Which names of its dialect a record has; None when this version has no such dialect."""
    of_spans = {one.name: one.spellings for one in DIALECTS}
    of_logs = {one.dialect: one.spellings for one in LOGS}
    # A dialect may say in a span what ranks as a log record, as the end of a stream.
    table = of_logs | of_spans if kept.signal == SPANS else of_spans | of_logs
    return table[kept.dialect].present_in(attributes) if kept.dialect in table else None


def can_read(kept: Kept) -> bool:
    """Whether this version has the record's dialect.  What a point of a metric adds depends on those before it."""
    return kept.signal != METRICS and spellings_for(kept, {}) is not None


def read_again(kept: Kept) -> UsageRecord | None:
    """The record by today's rules, without what was said elsewhere; None when its numbers mean nothing today."""
    attributes = kept.attributes
    present = spellings_for(kept, attributes)
    if present is None:
        return None
    span = Span(b"", b"", b"", "", 0, 0, 0, attributes, Origin({}, kept.scope, ""))
    return read_usage(span, present, kept.dialect, kept.operation, counted_as=counted_as(kept.shape)).usage


def understand(kept: Kept, provider: str) -> Understanding | None:
    """How the counts of a record are understood today; None when it has none that can be read."""
    attributes = kept.attributes
    present = spellings_for(kept, attributes)
    counts = read_counts(attributes, present, kept.operation.kind, []) if present is not None else None
    if counts is None:
        return None
    emitter = emitter_of(counted_as(kept.shape) or kept.scope)
    basis = find_basis(counts, emitter, provider, [])
    cached = counts.cache_read + counts.cache_write
    by_input = NUMBERS if basis.is_exclusive and counts.input < cached else basis.rule
    by_output = NUMBERS if basis.is_additive and counts.reasoning > counts.output else basis.rule
    return Understanding(counts, emitter, basis, by_input if cached else "", by_output if counts.reasoning else "")
