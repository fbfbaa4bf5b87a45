"""The price book: which price holds for a call, and what the call costs by it.

A book is immutable.  New prices make a new book, and what was charged by an old one stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.errors import Conflict
from exporter.pricing.charge import Charge
from exporter.pricing.contexts import state_context
from exporter.pricing.library import Library
from exporter.pricing.names import row_key
from exporter.pricing.normalise import split_prefix
from exporter.pricing.offers import Offer, offer_of_row
from exporter.pricing.rows import CONTRACT, LIBRARY, WITHDRAWN, Multiplier, PriceRow, find_overlap
from exporter.pricing.sheets import Sheet, charge_by, unknown
from exporter.pricing.targets import Target, find_target
from exporter.pricing.timelines import MAX_ALIASES, NOTHING, Scene, Segment, Timeline, build_timeline, sheet_at
from exporter.usage import NO_CONTEXT, PriceContext, Tokens

REMEMBERED: Final = 4_000
"""Models and contexts that are kept ready, the unknown ones included; the others are found again."""
UNKNOWN_MODEL: Final = "unknown_model"
UNKNOWN_PROVIDER: Final = "unknown_provider"
_NOTHING_FOUND: Final = frozenset({UNKNOWN_MODEL, UNKNOWN_PROVIDER})

_Key = tuple[str, str, PriceContext]


class Listing(NamedTuple):
    """What the book says of a model at an instant and in a context."""

    model: str
    timeline: Timeline
    sheet: Sheet | None
    """The rates that hold, None when there is no price."""

    def price(self, tokens: Tokens, units: Mapping[str, int]) -> Charge:
        """The charge of one call."""
        return unknown(self.timeline.why_unknown) if self.sheet is None else charge_by(self.sheet, tokens, units)

    def changes_by(self, end_ns: int) -> bool:
        """Whether a call that ends then does so under another price than at its start, by which it is charged."""
        last = sheet_at(self.timeline, end_ns)
        return last is not self.sheet and last != self.sheet

    @property
    def is_dear_to_keep(self) -> bool:
        """Whether cache writes of an hour have another rate than those of five minutes, so that an unknown
        lifetime makes the amount an estimate."""
        sheet = self.sheet
        if sheet is None or sheet.assumed_1h:
            return False
        rates = sheet.base.per_class
        return rates[3] is not None and rates[3] != rates[2]


_NO_MODEL: Final = Listing("", Timeline((0,), (NOTHING,), UNKNOWN_MODEL), None)


class PriceBook:
    """Prices by layer: contract, override, self-hosted, corrections, library, alias seeds."""

    def __init__(
        self,
        library: Library,
        rows: Iterable[PriceRow] = (),
        multipliers: Sequence[Multiplier] = (),
        *,
        version: str = "",
    ) -> None:
        """`version` names the rows that are shipped; those of operators are named by content.  Conflict on overlaps."""
        self.rows = tuple(row for row in rows if row.status != WITHDRAWN)
        meeting = find_overlap(self.rows)
        if meeting:
            one, other = meeting
            raise Conflict(
                f"two {one.layer} prices for {one.provider or 'any provider'}/{one.model} hold at the same time",
                model=one.model,
                layer=one.layer,
                sources=[one.source, other.source],
            )
        self.library = library
        self.multipliers = tuple(multipliers)
        self.version = version or library.version
        self._offers: dict[tuple[str, str], list[tuple[str, Offer]]] = {}
        for row in self.rows:
            self._offers.setdefault((row_key(row.provider), row.model), []).append(
                (row.org, offer_of_row(row, row.layer))
            )
        self._recent: dict[_Key, Timeline] = {}
        self._older: dict[_Key, Timeline] = {}

    def with_rows(self, rows: Iterable[PriceRow]) -> PriceBook:
        """A new book with these rows beside the ones of this book."""
        return PriceBook(self.library, (*self.rows, *rows), self.multipliers, version=self.version)

    def price(
        self,
        provider: str,
        model: str,
        at_ns: int,
        tokens: Tokens,
        units: Mapping[str, int],
        *,
        context: PriceContext = NO_CONTEXT,
    ) -> Charge:
        """The charge of one call at its start.  `provider` in either spelling; empty when nobody said."""
        timeline = self.timeline(provider, model, context)
        return Listing(model, timeline, sheet_at(timeline, at_ns)).price(tokens, units)

    def price_first(
        self,
        provider: str,
        models: Sequence[str],
        at_ns: int,
        tokens: Tokens,
        units: Mapping[str, int],
        *,
        context: PriceContext = NO_CONTEXT,
    ) -> tuple[str, Charge]:
        """The first model that has a price, with its charge; the first model when none has one."""
        listing = self.listing(provider, models, at_ns, context)
        return listing.model, listing.price(tokens, units)

    def listing(self, provider: str, models: Sequence[str], at_ns: int, context: PriceContext = NO_CONTEXT) -> Listing:
        """The first model that is listed; the first model when none is."""
        first: Listing | None = None
        for model in models:
            timeline = self.timeline(provider, model, context)
            sheet = sheet_at(timeline, at_ns)
            if sheet is not None or timeline.why_unknown not in _NOTHING_FOUND:
                return Listing(model, timeline, sheet)
            first = first or Listing(model, timeline, None)
        return first or _NO_MODEL

    def sheet(self, provider: str, model: str, at_ns: int, context: PriceContext = NO_CONTEXT) -> Sheet | None:
        """The rates that hold for a model at an instant, or None when it has no price."""
        return sheet_at(self.timeline(provider, model, context), at_ns)

    def timeline(self, provider: str, model: str, context: PriceContext = NO_CONTEXT) -> Timeline:
        """All prices of a model in a context over time."""
        key = (provider, model, context)
        timeline = self._recent.get(key)
        if timeline is None:
            timeline = self._older.get(key) or self._build(find_target(self.library, provider, model), context, 0)
            self._remember(key, timeline)
        return timeline

    def _remember(self, key: _Key, timeline: Timeline) -> None:
        """Two generations: what nobody asks for while the young one fills is forgotten.  A hit writes nothing."""
        if len(self._recent) >= REMEMBERED // 2:
            self._older, self._recent = self._recent, {}
        self._recent[key] = timeline

    def _build(self, target: Target, context: PriceContext, depth: int) -> Timeline:
        stated = state_context(context, target.provider)
        offers = self._offers_for(target, context.org)
        if target.listing is not None:
            offers[LIBRARY] = list(self.library.offers(target.listing, stated.values))

        def follow(model: str, at_ns: int, level: int) -> Segment:
            return self._follow(target, model, context, at_ns, level)

        return build_timeline(
            offers,
            Scene(target, stated, self.multipliers if stated.values else (), follow, depth, self._why_unknown(target)),
        )

    def _offers_for(self, target: Target, org: str) -> dict[str, list[Offer]]:
        """Rows by layer, in each layer those of the most specific name and provider first."""
        offers: dict[str, list[Offer]] = {}
        for name in target.names:
            for key in target.row_keys:
                for owner, offer in self._offers.get((key, name), ()):
                    if offer.layer != CONTRACT or owner == org:
                        offers.setdefault(offer.layer, []).append(offer)
        return offers

    def _follow(self, target: Target, model: str, context: PriceContext, at_ns: int, depth: int) -> Segment:
        """What an alias points to at an instant; a circle of aliases leads nowhere."""
        if depth > MAX_ALIASES:
            return NOTHING
        meant = find_target(self.library, target.provider.name, model)
        if meant.listing is None and split_prefix(model)[0]:
            meant = find_target(self.library, "", model)
        return Segment(sheet_at(self._build(meant, context, depth), at_ns), ())

    def _why_unknown(self, target: Target) -> str:
        seller = target.provider
        listed = not seller.known or self.library.has_provider(seller.book)
        return (
            UNKNOWN_MODEL if listed or any(key in target.row_keys[:-1] for key, _ in self._offers) else UNKNOWN_PROVIDER
        )
