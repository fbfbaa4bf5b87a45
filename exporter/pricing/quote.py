"""The price of a call that somebody asks about: the quote of the public contract, from JSON to JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from exporter.errors import InvalidRequest
from exporter.pricing.book import PriceBook
from exporter.pricing.charge import Charge
from exporter.pricing.row_json import instant_from_text
from exporter.usage import TOKEN_CLASSES, PriceContext, Tokens

_KEYS: Final = frozenset({"provider", "model", "at", "tokens", "units", "context"})
_MAX_TEXT: Final = 1_000


def quote(book: PriceBook, request: Any, *, now_ns: int) -> dict[str, Any]:
    """The answer to one question.  InvalidRequest names the key, the value and what was expected."""
    if not isinstance(request, Mapping):
        raise InvalidRequest("a quote must be an object", expected="object")
    unknown_keys = sorted(set(request) - _KEYS)
    if unknown_keys:
        raise InvalidRequest(
            f"unknown key {unknown_keys[0]!r}; expected {', '.join(sorted(_KEYS))}", key=unknown_keys[0]
        )
    model = request.get("model")
    if not isinstance(model, str) or not model or len(model) > _MAX_TEXT:
        raise InvalidRequest(f"model must be a text, not {model!r}", key="model")
    charge = book.price(
        _text(request, "provider"),
        model,
        _instant(request.get("at"), now_ns),
        Tokens(**_counts(request, "tokens", TOKEN_CLASSES)),
        _counts(request, "units", None),
        context=PriceContext(**_context(request)),
    )
    return answer_of(charge)


def answer_of(charge: Charge) -> dict[str, Any]:
    """A charge in the words of the quote's answer."""
    return {
        "cost_nano_usd": charge.cost_nano_usd,
        "cost_status": charge.cost_status,
        "reasons": list(charge.reasons),
        "components": [
            {"component": part.component, "tokens": part.tokens, "rate_pico_usd": part.rate_pico_usd, "tier": part.tier}
            for part in charge.components
        ],
        "price_version": charge.price_version,
    }


def _instant(value: Any, now_ns: int) -> int:
    if value is None:
        return now_ns
    try:
        return instant_from_text(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidRequest(f"at must be an RFC 3339 time with zone, not {value!r}", key="at") from error


def _text(request: Mapping[str, Any], key: str) -> str:
    value = request.get(key)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise InvalidRequest(f"{key} must be a text or null, not {value!r}", key=key)
    return value


def _object(request: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = request.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{key} must be an object, not {value!r}", key=key)
    return value


def _counts(request: Mapping[str, Any], key: str, allowed: tuple[str, ...] | None) -> dict[str, int]:
    """Counts that are no integers are refused; a negative one is left to the book, which calls it invalid usage."""
    counts = _object(request, key)
    for name, count in counts.items():
        if allowed is not None and name not in allowed:
            raise InvalidRequest(f"unknown key {key}.{name}; expected {', '.join(allowed)}", key=f"{key}.{name}")
        if isinstance(count, bool) or not isinstance(count, int):
            raise InvalidRequest(f"{key}.{name} must be an integer, not {count!r}", key=f"{key}.{name}")
    return dict(counts)


def _context(request: Mapping[str, Any]) -> dict[str, str]:
    context = _object(request, "context")
    for name in context:
        if name not in PriceContext._fields:
            expected = ", ".join(PriceContext._fields)
            raise InvalidRequest(f"unknown key context.{name}; expected {expected}", key=f"context.{name}")
    return {name: _text(context, name) for name in context}
