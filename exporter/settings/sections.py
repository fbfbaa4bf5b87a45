"""The policy sections of a configuration file, read and judged."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from exporter.budgets.definition import Budget
from exporter.budgets.reading import read_budget
from exporter.dialects.describing import known_dialects
from exporter.errors import ConfigError, Problem, unexpected, unknown_key
from exporter.pricing.rows import PriceRow
from exporter.settings.policy import POLICY_KEYS, FlatPlan, Policy, Rule
from exporter.settings.prices import read_prices
from exporter.usage import PriceContext
from exporter.work import WORK_FIELDS

CONTEXT_FIELDS: Final = PriceContext._fields
NOTES: Final = ("description", "owner", "team")
MAX_LENGTH: Final = 128

_TEXT: Final = f"a text of 1 to {MAX_LENGTH} characters, in quotes if it looks like a number"
_NAMES: Final = "a list of names, or names with notes as {payments: {owner: anna}}"
_PLAN: Final = "{when: {service.name: claude-code}}, {dialect: claude_code}, or both"
_RULE: Final = "{when: {service.name: claude-code}, set: {%s}}"


def read_policy(values: Mapping[str, Any]) -> tuple[Policy, list[Problem]]:
    """The policy in the sections of a file, and all that is wrong with them."""
    reader = _Reader()
    reader.refuse_unknown("", values, POLICY_KEYS)
    tiers = reader.mapping("tiers", values.get("tiers"), "{agents: {name: tier}, models: {name: tier}}")
    reader.refuse_unknown("tiers", tiers, ("agents", "models"))
    policy = Policy(
        projects=reader.names("projects", values.get("projects")),
        teams=reader.names("teams", values.get("teams")),
        attributes=reader.attributes("attributes", values.get("attributes")),
        rules=reader.rules("rules", values.get("rules"), WORK_FIELDS, "team: platform"),
        agent_tiers=reader.texts("tiers.agents", tiers.get("agents"), "a tier by agent as {reviewer: premium}"),
        model_tiers=reader.texts("tiers.models", tiers.get("models"), "a tier by model as {gpt-6-sol: premium}"),
        budgets=reader.budgets("budgets", values.get("budgets")),
        prices=reader.prices("prices", values.get("prices")),
        price_context=reader.rules("price_context", values.get("price_context"), CONTEXT_FIELDS, "geo: us"),
        list_equivalent=reader.flat_plans("list_equivalent", values.get("list_equivalent")),
    )
    return policy, reader.problems


def policy_from_document(document: str) -> Policy:
    """The policy that `Policy.to_document` wrote, judged again.  ConfigError when this version cannot use it."""
    policy, problems = read_policy(json.loads(document))
    if problems:
        raise ConfigError("\n".join(f"applied configuration: {problem}" for problem in problems))
    return policy


class _Reader:
    """Reads sections and notes each problem; an absent section is an empty one."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def refuse(self, key: str, found: object, expected: str) -> None:
        problem = Problem(key, f"missing, expected {expected}") if found is None else unexpected(key, found, expected)
        self.problems.append(problem)

    def refuse_unknown(self, key: str, values: Mapping[str, Any], known: Sequence[str]) -> None:
        prefix = f"{key}." if key else ""
        self.problems += [Problem(f"{prefix}{name}", unknown_key(name, known)) for name in values if name not in known]

    def mapping(self, key: str, value: object, expected: str) -> Mapping[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.refuse(key, value, expected)
            return {}
        return value

    def items(self, key: str, value: object, expected: str) -> list[tuple[str, Any]]:
        """The items of a list, each with its key."""
        if value is None:
            return []
        if not isinstance(value, list):
            self.refuse(key, value, f"a list of {expected}")
            return []
        return [(f"{key}[{place}]", item) for place, item in enumerate(value)]

    def texts(self, key: str, value: object, expected: str) -> dict[str, str]:
        """A mapping of names to texts."""
        found = self.mapping(key, value, expected)
        return {name: self.text(f"{key}.{name}", content) for name, content in found.items()}

    def text(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_LENGTH or not value.isprintable():
            self.refuse(key, value, _TEXT)
            return ""
        return value.strip()

    def names(self, key: str, value: object) -> dict[str, dict[str, str]]:
        """Names as a list, or with notes as a mapping."""
        if isinstance(value, list):
            return {self.text(f"{key}[{place}]", name): {} for place, name in enumerate(value)}
        found = self.mapping(key, value, _NAMES)
        return {name: self._notes(f"{key}.{name}", notes) for name, notes in found.items()}

    def _notes(self, key: str, value: object) -> dict[str, str]:
        notes = self.mapping(key, value, "notes as {owner: anna, description: checkout}")
        self.refuse_unknown(key, notes, NOTES)
        return {name: self.text(f"{key}.{name}", notes[name]) for name in NOTES if name in notes}

    def attributes(self, key: str, value: object) -> dict[str, tuple[str, ...]]:
        """Attribute names by field; one name needs no list."""
        known = (*WORK_FIELDS, *CONTEXT_FIELDS)
        found = self.mapping(key, value, "attribute names by field as {project: [app.project]}")
        self.refuse_unknown(key, found, known)
        return {name: self._attribute_names(f"{key}.{name}", found[name]) for name in known if name in found}

    def _attribute_names(self, key: str, value: object) -> tuple[str, ...]:
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not listed:
            self.refuse(key, value, "a list of attribute names as [app.project, project.id]")
            return ()
        return tuple(self.text(f"{key}[{place}]", name) for place, name in enumerate(listed))

    def rules(self, key: str, value: object, fields: Sequence[str], example: str) -> tuple[Rule, ...]:
        expected = _RULE % example
        return tuple(self._rule(place, item, fields, expected) for place, item in self.items(key, value, expected))

    def _rule(self, key: str, item: object, fields: Sequence[str], expected: str) -> Rule:
        found = self.mapping(key, item, expected)
        self.refuse_unknown(key, found, ("when", "set"))
        result = self.texts(f"{key}.set", found.get("set"), expected)
        self.refuse_unknown(f"{key}.set", result, fields)
        when = self._when(key, found, expected)
        if found and not result:
            self.refuse(f"{key}.set", found.get("set"), f"at least one field, as {expected}")
        return Rule(when, result)

    def flat_plans(self, key: str, value: object) -> tuple[FlatPlan, ...]:
        """Sources on a flat plan, by attribute values, by dialect, or by both."""
        return tuple(self._flat_plan(place, item) for place, item in self.items(key, value, _PLAN))

    def _flat_plan(self, key: str, item: object) -> FlatPlan:
        found = self.mapping(key, item, _PLAN)
        if item == {}:
            # It would mean every source.
            self.refuse(key, item, _PLAN)
        self.refuse_unknown(key, found, ("when", "dialect"))
        dialect = self.text(f"{key}.dialect", found["dialect"]) if "dialect" in found else ""
        if dialect and dialect not in known_dialects():
            self.refuse(f"{key}.dialect", dialect, "a dialect as `agent-exporter dialects` lists them")
        when = {} if dialect and "when" not in found else self._when(key, found, _PLAN)
        return FlatPlan(when, dialect)

    def _when(self, key: str, found: Mapping[str, Any], expected: str) -> dict[str, str]:
        when = self.texts(f"{key}.when", found.get("when"), expected)
        if found and not when:
            self.refuse(f"{key}.when", found.get("when"), f"at least one attribute, as {expected}")
        return when

    def budgets(self, key: str, value: object) -> tuple[Budget, ...]:
        found: dict[str, tuple[str, Budget]] = {}
        for place, item in self.items(key, value, "budgets with id, limit and period"):
            budget, problems = read_budget(item, place)
            self.problems += problems
            if budget is None:
                continue
            if budget.id in found:
                self.refuse(f"{place}.id", budget.id, f"an id of its own, {found[budget.id][0]} has it")
            found.setdefault(budget.id, (place, budget))
        return tuple(budget for _, budget in found.values())

    def prices(self, key: str, value: object) -> tuple[PriceRow, ...]:
        rows, problems = read_prices(self.items(key, value, "price rows with model and rates"))
        self.problems += problems
        return rows
