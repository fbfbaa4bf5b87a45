"""Haystack's own tracer: tags of its components, and usage only inside the JSON of what a component puts out.

The output is sent with HAYSTACK_CONTENT_TRACING_ENABLED alone; without it a model call is known, its usage is not.
Source: haystack-ai 2.31.0, `haystack/core/pipeline` and `haystack/components`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from exporter.dialects import conventions, raw_usage
from exporter.dialects.base import Dialect
from exporter.dialects.fields import short_text
from exporter.dialects.json_text import find, parse_object
from exporter.dialects.kinds import OPERATIONS, UNNAMED, Operation
from exporter.dialects.providers import SPELLINGS as PROVIDERS
from exporter.dialects.providers import normalise
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import EMBEDDING, LLM, Reading

NAME: Final = "haystack"

_TYPE, _WHERE, _OUTPUT = (f"haystack.component.{name}" for name in ("type", "fully_qualified_type", "output"))
_KINDS: Final = (
    ("embedder", OPERATIONS["embeddings"]),
    ("generator", OPERATIONS["chat"]),
    ("toolinvoker", OPERATIONS["execute_tool"]),
    # Its output repeats the messages of the calls within.
    ("agent", OPERATIONS["invoke_agent"]),
)
"""Part of a component's class name, by which Haystack tells what components do."""
SPELLINGS: Final = conventions.SPELLINGS.followed_by(Spellings(operation=(_TYPE,)))
_CALLS: Final = frozenset({LLM, EMBEDDING})
_WORD: Final = re.compile(r"[A-Za-z0-9_]+")


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a component's run."""
    return read_usage(span, present, NAME, _operation(short_text(span.attributes.get(_TYPE))))


@lru_cache(maxsize=256)
def _operation(component: str) -> Operation:
    name = component.lower()
    return next((operation for part, operation in _KINDS if part in name), UNNAMED)


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Of a model call alone: other components hand on what calls have put out."""
    if _operation(short_text(attributes.get(_TYPE))).kind not in _CALLS:
        return {}
    where, metas = attributes.get(_WHERE), list(_metas(parse_object(attributes.get(_OUTPUT))))
    for meta in metas:
        if counts := raw_usage.read_usage_object(meta.get("usage")):
            return _identity(meta, where) | counts
    return _identity(metas[0], where) if metas else {}


def _metas(output: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """What a component says of each reply, of all texts, or of all vectors.

    Several replies to one call repeat its usage, so the first that has one is enough.
    """
    replies, meta = find(output, ("replies",)), find(output, ("meta",))
    of_replies = [find(reply, ("meta",)) for reply in replies] if type(replies) is list else []
    of_texts = meta if type(meta) is list else [meta]
    yield from (one for one in (*of_replies, *of_texts) if type(one) is dict)


def _identity(meta: dict[str, Any], where: Value | None) -> dict[str, Value]:
    found = {
        "gen_ai.response.model": meta.get("model"),
        conventions.RESPONSE_ID: meta.get("id"),
        "gen_ai.provider.name": _provider(short_text(where)),
    }
    return {name: text for name, text in found.items() if type(text) is str and text}


@lru_cache(maxsize=256)
def _provider(where: str) -> str:
    """Integrations stand in packages named after the provider."""
    known = (normalise(word)[0] for word in _WORD.findall(where))
    return next((provider for provider in known if provider in PROVIDERS), "")


DIALECT: Final = Dialect(
    name=NAME,
    marks=frozenset({_TYPE}),
    wanted=conventions.WANTED | {_TYPE, _WHERE},
    spellings=SPELLINGS,
    read=read,
    lift=Lift(frozenset({_OUTPUT}), _take),
)
