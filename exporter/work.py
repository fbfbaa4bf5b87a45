"""Who and what a call worked for: project, task, phase and their like."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from exporter.signals import OfResource, Span, Value, plain_text

LONGEST_WORK_TEXT: Final = 128


class Work(NamedTuple):
    """The work attributes of a call.  An empty text means that nobody said."""

    project: str = ""
    team: str = ""
    environment: str = ""
    agent: str = ""
    role: str = ""
    tier: str = ""
    task: str = ""
    task_type: str = ""
    phase: str = ""
    complexity: str = ""
    importance: str = ""
    impact: str = ""
    experiment: str = ""
    variant: str = ""


WORK_FIELDS: Final = Work._fields
NO_WORK: Final = Work()

DEFAULT_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "project": ("agent.project", "project.id", "project.name", "service.namespace"),
        "team": ("agent.team", "team.id", "team", "department"),
        "environment": ("deployment.environment.name", "deployment.environment", "langfuse.environment"),
        # Empty because the dialect knows the agent; names given here go before what it found.
        "agent": (),
        "role": ("agent.role", "role"),
        "tier": ("agent.tier", "tier"),
        "task": ("agent.task.id", "task.id", "task_id"),
        "task_type": ("agent.task.type", "task.type"),
        "phase": ("agent.phase", "autopilot.phase", "phase"),
        "complexity": ("agent.task.complexity", "task.complexity", "complexity"),
        "importance": ("agent.task.importance", "task.importance", "importance"),
        "impact": ("agent.task.impact", "task.impact", "impact"),
        "experiment": ("agent.experiment.id",),
        "variant": ("agent.experiment.variant", "variant"),
    }
)
"""Attribute names of each field, in the order in which they are asked."""

GATEWAY_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "project": (
            "metadata.user_api_key_project_alias",
            "metadata.user_api_key_project_id",
            "litellm.metadata.user_api_key_alias",
            "metadata.user_api_key_alias",
        ),
        "team": (
            "litellm.team.alias",
            "litellm.team.id",
            "metadata.user_api_key_team_alias",
            "metadata.user_api_key_team_id",
        ),
    }
)
"""What a gateway knows of the key that it was asked with: asked last, for fields whose names were not configured."""

_Present = tuple[tuple[int, tuple[str, ...]], ...]
_AGENT: Final = WORK_FIELDS.index("agent")
_TIER: Final = WORK_FIELDS.index("tier")
_SERVICE: Final = "service.name"
_DATE: Final = re.compile(r"[-@](\d{8}|\d{4}-\d\d-\d\d)$")


class ValueRule(NamedTuple):
    """What follows from attribute values of a source that cannot be told to say more.

    When every attribute of `when` has its value, the fields of `set` that are still empty get theirs.
    """

    when: Mapping[str, str]
    set: Mapping[str, str]


class WorkReader:
    """Reads the work attributes by configured names: the span first, then its resource, then rules, then what a gateway
    knows of the key, then tiers."""

    def __init__(
        self,
        names: Mapping[str, Sequence[str]] = DEFAULT_NAMES,
        rules: Sequence[ValueRule] = (),
        agent_tiers: Mapping[str, str] = MappingProxyType({}),
        model_tiers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`names` replaces the default list of each field that it has; the tiers are by agent and by model name."""
        merged = {**DEFAULT_NAMES, **names}
        self._names = tuple(tuple(merged[field]) for field in WORK_FIELDS)
        self._rules = tuple((tuple(rule.when.items()), _settings_of(rule)) for rule in rules)
        self._agent_tiers = dict(agent_tiers)
        self._model_tiers = dict(model_tiers)
        self._has_tiers = bool(agent_tiers or model_tiers)
        self._gateway_names = tuple(
            GATEWAY_NAMES.get(field, ()) if tuple(merged[field]) == DEFAULT_NAMES[field] else ()
            for field in WORK_FIELDS
        )
        keys = {name for names_of in (self._names, self._gateway_names) for field in names_of for name in field}
        self.wanted: frozenset[str] = frozenset(keys | {_SERVICE} | {key for rule in rules for key in rule.when})
        """Keys of the span and resource attributes that `read` looks at."""
        self._of_resource = OfResource(self._said_by)
        # Emitters send the same few sets of keys over and over.
        self._present = lru_cache(maxsize=1024)(self._present_in)

    def names_of(self, field: str) -> tuple[str, ...]:
        """Attribute names that are asked for a field."""
        return self._names[WORK_FIELDS.index(field)]

    def read(self, span: Span, *, agent: str, model: str) -> Work:
        """What the span worked for.  `agent` is what the dialect found, `model` the answered, else the asked one."""
        attributes, resource = span.attributes, span.origin.resource
        texts = list(self._of_resource(resource))
        present, of_gateway = self._present(tuple(attributes))
        for position, names in present:
            if text := _first(attributes, names):
                texts[position] = text
        if not texts[_AGENT]:
            texts[_AGENT] = agent
        if self._rules:
            self._apply_rules(texts, attributes, resource)
        for position, names in of_gateway:
            texts[position] = texts[position] or _first(attributes, names)
        if self._has_tiers and not texts[_TIER]:
            texts[_TIER] = self._tier(texts[_AGENT] or _value(_SERVICE, resource, resource), model)
        return Work(*texts)

    def _said_by(self, attributes: Mapping[str, Value]) -> Work:
        present, _ = self._present(tuple(attributes))
        return Work(**{WORK_FIELDS[position]: _first(attributes, names) for position, names in present})

    def _present_in(self, keys: Collection[str]) -> tuple[_Present, _Present]:
        return _present(self._names, keys), _present(self._gateway_names, keys)

    def _apply_rules(self, texts: list[str], attributes: Mapping[str, Value], resource: Mapping[str, Value]) -> None:
        for when, settings in self._rules:
            if all(_value(key, attributes, resource) == value for key, value in when):
                for position, text in enumerate(settings):
                    texts[position] = texts[position] or text

    def _tier(self, agent: str, model: str) -> str:
        by_model = self._model_tiers
        return self._agent_tiers.get(agent) or by_model.get(model) or by_model.get(_undated(model)) or ""


def _present(names_of: Iterable[tuple[str, ...]], keys: Collection[str]) -> _Present:
    """For each field of which `keys` has a name: its position, and those names in order."""
    present = ((n, tuple(name for name in names if name in keys)) for n, names in enumerate(names_of))
    return tuple((position, names) for position, names in present if names)


def _settings_of(rule: ValueRule) -> Work:
    return Work(**{field: plain_text(value, LONGEST_WORK_TEXT) for field, value in rule.set.items()})


def _first(attributes: Mapping[str, Value], names: tuple[str, ...]) -> str:
    for name in names:
        if text := plain_text(attributes[name], LONGEST_WORK_TEXT):
            return text
    return ""


def _value(key: str, attributes: Mapping[str, Value], resource: Mapping[str, Value]) -> str:
    value = attributes.get(key)
    return plain_text(resource.get(key) if value is None else value, LONGEST_WORK_TEXT)


@lru_cache(maxsize=1024)
def _undated(model: str) -> str:
    """A model's name without the date of its snapshot."""
    return _DATE.sub("", model)
