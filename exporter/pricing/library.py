"""The compiled price library: its file, its names, and its prices as dated offers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from exporter.errors import InvalidRequest
from exporter.pricing.offers import Offer
from exporter.pricing.row_json import instant_from_text, instant_stamp
from exporter.pricing.rows import LIBRARY, Tier, Windows

SCHEMA: Final = 1
_BODY: Final = '"providers":'
_EVERY_DAY: Final = frozenset(range(7))


class Listing(NamedTuple):
    """Where the library lists a model."""

    provider: str
    model: str
    lent: bool
    """Listed under another provider, whose list price this one is taken to charge."""


class Library:
    """Immutable; names and prices of a provider are unpacked when first asked for."""

    def __init__(self, version: str, providers: Mapping[str, Any]) -> None:
        self.version = version
        self._providers = providers
        self._names: dict[str, Mapping[str, str]] = {}

    def has_provider(self, provider: str) -> bool:
        return provider in self._providers

    def providers(self) -> tuple[str, ...]:
        return tuple(self._providers)

    def models(self, provider: str) -> tuple[str, ...]:
        return tuple(self._providers[provider]["models"]) if provider in self._providers else ()

    def find(self, provider: str, names: Sequence[str]) -> tuple[Listing, int] | None:
        """The listing of the first name that is known, and which name that was.

        A provider's own list comes before the lists that it lends from (Azure from OpenAI).
        """
        if provider not in self._providers:
            return None
        for lender in (provider, *self._providers[provider]["fallback"]):
            known = self._names_of(lender)
            for index, name in enumerate(names):
                model = known.get(name)
                if model is not None:
                    return Listing(lender, model, lender != provider), index
        return None

    def offers(self, listing: Listing, context: Mapping[str, str]) -> Iterator[Offer]:
        """The listed prices in that context, one offer for each stretch of time and daily window.

        A context overrides single rates of the standard price; the first override of a rate holds.
        """
        entry = self._providers[listing.provider]["models"][listing.model]
        overrides = [
            (when, _start(start), rates)
            for when, start, rates in entry.get("contexts", ())
            if when.items() <= context.items()
        ]
        for start, until, rates in _stretches(entry["prices"], [start for _, start, _ in overrides]):
            active = [(when, changed) for when, begin, changed in overrides if (begin or 0) <= (start or 0)]
            spans: list[tuple[Windows | None, Mapping[str, Any]]] = [(None, rates)]
            for opened, closed, changed in reversed(entry.get("windows", ())):
                spans.append((_daily(opened, closed), changed))
            for windows, standard in spans:
                offer = _offer(listing, (start, until), windows, standard, active)
                yield offer._replace(version=f"{self.version}:{offer.version}")

    def _names_of(self, provider: str) -> Mapping[str, str]:
        names = self._names.get(provider)
        if names is None:
            models = self._providers[provider]["models"]
            names = {name: model for model, entry in models.items() for name in entry.get("names", ())}
            names |= {model: model for model in models}
            self._names[provider] = names
        return names


def read_library(content: str) -> Library:
    """The library in a compiled file.  InvalidRequest when its schema or its hash is wrong."""
    try:
        document = json.loads(content)
        body = content[content.index(_BODY) + len(_BODY) : content.rindex("}")]
    except ValueError as error:
        raise InvalidRequest(f"not a compiled price library: {error}") from error
    if document.get("schema") != SCHEMA:
        raise InvalidRequest(f"a price library of schema {SCHEMA} is needed, not {document.get('schema')!r}")
    if hashlib.sha256(body.encode()).hexdigest() != document.get("sha256"):
        raise InvalidRequest("the price library does not have the content that its sha256 names")
    return Library(f"{document['library']} {document['version']}", document["providers"])


def _stretches(
    prices: Sequence[Any], further: Sequence[int | None]
) -> Iterator[tuple[int | None, int | None, Mapping[str, Any]]]:
    """Intervals in which neither the standard price nor an override changes."""
    starts = [(_start(start), rates) for start, rates in prices]
    cuts: list[int | None] = [
        None,
        *sorted({cut for cut in (*further, *(start for start, _ in starts)) if cut is not None}),
    ]
    for index, cut in enumerate(cuts):
        until = cuts[index + 1] if index + 1 < len(cuts) else None
        yield cut, until, [rates for start, rates in starts if (start or 0) <= (cut or 0)][-1]


def _offer(
    listing: Listing,
    interval: tuple[int | None, int | None],
    windows: Windows | None,
    standard: Mapping[str, Any],
    overrides: Sequence[tuple[Mapping[str, str], Mapping[str, Any]]],
) -> Offer:
    rates: dict[str, Any] = {}
    used: dict[str, str] = {}
    for when, changed in overrides:
        used |= when
        for name, rate in changed.items():
            rates.setdefault(name, rate)
    base, tiers = _by_tier({**standard, **rates})
    start, until = interval
    return Offer(
        layer=LIBRARY,
        from_ns=start,
        until_ns=until,
        context=MappingProxyType(used),
        windows=windows,
        rates=base,
        tiers=tiers,
        version=_version(listing, start, used),
    )


def _version(listing: Listing, start: int | None, used: Mapping[str, str]) -> str:
    context = "".join(f"[{key}={value}]" for key, value in sorted(used.items()))
    return f"{listing.provider}/{listing.model}{context}@{instant_stamp(start)}"


def _by_tier(stated: Mapping[str, Any]) -> tuple[Mapping[str, int], tuple[Tier, ...]]:
    """Rates with tiers of their own, as whole sets for each prompt size at which any of them changes."""
    base = {name: rate[0] if isinstance(rate, list) else rate for name, rate in stated.items()}
    sizes = {(size, inclusive) for rate in stated.values() if isinstance(rate, list) for size, inclusive, _ in rate[1:]}
    tiers = []
    for size, inclusive in sorted(sizes):
        first = size if inclusive else size + 1
        rates = dict(base)
        for name, rate in stated.items():
            if isinstance(rate, list):
                reached = [pico for bound, at_bound, pico in rate[1:] if bound + (not at_bound) <= first]
                rates[name] = reached[-1] if reached else rate[0]
        tiers.append(Tier(first, MappingProxyType(rates), f">={size}" if inclusive else f">{size}"))
    return MappingProxyType(base), tuple(tiers)


def _start(text: str | None) -> int | None:
    return None if text is None else instant_from_text(text)


def _daily(opened: int, closed: int) -> Windows:
    spans = ((opened, closed),) if opened < closed else ((opened, 1440), (0, closed))
    return Windows(spans, _EVERY_DAY, 0)
