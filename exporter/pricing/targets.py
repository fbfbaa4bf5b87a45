"""Which model a call means: its seller, the names it may be priced under, and where the library lists it."""

from __future__ import annotations

from typing import Final, NamedTuple

from exporter.pricing.library import Library, Listing
from exporter.pricing.names import NOBODY, Provider, convention_name, find_provider
from exporter.pricing.normalise import MAX_LENGTH, clean_reference, names_of_reference, split_prefix

FIRST_PARTIES: Final = (
    "openai", "anthropic", "google", "mistral", "x-ai", "deepseek", "cohere", "moonshotai", "minimax", "meta", "zai",
    "zhipuai", "perplexity", "voyageai", "aws",
)  # fmt: skip
"""Who is taken to have sold a model when nobody says so: its maker, or Bedrock for ids of its form."""


class Target(NamedTuple):
    provider: Provider
    names: tuple[str, ...]
    """Names under which price rows hold for the model, most specific first."""
    listing: Listing | None

    @property
    def row_keys(self) -> tuple[str, ...]:
        """Providers under which price rows are looked for, most specific first; "" holds for all."""
        return tuple(dict.fromkeys((self.provider.name, self.provider.book, "")))

    @property
    def model(self) -> str:
        """The id by which multipliers know the model."""
        return self.listing.model if self.listing else (self.names[-1] if self.names else "")


def find_target(library: Library, provider: str, model: str) -> Target:
    """Never fails: a model that nobody lists has no listing, and may still have price rows."""
    seller = find_provider(provider)
    reference = clean_reference(model)
    if not reference or len(reference) > MAX_LENGTH:
        return Target(seller, (), None)
    if not seller.known:
        return _by_model(library, reference)
    found = _listed(library, seller, reference)
    prefix, rest = split_prefix(reference)
    if found is None and prefix and find_provider(prefix).book == seller.book:
        return _listed(library, seller, rest) or _unlisted(seller, rest)
    return found or _unlisted(seller, reference)


def _by_model(library: Library, reference: str) -> Target:
    prefix, rest = split_prefix(reference)
    named = find_provider(prefix)
    if named.known and library.has_provider(named.book):
        return _listed(library, named, rest) or _listed(library, named, reference) or _unlisted(named, rest)
    for book in FIRST_PARTIES:
        found = _listed(library, Provider(convention_name(book), book), reference)
        if found:
            return found
    return _unlisted(NOBODY, reference)


def _listed(library: Library, seller: Provider, reference: str) -> Target | None:
    names = names_of_reference(reference)
    found = library.find(seller.book, names)
    if found is None:
        return None
    listing, index = found
    return Target(seller, tuple(dict.fromkeys((*names[: index + 1], listing.model))), listing)


def _unlisted(seller: Provider, reference: str) -> Target:
    return Target(seller, names_of_reference(reference), None)
