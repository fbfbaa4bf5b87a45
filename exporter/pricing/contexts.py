"""What a call says about how it was served, and the surcharges and discounts that follow from it.

A call that says nothing is charged the standard price and counts as `priced`: silence is how standard calls
look.  Only a statement that could not be used makes an estimate: `context_unmatched` when no price or
multiplier answers to it, `context_assumed` when its meaning had to be guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from exporter.errors import InvalidRequest
from exporter.pricing.names import Provider
from exporter.pricing.row_json import instant_from_text
from exporter.pricing.rows import Multiplier
from exporter.usage import PriceContext

_STANDARD: Final = frozenset(
    {
        "", "default", "global", "interactive", "none", "normal", "not_available", "on-demand", "on_demand", "online",
        "real_time", "realtime", "standard", "standard_only", "sync", "unknown",
    }
)  # fmt: skip
_UNDECIDED: Final = "auto"
"""A request that leaves the choice to the provider; the response says which it was (specs/pricing.md §3.1)."""
_ROUTE_OF_REGION: Final[Mapping[tuple[str, str], str]] = {("openrouter", "eu"): "mistral/eu"}
VERTEX: Final = "gcp.vertex_ai"


class Stated(NamedTuple):
    """A context in canonical keys and values, without what only says "standard"."""

    values: Mapping[str, str]
    undecided: bool


def state_context(context: PriceContext, provider: Provider) -> Stated:
    """What a price context says in the keys of price rows."""
    processing, tier, speed = _plain(context.processing), _plain(context.service_tier), _plain(context.speed)
    if tier == "batch":
        tier, processing = "", "batch"
    if processing in ("flex", "priority"):
        tier, processing = tier or processing, ""
    undecided = tier == _UNDECIDED
    values = {"processing": processing, "service_tier": "" if undecided else tier, "speed": speed}
    values |= _place(_plain(context.geo), _plain(context.region), provider)
    return Stated({key: value for key, value in values.items() if value}, undecided)


def _place(geo: str, region: str, provider: Provider) -> dict[str, str]:
    """Bedrock's model ids carry their place already; others do not charge by region at all."""
    if provider.book == "aws":
        return {}
    if provider.name == VERTEX:
        return {"region": "regional" if region or geo else ""}
    if provider.book in ("openai", "x-ai"):
        return {"geo": geo or region.split("-", maxsplit=1)[0]}
    route = _ROUTE_OF_REGION.get((provider.book, geo or region), "")
    if route:
        return {"route": route}
    return {"geo": geo}


def _plain(value: str) -> str:
    text = value.strip().lower()
    return "" if text in _STANDARD else text


def multiplier_for(
    multipliers: Sequence[Multiplier], stated: tuple[str, str], provider: Provider, model: str, at_ns: int
) -> Multiplier | None:
    """The first multiplier for a key and value of the context, at an instant."""
    key, value = stated
    for one in multipliers:
        if one.key != key or one.provider not in (provider.book, provider.name):
            continue
        if (one.values and value not in one.values) or not _covers(one.models, model):
            continue
        if (one.from_ns or at_ns) <= at_ns and (one.until_ns is None or at_ns < one.until_ns):
            return one
    return None


def _covers(models: Sequence[str], model: str) -> bool:
    if not models:
        return True
    return any(model.startswith(name[:-1]) if name.endswith("*") else model == name for name in models)


def multiplier_from_mapping(value: Mapping[str, Any]) -> Multiplier:
    """A multiplier as the shipped data states it: `{"key", "values", "ratio": "11/10", "provider", "models", ...}`."""
    numerator, slash, denominator = str(value.get("ratio", "")).partition("/")
    if not slash or not numerator.isdigit() or not denominator.isdigit() or not int(denominator):
        raise InvalidRequest(f"a ratio must be like 11/10, not {value.get('ratio')!r}")
    start, until = value.get("from"), value.get("until")
    return Multiplier(
        key=value["key"],
        values=frozenset(value.get("values", ())),
        ratio=(int(numerator), int(denominator)),
        provider=value["provider"],
        models=tuple(value.get("models", ())),
        from_ns=None if start is None else instant_from_text(start),
        until_ns=None if until is None else instant_from_text(until),
        estimated=value.get("estimated", ""),
        uncertain_cache=bool(value.get("uncertain_cache", False)),
    )
