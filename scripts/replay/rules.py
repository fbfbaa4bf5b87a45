"""The shipped rules as data: what is recorded in which order, and what fires when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_PART: Final = re.compile(r"(\d+)(ms|[smhdw])")
_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_LABELS: Final = re.compile(r"\{[^}]*\}")
_SECONDS: Final = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Recording(NamedTuple):
    name: str
    expression: str
    labels: Mapping[str, str]


class Alert(NamedTuple):
    name: str
    expression: str
    severity: str
    for_s: float
    """How long it must hold before the alert fires."""
    keep_s: float
    """How long the alert goes on firing when it no longer holds."""


class Rules(NamedTuple):
    recordings: tuple[Recording, ...]
    alerts: tuple[Alert, ...]


def read_rules(files: Iterable[Path]) -> Rules:
    """All rules of some rule files."""
    rules = [rule for file in files for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]]
    recordings = [Recording(one["record"], one["expr"], one.get("labels", {})) for one in rules if "record" in one]
    return Rules(tuple(recordings), tuple(_alert(one) for one in rules if "alert" in one))


def _alert(rule: Mapping[str, Any]) -> Alert:
    waits, keeps = (seconds_of(str(rule.get(key, "0s"))) for key in ("for", "keep_firing_for"))
    return Alert(rule["alert"], rule["expr"], rule["labels"]["severity"], waits, keeps)


def seconds_of(duration: str) -> float:
    """Of a duration as rule files state it: `90s`, `1h30m`, `0`."""
    return sum(int(count) * _SECONDS[unit] for count, unit in _PART.findall(duration))


def names_in(expression: str) -> set[str]:
    """Every word outside of texts and matchers: metric names, and functions and keywords with them."""
    return set(_NAME.findall(_LABELS.sub("", _TEXT.sub("", expression))))


def levels_of(recordings: Iterable[Recording]) -> list[list[Recording]]:
    """Recordings so that each reads only what an earlier level recorded."""
    waiting = {one.name: one for one in recordings}
    levels: list[list[Recording]] = []
    while waiting:
        ready = [one for one in waiting.values() if not names_in(one.expression) & waiting.keys()]
        if not ready:
            raise ValueError(f"these rules read one another: {', '.join(sorted(waiting))}")
        levels.append(ready)
        waiting = {name: one for name, one in waiting.items() if one not in ready}
    return levels


def sources_of(expression: str, recordings: Iterable[Recording]) -> set[str]:
    """The words of an expression with those of the recordings that it reads, however deep."""
    by_name = {one.name: one for one in recordings}
    found: set[str] = set()
    waiting = names_in(expression)
    while waiting:
        name = waiting.pop()
        found.add(name)
        if name in by_name:
            waiting |= names_in(by_name[name].expression) - found
    return found
