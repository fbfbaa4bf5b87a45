"""A shipped configuration with its hosts, ports and paths moved to this machine, and nothing else changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Value = Any
"""What a YAML document consists of: mappings, lists, texts, numbers, truth values, None."""

_PATH_KEYS = frozenset({"rule_files", "templates", "files"})
_PATH_SUFFIX = "_file"


class _Loader(yaml.SafeLoader):
    """Leaves `17:00` and `2026-11-21` texts, as the Go programs that read these files do."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":int", ":float", ":timestamp"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(0|[1-9][0-9]*)$"), list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+\.[0-9]+$"), list("-+0123456789"))


def read_document(path: Path) -> dict[str, Value]:
    document: dict[str, Value] = yaml.load(path.read_text(), Loader=_Loader)
    return document


def write_document(path: Path, document: Value) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(document, sort_keys=False, width=120))
    return path


def move_texts(document: Value, moves: Mapping[str, str]) -> Value:
    """Every text with each whole host, address or path that `moves` names replaced; the longest name wins."""
    names = "|".join(re.escape(name) for name in sorted(moves, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w.])(?<!\w-)({names})(?![\w.-])")
    return map_texts(document, lambda text: pattern.sub(lambda found: moves[found[1]], text))


def map_texts(document: Value, change: Callable[[str], str]) -> Value:
    """The document with every text changed; keys stay."""
    match document:
        case Mapping():
            return {key: map_texts(value, change) for key, value in document.items()}
        case list():
            return [map_texts(value, change) for value in document]
        case str():
            return change(document)
        case _:
            return document


def root_paths(document: Value, folder: Path) -> Value:
    """Relative paths made absolute: these files are read from another folder than the one they are shipped in."""
    match document:
        case Mapping():
            return {
                key: map_texts(value, lambda text: str(folder / text))
                if _holds_paths(key)
                else root_paths(value, folder)
                for key, value in document.items()
            }
        case list():
            return [root_paths(value, folder) for value in document]
        case _:
            return document


def _holds_paths(key: str) -> bool:
    return key in _PATH_KEYS or key.endswith(_PATH_SUFFIX)


def texts_of(document: Value) -> Iterator[str]:
    """Every text in it, keys left out."""
    match document:
        case Mapping():
            for value in document.values():
                yield from texts_of(value)
        case list():
            for value in document:
                yield from texts_of(value)
        case str():
            yield document
