"""Compile the price library into the data file that ships: `python scripts/compile_prices.py [target]`.

Development time only.  The library's decimals become integer pico-USD per token (or unit), its open-ended
patterns become closed lists of names, and its empty prices are left out, for they mean "unknown" there.
The output is a function of the library's version alone.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices.data import providers
from genai_prices.data_units import unit_data
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

SCHEMA = 1
LIBRARY_VERSION = "0.2.3"
TARGET = Path(__file__).parent.parent / "exporter" / "pricing" / "data" / "genai_prices.json"
CORRECTIONS = TARGET.with_name("corrections.json")
PICO_PER_USD = 10**12

RATE_NAMES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_5m_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
}
"""The six token classes by their library key; every other key keeps the name of its unit."""
UNIT_OF_KEY = {unit["price_key"]: (name, unit["per"]) for name, unit in unit_data.items()}
CONTEXT_KEYS = {"processing", "service_tier", "speed", "route"}
DOCUMENTED_FREE = {("google", "gemma-4-26b-a4b-it"), ("google", "gemma-4-31b-it"), ("openai", "moderation")}
"""Free by the provider's own page; the library's other empty prices are gaps.

https://ai.google.dev/gemini-api/docs/pricing, https://platform.openai.com/docs/guides/moderation
"""
INCLUSIVE_AT = {("x-ai", 199_999): 200_000}
"""xAI's boundary includes 200,000; the library writes it one lower because its own comparison is strict."""


class Rounding:
    """The rates that needed more digits than a pico-USD."""

    def __init__(self) -> None:
        self.rounded: list[str] = []

    def pico(self, price: Decimal, per: int, where: str) -> int:
        exact = price * PICO_PER_USD / per
        whole = exact.to_integral_value(ROUND_HALF_EVEN)
        if whole != exact:
            self.rounded.append(where)
        return int(whole)


def main(target: Path) -> None:
    if version("genai-prices") != LIBRARY_VERSION:
        sys.exit(f"genai-prices {LIBRARY_VERSION} is needed, {version('genai-prices')} is installed")
    rounding = Rounding()
    left_out: list[str] = []
    compiled = {
        provider.id: {
            "fallback": provider.fallback_model_providers or [],
            "models": compiled_models(provider.id, provider.models, rounding, left_out),
        }
        for provider in sorted(providers, key=lambda provider: provider.id)
    }
    body = compact(compiled)
    head = {
        "schema": SCHEMA,
        "library": "genai-prices",
        "version": LIBRARY_VERSION,
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
        "rounded": sorted(rounding.rounded),
        "left_out": sorted(left_out),
    }
    target.write_text(f'{compact(head)[:-1]},"providers":{body}}}\n', encoding="utf-8")
    print_reviews(CORRECTIONS)


def print_reviews(corrections: Path) -> None:
    """Prices that somebody has to look at again before a release."""
    for one in json.loads(corrections.read_text(encoding="utf-8"))["reviews"]:
        print(f"review by {one['review_by']}: {one['provider']}/{one['model']}: {one['why']}")


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=False, ensure_ascii=True)


def compiled_models(provider: str, models: list[ModelInfo], rounding: Rounding, left_out: list[str]) -> dict[str, Any]:
    compiled: dict[str, Any] = {}
    taken: set[str] = {model.id.lower() for model in models}
    for model in models:
        entry = compiled_model(provider, model, rounding)
        if entry is None:
            left_out.append(f"{provider}/{model.id}")
            continue
        names = [name for name in sorted(set(names_of(model.match))) if closed(name, model.id) and name not in taken]
        taken.update(names)
        compiled[model.id.lower()] = {"names": names, **entry} if names else entry
    return compiled


def compiled_model(provider: str, model: ModelInfo, rounding: Rounding) -> dict[str, Any] | None:
    conditions = model.prices if isinstance(model.prices, list) else [ConditionalPrice(prices=model.prices)]
    free = model.id.endswith(":free") or (provider, model.id) in DOCUMENTED_FREE
    prices: list[list[Any]] = []
    windows: list[list[Any]] = []
    for condition in conditions:
        where = f"{provider}/{model.id}"
        rates = compiled_rates(provider, condition.prices, where, rounding)
        if not free and not any(positive(rate) for rate in rates.values()):
            rates = {}
        if free and not rates:
            rates = {"input": 0, "output": 0}
        constraint = condition.constraint
        if constraint is None or isinstance(constraint, StartDateConstraint):
            if windows:
                sys.exit(f"{where}: a dated price after a daily window; the book knows windows on top of dates only")
            prices.append([instant(constraint.start_date) if constraint else None, rates])
        else:
            windows.append([minute(constraint.start_time), minute(constraint.end_time), rates])
    starts = [start or "" for start, _ in prices]
    if starts != sorted(starts) or starts[0]:
        sys.exit(f"{provider}/{model.id}: dated prices out of order")
    if not any(rates for _, rates in prices):
        return None
    contexts = [entry for entry in compiled_contexts(provider, model, rounding) if entry[2]]
    optional = {"windows": windows, "contexts": contexts, "free": free}
    return {"prices": prices, **{key: value for key, value in optional.items() if value}}


def compiled_contexts(provider: str, model: ModelInfo, rounding: Rounding) -> Iterator[list[Any]]:
    for variant in model.price_variants or ():
        if not set(variant.when) <= CONTEXT_KEYS:
            continue
        constraint = variant.constraint
        if constraint is not None and not isinstance(constraint, StartDateConstraint):
            sys.exit(f"{provider}/{model.id}: a context with a daily window")
        where = f"{provider}/{model.id} {compact(variant.when)}"
        start = instant(constraint.start_date) if constraint else None
        yield [variant.when, start, compiled_rates(provider, variant.prices, where, rounding)]


def compiled_rates(provider: str, price: ModelPrice, where: str, rounding: Rounding) -> dict[str, Any]:
    rates: dict[str, Any] = {}
    for key, value in price.__dict__.items():
        if value is None:
            continue
        unit, per = UNIT_OF_KEY[key]
        name = RATE_NAMES.get(key, unit)
        place = f"{where} {name}"
        if isinstance(value, TieredPrices):
            tiers = [[*threshold(provider, t.start), rounding.pico(t.price, per, place)] for t in value.tiers]
            rates[name] = [rounding.pico(value.base, per, place), *tiers]
        else:
            rates[name] = rounding.pico(value, per, place)
    return rates


def threshold(provider: str, start: int) -> tuple[int, bool]:
    """Prompt size and whether it belongs to the higher tier itself."""
    inclusive = INCLUSIVE_AT.get((provider, start))
    return (inclusive, True) if inclusive else (start, False)


def positive(rate: Any) -> bool:
    return bool(rate[0] if isinstance(rate, list) else rate)


def instant(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def minute(at: time) -> int:
    """Minutes after midnight UTC."""
    moment = datetime.combine(date(1970, 1, 1), at)
    offset = at.utcoffset()
    shift = int(offset.total_seconds()) // 60 if offset else 0
    return (moment.hour * 60 + moment.minute - shift) % 1440


def names_of(clause: Any) -> Iterator[str]:
    """The literals of a match clause; a pattern's stem is a name, its open end is not."""
    for nested in (*getattr(clause, "or_", ()), *getattr(clause, "and_", ())):
        yield from names_of(nested)
    for attribute in ("equals", "starts_with", "contains", "ends_with"):
        literal = getattr(clause, attribute, None)
        if literal:
            yield literal.lower().rstrip("-@.")


def closed(name: str, model_id: str) -> bool:
    """Whether a name says which model is meant: an alias without a version is a pointer that moves."""
    if name == model_id.lower() or name.startswith("/"):
        return False
    stem = name.removesuffix("-latest")
    return stem == name or any(character.isdigit() for character in stem)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
