"""All layers of a book, for one model in one context, flattened into a line of sheets over time.

Made once for each model and context that is seen; a call then needs a bisection and no decision.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from exporter.pricing.contexts import Stated, multiplier_for
from exporter.pricing.offers import Offer, sheet_of_offer
from exporter.pricing.rows import LAYERS, LIBRARY, SELF_HOSTED, Multiplier, Windows
from exporter.pricing.sheets import CONTEXT_ASSUMED, Sheet, multiplied
from exporter.pricing.targets import Target

CONTEXT_UNMATCHED: Final = "context_unmatched"
_DAWN: Final = -(2**63)
_MINUTE_NS: Final = 60 * 10**9
_DAY_MINUTES: Final = 1440
_EPOCH_WEEKDAY: Final = 3
"""1 January 1970 was a Thursday."""
MAX_ALIASES: Final = 4
"""Pointers that are followed before a chain counts as a circle."""


class Segment(NamedTuple):
    plain: Sheet | None
    windowed: tuple[tuple[Windows, Sheet | None], ...]
    """Exceptions by time of day and weekday, first match first."""


class Timeline(NamedTuple):
    starts: tuple[int, ...]
    segments: tuple[Segment, ...]
    why_unknown: str
    """The reason where a segment has no sheet."""


NOTHING: Final = Segment(None, ())


class Scene(NamedTuple):
    """What stays the same along a timeline."""

    target: Target
    stated: Stated
    multipliers: Sequence[Multiplier]
    follow: Callable[[str, int, int], Segment]
    """The segment of another model at an instant, for aliases; the last argument is their depth."""
    depth: int
    why_unknown: str


def sheet_at(timeline: Timeline, at_ns: int) -> Sheet | None:
    """The sheet in force; intervals include their start and exclude their end."""
    segment = timeline.segments[bisect_right(timeline.starts, at_ns) - 1]
    if segment.windowed:
        for windows, sheet in segment.windowed:
            if windows_hold(windows, at_ns):
                return sheet
    return segment.plain


def windows_hold(windows: Windows, at_ns: int) -> bool:
    minutes = at_ns // _MINUTE_NS + windows.utc_offset_minutes
    day, minute = divmod(minutes, _DAY_MINUTES)
    if (day + _EPOCH_WEEKDAY) % 7 not in windows.weekdays:
        return False
    return any(opened <= minute < closed for opened, closed in windows.spans)


def build_timeline(offers: Mapping[str, Sequence[Offer]], scene: Scene) -> Timeline:
    """`offers` by layer, each layer's most specific names first."""
    cuts = {_DAWN}
    for offer in (offer for layer in offers.values() for offer in layer):
        cuts.update(bound for bound in (offer.from_ns, offer.until_ns) if bound is not None)
    for one in scene.multipliers:
        cuts.update(bound for bound in (one.from_ns, one.until_ns) if bound is not None)
    starts: list[int] = []
    segments: list[Segment] = []
    for start in sorted(cuts):
        segment = _segment(offers, start, scene, 0)
        if not segments or segment != segments[-1]:
            starts.append(start)
            segments.append(segment)
    return Timeline(tuple(starts), tuple(segments), scene.why_unknown)


def _segment(offers: Mapping[str, Sequence[Offer]], at_ns: int, scene: Scene, layer: int) -> Segment:
    """What the layers from `layer` down say at an instant: the highest plain price, under the windows above it."""
    if layer == len(LAYERS):
        return NOTHING
    fitting = [one for one in offers.get(LAYERS[layer], ()) if one.holds_at(at_ns) and _fits(one, scene.stated)]
    lower: Segment | None = None
    windowed: list[tuple[Windows, Sheet | None]] = []
    for one in fitting:
        if one.windows is not None:
            lower = lower or _segment(offers, at_ns, scene, layer + 1)
            windowed += [(one.windows, sheet) for sheet in [_sheet(one, lower, at_ns, scene)] if sheet]
    plain = max((one for one in fitting if one.windows is None), key=lambda one: len(one.context), default=None)
    if plain is not None and plain.alias_of:
        return scene.follow(plain.alias_of, at_ns, scene.depth + 1)
    if plain is not None and plain.rates:
        return Segment(_sheet(plain, NOTHING, at_ns, scene), tuple(windowed))
    lower = lower or _segment(offers, at_ns, scene, layer + 1)
    if plain is not None and plain.percent:
        cut = tuple((windows, _scaled(sheet, plain)) for windows, sheet in lower.windowed)
        return Segment(_scaled(lower.plain, plain), (*windowed, *cut))
    return Segment(lower.plain, (*windowed, *lower.windowed))


def _fits(offer: Offer, stated: Stated) -> bool:
    return offer.context.items() <= stated.values.items()


def _sheet(offer: Offer, lower: Segment, at_ns: int, scene: Scene) -> Sheet | None:
    if offer.percent:
        return _scaled(lower.plain, offer)
    sheet = sheet_of_offer(offer)
    return _in_context(sheet, offer, at_ns, scene) if sheet else None


def _scaled(sheet: Sheet | None, offer: Offer) -> Sheet | None:
    if sheet is None or offer.percent is None:
        return None
    return multiplied(sheet, offer.percent)._replace(version=f"{offer.version} of {sheet.version}")


def _in_context(sheet: Sheet, offer: Offer, at_ns: int, scene: Scene) -> Sheet:
    """The sheet with the multipliers of what the offer itself did not answer to.

    A self-hosted price holds for every context, unless the row says otherwise.
    """
    reasons = list(sheet.reasons)
    if scene.stated.undecided or (
        scene.target.listing is not None and scene.target.listing.lent and scene.stated.values
    ):
        reasons.append(CONTEXT_ASSUMED)
    unsure, version = sheet.unsure_cache, sheet.version
    for key, value in scene.stated.values.items():
        if offer.context.get(key) == value or offer.layer == SELF_HOSTED:
            continue
        one = multiplier_for(scene.multipliers, (key, value), scene.target.provider, scene.target.model, at_ns)
        if one is None:
            reasons += [CONTEXT_UNMATCHED] if key != "region" else []
            continue
        sheet = multiplied(sheet, one.ratio)
        version = f"{version}*{one.ratio[0]}/{one.ratio[1]}"
        unsure = unsure or one.uncertain_cache
        reasons += [one.estimated] if one.estimated else []
        reasons += [CONTEXT_ASSUMED] if LAYERS.index(offer.layer) < LAYERS.index(LIBRARY) - 1 else []
    return sheet._replace(reasons=tuple(dict.fromkeys(reasons)), unsure_cache=unsure, version=version)
