"""The part of the configuration by which calls are booked and judged.

It is versioned in the database, and every worker and replica boots from there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from exporter.budgets.definition import Budget
from exporter.pricing.row_json import row_to_mapping
from exporter.pricing.rows import PriceRow


class Rule(NamedTuple):
    """Attribute values that must all match (span, then resource), and fields to set where nobody stated them."""

    when: Mapping[str, str]
    set: Mapping[str, str]


class FlatPlan(NamedTuple):
    """A source on a flat plan: attribute values that must all match, and the dialect that it speaks, if named."""

    when: Mapping[str, str]
    dialect: str = ""

    def to_mapping(self) -> dict[str, Any]:
        stated = {"when": dict(self.when)} if self.when else {}
        return {**stated, "dialect": self.dialect} if self.dialect else stated


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Names, rules, budgets and prices of one configuration version."""

    projects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Known projects and what is noted about them."""
    teams: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Field of the work or of the price context to attribute names, where they differ from the default ones."""
    rules: tuple[Rule, ...] = ()
    """Each sets fields of the work."""
    agent_tiers: Mapping[str, str] = field(default_factory=dict)
    model_tiers: Mapping[str, str] = field(default_factory=dict)
    budgets: tuple[Budget, ...] = ()
    prices: tuple[PriceRow, ...] = ()
    """Rows of the layers that belong to the operator."""
    price_context: tuple[Rule, ...] = ()
    """Each sets fields of the price context."""
    list_equivalent: tuple[FlatPlan, ...] = ()
    """Sources whose calls nobody is billed for."""

    def to_mapping(self) -> dict[str, Any]:
        """The policy as a configuration file states it, every section present."""
        return {
            "projects": {name: dict(notes) for name, notes in self.projects.items()},
            "teams": {name: dict(notes) for name, notes in self.teams.items()},
            "attributes": {name: list(names) for name, names in self.attributes.items()},
            "rules": _rules_as_written(self.rules),
            "tiers": {"agents": dict(self.agent_tiers), "models": dict(self.model_tiers)},
            "budgets": [budget.to_mapping() for budget in self.budgets],
            "prices": [row_to_mapping(row) for row in self.prices],
            "price_context": _rules_as_written(self.price_context),
            "list_equivalent": [plan.to_mapping() for plan in self.list_equivalent],
        }

    def to_document(self) -> str:
        """Canonical JSON: equal policies have equal documents.  `policy_from_document` reads it back."""
        return json.dumps(self.to_mapping(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def policy_digest(policy: Policy) -> str:
    """16 hexadecimal digits that two policies share when they are equal."""
    return hashlib.sha256(policy.to_document().encode()).hexdigest()[:16]


def _rules_as_written(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    return [{"when": dict(rule.when), "set": dict(rule.set)} for rule in rules]


EMPTY_POLICY: Final = Policy()
POLICY_KEYS: Final = (
    "projects",
    "teams",
    "attributes",
    "rules",
    "tiers",
    "budgets",
    "prices",
    "price_context",
    "list_equivalent",
)
