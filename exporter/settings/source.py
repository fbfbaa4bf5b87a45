"""The text of a configuration file to plain values, and the line on which each key stands.

Scalars are those of the YAML 1.2 core schema, so `off` and `no` are texts and a date stays a text;
decimals are exact.  Secrets and numbers of money never pass through a float.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

import yaml

from exporter.errors import ConfigError, Problem

_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final[Mapping[str, Callable[[str], Any]]] = {
    f"{_TAG}null": lambda _: None,
    f"{_TAG}bool": lambda text: text.lower() == "true",
    f"{_TAG}int": int,
    f"{_TAG}float": Decimal,
    f"{_TAG}str": str,
}


class Document(NamedTuple):
    """What a configuration file says."""

    values: dict[str, Any]
    lines: dict[str, int]
    """Dotted path of each key and item to its line, from 1."""

    def line_of(self, key: str) -> int | None:
        """The line of a key, or of the nearest thing around it; None for the whole file."""
        while key:
            if key in self.lines:
                return self.lines[key]
            key = key[: max(key.rfind("."), key.rfind("["), 0)]
        return None


class _CoreLoader(yaml.SafeLoader):
    """Resolves plain scalars by the YAML 1.2 core schema instead of YAML 1.1."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way to state it


for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9][0-9_]*", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _CoreLoader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"(?:{_pattern})$", re.ASCII), _first)


def parse_document(text: str, source: str) -> Document:
    """The values of a configuration file.  ConfigError names the source and the line of what is no YAML."""
    try:
        node = yaml.compose(text, Loader=_CoreLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{source}:{mark.line + 1}" if mark else source
        raise ConfigError(f"{place}: not valid YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not valid YAML: {str(error).splitlines()[0]}") from error
    if node is None:
        return Document({}, {})
    reading = _Reading()
    values = reading.value(node, "", ())
    if not isinstance(values, dict):
        raise ConfigError(f"{source}: expected a mapping of settings, as `listen: 127.0.0.1:4318`")
    document = Document(values, reading.lines)
    if reading.problems:
        raise config_error(source, document, reading.problems)
    return document


def config_error(source: str, document: Document, problems: list[Problem]) -> ConfigError:
    """One error for all problems of a file: a line each, with the file, the line and the key."""
    placed = [(document.line_of(problem.key), problem) for problem in problems]
    placed.sort(key=lambda found: found[0] or 0)
    texts = [f"{source}:{line}: {problem}" if line else f"{source}: {problem}" for line, problem in placed]
    return ConfigError("\n".join(texts), problems=[problem._asdict() for _, problem in placed])


class _Reading:
    """One walk over the nodes of a document."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, key: str, around: tuple[yaml.Node, ...]) -> Any:
        self.lines.setdefault(key, node.start_mark.line + 1)
        if any(node is outer for outer in around):
            self.problems.append(Problem(key, "an anchor may not contain itself"))
            return None
        if node.tag == f"{_TAG}map" and isinstance(node, yaml.MappingNode):
            return self._mapping(node, key, (*around, node))
        if node.tag == f"{_TAG}seq" and isinstance(node, yaml.SequenceNode):
            return [self.value(item, f"{key}[{place}]", (*around, node)) for place, item in enumerate(node.value)]
        return self._scalar(node, key)

    def _mapping(self, node: yaml.MappingNode, key: str, around: tuple[yaml.Node, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = name_node.value if isinstance(name_node, yaml.ScalarNode) else "?"
            path = f"{key}.{name}" if key else name
            if not isinstance(name_node, yaml.ScalarNode):
                self.problems.append(Problem(path, "a key must be a text"))
            elif name in values:
                self.problems.append(Problem(path, f"given twice, first in line {self.lines[path]}"))
            self.lines[path] = name_node.start_mark.line + 1
            values[name] = self.value(value_node, path, around)
        return values

    def _scalar(self, node: yaml.Node, key: str) -> Any:
        convert = _SCALARS.get(node.tag) if isinstance(node, yaml.ScalarNode) else None
        if convert is None:
            self.problems.append(Problem(key, f"the tag {node.tag} is not understood"))
            return None
        try:
            return convert(node.value)
        except (ValueError, ArithmeticError):
            self.problems.append(Problem(key, f"{node.value} is not a value of the tag {node.tag}"))
            return None
