"""Objects that emitters put into one text attribute: JSON, or the text that Python prints of a dictionary."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from exporter.signals import Value, clean_text

LONGEST_OBJECT: Final = 2**16
"""Characters of a text that is parsed; usage takes a few hundred."""

# Possessive, so that the time grows with the length of a text, whatever it holds.
_TOKEN: Final = re.compile(
    r"""\s*+(?:(?P<mark>[\[\]{}(),:])|(?P<number>-?\d++(?:\.\d++)?(?:[eE][-+]?\d++)?)|(?P<word>True|False|None)"""
    r"""|'(?P<single>(?:[^'\\]|\\.)*+)'|"(?P<double>(?:[^"\\]|\\.)*+)")\s*+""",
    re.DOTALL,
)
_WORDS: Final = {"True": "true", "False": "false", "None": "null"}
_MARKS: Final = {"(": "[", ")": "]"}


def read_object(text: Value | None) -> dict[str, Any]:
    """The object that a text holds; an empty one when it holds none.

    Python's printed form is rewritten to JSON piece by piece.  Nothing is evaluated, so the worst a text can be is
    unreadable; escapes inside its strings stay as they stand.
    """
    if type(text) is not str or len(text) > LONGEST_OBJECT or not text.lstrip().startswith("{"):
        return {}
    found = _parse(text)
    if found is None:
        rewritten = _rewrite(text)
        found = _parse(rewritten) if rewritten else None
    return found if isinstance(found, dict) else {}


def unquote(text: Value | None) -> Value | None:
    """The text that a JSON string stands for, storable; anything else as it is.  Some emitters encode every value."""
    if type(text) is str and len(text) > 1 and text[0] == text[-1] == '"':
        parsed = _parse(text)
        return clean_text(parsed) if isinstance(parsed, str) else text
    return text


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _rewrite(text: str) -> str:
    """The JSON of a printed Python object, empty when it has anything but literals."""
    pieces, position = list[str](), 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            return ""
        position = token.end()
        pieces.append(_as_json(token))
    return "".join(pieces)


def _as_json(token: re.Match[str]) -> str:
    kind = token.lastgroup
    written = token[kind] if kind else ""
    if kind == "mark":
        return _MARKS.get(written, written)
    if kind == "word":
        return _WORDS[written]
    return written if kind == "number" else json.dumps(written)
