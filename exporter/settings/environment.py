"""Settings from environment variables: `AGENT_EXPORTER_` and the key in capitals, a dot as an underscore."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from exporter.errors import ConfigError, Problem
from exporter.settings.credentials import headers, tokens
from exporter.settings.source import parse_document
from exporter.settings.table import CONFIG_VARIABLE, ENVIRONMENT_PREFIX, SETTINGS


class Given(NamedTuple):
    """A value and where it was written, for the message about it."""

    value: Any
    origin: str


def read_environment(environ: Mapping[str, str]) -> tuple[dict[str, Given], list[Problem]]:
    """Values by key of the setting, and a problem for each variable that is none.

    An empty variable counts as absent, because compose files pass variables on that nobody set.
    """
    known = {row.variable: row for row in SETTINGS}
    given: dict[str, Given] = {}
    problems: list[Problem] = []
    for variable in sorted(environ):
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable == CONFIG_VARIABLE or not environ[variable]:
            continue
        if variable not in known:
            problems.append(Problem(variable, _unknown_variable(variable, [*known, CONFIG_VARIABLE])))
            continue
        row = known[variable]
        try:
            value = _structured(environ[variable], variable) if row.read in (headers, tokens) else environ[variable]
        except ConfigError as error:
            problems.append(Problem("", error.message.replace(f"{variable}:1:", f"{variable}:")))
            continue
        given[row.key] = Given(value, variable)
    return given, problems


def _structured(text: str, variable: str) -> Any:
    """A list or mapping, written as in the file."""
    return parse_document(f"{{value: {text}}}", variable).values["value"]


def _unknown_variable(variable: str, known: list[str]) -> str:
    names = [name.removeprefix(ENVIRONMENT_PREFIX) for name in known]
    near = get_close_matches(variable.removeprefix(ENVIRONMENT_PREFIX), names, n=1, cutoff=0.7)
    return (
        f"unknown variable, did you mean {ENVIRONMENT_PREFIX}{near[0]}?"
        if near
        else "unknown variable, no setting has it"
    )
