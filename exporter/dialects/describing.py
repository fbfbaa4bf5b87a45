"""What is understood, as data: every dialect with its signals, marks and names, and how known emitters count."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, Final, NamedTuple

from exporter.dialects import conventions
from exporter.dialects.basis import EMITTERS, Emitter
from exporter.dialects.registry import DIALECTS, LOGS, METRICS
from exporter.dialects.spellings import Spellings

FIELDS: Final = tuple(of.name for of in fields(Spellings) if of.init)
"""What a call can say, in the order in which `Spellings` has it."""


class OfSpans(NamedTuple):
    """What a dialect reads in spans."""

    marks: tuple[str, ...]
    """A span of the dialect has one of them."""
    names: dict[str, tuple[str, ...]]
    """By field, in the order in which they are believed; those of the conventions too, where they count."""
    is_claimed: bool
    """Whether a mark is not enough, and the scope or further attributes must say so too."""
    content: tuple[str, ...]
    """Attributes with content, out of which decode takes an id or a count; the text goes no further."""


class OfLogs(NamedTuple):
    """What a dialect reads in log records."""

    events: tuple[str, ...]
    names: dict[str, tuple[str, ...]]


class OfMetrics(NamedTuple):
    """What a dialect reads in metric points."""

    instruments: tuple[str, ...]
    types: tuple[str, ...]
    """Attributes that tell the kinds of token apart."""


class Description(NamedTuple):
    """One dialect; None for signals in which it says nothing."""

    name: str
    about: str
    spans: OfSpans | None
    logs: tuple[OfLogs, ...]
    metrics: tuple[OfMetrics, ...]

    @property
    def signals(self) -> tuple[str, ...]:
        told = {"spans": self.spans, "logs": self.logs, "metrics": self.metrics}
        return tuple(signal for signal, what in told.items() if what)


def describe_dialects() -> list[Description]:
    """All dialects, those of spans in the order in which they are asked."""
    readers: dict[str, Callable[..., Any]] = {one.name: one.read for one in DIALECTS}
    for logs in LOGS:
        readers.setdefault(logs.dialect, logs.read)
    for metrics in METRICS:
        readers.setdefault(metrics.dialect, metrics.read)
    return [_describe(name, read) for name, read in readers.items()]


def known_dialects() -> frozenset[str]:
    """The names that rows may have as their dialect."""
    return frozenset(one.name for one in describe_dialects())


def to_mapping() -> dict[str, Any]:
    """Everything as JSON has it."""
    return {"dialects": [_as_json(one) for one in describe_dialects()], "emitters": [_row(one) for one in EMITTERS]}


def beyond_the_conventions(names: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The names that a dialect has of its own, by field."""
    shared = {of: frozenset(getattr(conventions.SPELLINGS, of)) for of in FIELDS}
    own = {of: tuple(name for name in given if name not in shared[of]) for of, given in names.items()}
    return {of: given for of, given in own.items() if given}


def _describe(name: str, read: Callable[..., Any]) -> Description:
    spans = [
        OfSpans(
            tuple(sorted(one.marks)),
            names_of(one.spellings),
            one.claims is not None,
            tuple(sorted(one.lift.content)),
        )
        for one in DIALECTS
        if one.name == name
    ]
    logs = [OfLogs(tuple(sorted(one.events)), names_of(one.spellings)) for one in LOGS if one.dialect == name]
    metrics = [OfMetrics(tuple(sorted(one.metrics)), one.types) for one in METRICS if one.dialect == name]
    return Description(name, _about(read), spans[0] if spans else None, tuple(logs), tuple(metrics))


def names_of(spellings: Spellings) -> dict[str, tuple[str, ...]]:
    """The names of each field that has any."""
    return {of: getattr(spellings, of) for of in FIELDS if getattr(spellings, of)}


def _about(read: Callable[..., Any]) -> str:
    """The first sentence of the file that reads the dialect."""
    text = (sys.modules[read.__module__].__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(text.split()).rstrip(".")


def _as_json(one: Description) -> dict[str, Any]:
    return {
        "name": one.name,
        "about": one.about,
        "spans": one.spans._asdict() if one.spans is not None else None,
        "logs": [logs._asdict() for logs in one.logs],
        "metrics": [metrics._asdict() for metrics in one.metrics],
    }


def _row(one: Emitter) -> dict[str, Any]:
    return {
        "scope": one.scope,
        "input_leaves_out_cached_tokens_of": whom(one.exclusive_for, everyone=one.is_exclusive),
        "output_leaves_out_reasoning_of": whom(one.additive_for, everyone=one.is_additive),
    }


def whom(providers: frozenset[str], *, everyone: bool) -> list[str]:
    """The providers of which something holds; `all` for all of them."""
    return ["all"] if everyone else sorted(providers)


def emitters_by_scope() -> Sequence[Emitter]:
    """The emitter table by scope."""
    return sorted(EMITTERS, key=lambda one: one.scope)
