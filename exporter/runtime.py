"""What the applied configuration made: everything that a booking needs besides the telemetry itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exporter.ledger.budget_booking import BudgetBooks
from exporter.pricing.book import PriceBook
from exporter.signals import Span
from exporter.usage import PriceContext
from exporter.work import WorkReader


class FlatPlan(NamedTuple):
    """A source whose calls nobody is billed for: attribute values that must match, and its dialect, "" for any."""

    when: Mapping[str, str]
    dialect: str


class ContextRule(NamedTuple):
    """Price context of a source that cannot state it: attribute values that must match, and what they mean."""

    when: Mapping[str, str]
    context: PriceContext


@dataclass(frozen=True, slots=True)
class Runtime:
    """One version of the configuration, ready to book by; replaced as a whole."""

    version: int
    """Of the configuration in the database."""
    book_version: int
    """Of the price rows in the database."""
    book: PriceBook
    work: WorkReader
    wanted: frozenset[str]
    """Keys of the attributes of spans that leave decode."""
    budgets: BudgetBooks
    context_rules: Sequence[ContextRule] = ()
    context_names: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Further attribute names of the price context, by its field."""
    wanted_of_logs: frozenset[str] = frozenset()
    wanted_of_points: frozenset[str] = frozenset()
    timezone: str = "UTC"
    price_books: Sequence[tuple[str, str]] = ()
    """Version and source of each layer of prices in use."""

    flat_plans: Sequence[FlatPlan] = ()

    def is_on_flat_plan(self, span: Span, dialect: str) -> bool:
        """Whether a call's cost at list prices is on nobody's bill."""
        return any(
            plan.dialect in ("", dialect) and all(_value(span, key) == value for key, value in plan.when.items())
            for plan in self.flat_plans
        )

    @property
    def decides_context(self) -> bool:
        """Whether the configuration says anything about price contexts."""
        return bool(self.context_rules or self.context_names)

    def context_of(self, span: Span, stated: PriceContext) -> PriceContext:
        """The stated price context, completed by configured attributes, then by the first rule that matches."""
        for name, keys in self.context_names.items():
            found = next(filter(None, (_value(span, key) for key in keys)), "")
            if found and not getattr(stated, name):
                text = found.strip()[:128]
                # A customer's name is compared as its contract writes it.
                stated = stated._replace(**{name: text if name == "org" else text.lower()})
        for rule in self.context_rules:
            if all(_value(span, key) == value for key, value in rule.when.items()):
                return PriceContext(*(own or given for own, given in zip(stated, rule.context, strict=True)))
        return stated


def _value(span: Span, key: str) -> str:
    value = span.attributes.get(key)
    return str(span.origin.resource.get(key, "") if value is None else value)
