"""Price rows as JSON and YAML state them: decimals in USD, RFC 3339 times, names instead of codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from exporter.errors import InvalidRequest
from exporter.money import PICO_PER_USD
from exporter.pricing.rows import CONTEXT_KEYS, CONTRACT, ROW_LAYERS, STATUSES, TOKEN_RATES, PriceRow, Tier, Windows

_MILLION: Final = 10**6
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_RATE: Final = 10**6 * PICO_PER_USD
_TEXTS: Final = ("org", "provider", "alias_of", "estimated", "source", "source_url", "verified_at", "review_by")
_KEYS: Final = frozenset(
    {
        "layer", "model", "from", "until", "context", "windows", "weekdays", "utc_offset", "usd_per_million",
        "usd_per_unit", "tiers", "percent_of_list", "status", *_TEXTS,
    }
)  # fmt: skip
_CLOCK: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


def row_from_mapping(value: Mapping[str, Any], *, layer: str = "") -> PriceRow:
    """A checked row.  InvalidRequest names the key, the value and what was expected.

    `layer` is the one of rows that do not state theirs.
    """
    _refuse_unknown(value, _KEYS)
    stated = _one_of("layer", value.get("layer", layer), ROW_LAYERS)
    row = PriceRow(
        layer=stated,
        model=_text("model", value.get("model")).strip().lower(),
        effective_from_ns=_instant("from", value.get("from")),
        effective_until_ns=_instant("until", value.get("until")),
        context=_context(value.get("context") or {}),
        windows=_windows(value),
        rates=MappingProxyType(
            _token_rates(value.get("usd_per_million") or {}) | _unit_rates(value.get("usd_per_unit") or {})
        ),
        tiers=tuple(_tier(tier) for tier in value.get("tiers") or ()),
        percent_of_list=_percent(value.get("percent_of_list")),
        status=_one_of("status", value.get("status", "active"), STATUSES),
        **{key: _text(key, value.get(key) or "", empty=True) for key in _TEXTS},
    )
    return checked_row(row)


def checked_row(row: PriceRow) -> PriceRow:
    """The row, when it can price something; InvalidRequest says why it cannot."""
    if sum((bool(row.rates), row.percent_of_list is not None, bool(row.alias_of))) != 1:
        raise _refusal(row, "needs exactly one of usd_per_million or usd_per_unit, percent_of_list, alias_of")
    if row.tiers and "input" not in row.rates:
        raise _refusal(row, "has tiers but no usd_per_million for the prompts below them")
    start, end = row.effective_from_ns, row.effective_until_ns
    if start is not None and end is not None and end <= start:
        raise _refusal(row, "ends before it starts: until must be later than from")
    if (row.layer == CONTRACT) != bool(row.org):
        raise _refusal(row, "needs org exactly when its layer is contract")
    sizes = [tier.from_tokens for tier in row.tiers]
    if sizes != sorted(set(sizes)):
        raise _refusal(row, "has tiers whose prompt sizes do not ascend")
    return row


def row_to_mapping(row: PriceRow) -> dict[str, Any]:
    """What `row_from_mapping` reads back to an equal row; absent keys have their default."""
    stated: dict[str, Any] = {"layer": row.layer, "model": row.model}
    stated |= {key: getattr(row, key) for key in _TEXTS if getattr(row, key)}
    stated |= {"from": _written_instant(row.effective_from_ns), "until": _written_instant(row.effective_until_ns)}
    stated |= {"context": dict(row.context), **windows_to_mapping(row.windows)}
    stated["usd_per_million"] = {
        key: usd_text(rate * _MILLION) for key, rate in row.rates.items() if key in TOKEN_RATES
    }
    stated["usd_per_unit"] = {key: usd_text(rate) for key, rate in row.rates.items() if key not in TOKEN_RATES}
    stated["tiers"] = [_written_tier(tier) for tier in row.tiers]
    if row.percent_of_list is not None:
        stated["percent_of_list"] = format(
            (Decimal(row.percent_of_list[0]) * 100 / row.percent_of_list[1]).normalize(), "f"
        )
    if row.status != "active":
        stated["status"] = row.status
    return {key: item for key, item in stated.items() if item not in (None, {}, [])}


def rows_from_list(value: Any, *, layer: str = "") -> list[PriceRow]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(row, Mapping) for row in value):
        raise InvalidRequest("prices must be a list of rows", expected="list of objects")
    return [row_from_mapping(row, layer=layer) for row in value]


def rate_from_usd(usd: Any, *, per: int) -> int:
    """Pico-USD for one token or unit of a decimal price for `per` of them, half-even."""
    try:
        price = Decimal("NaN") if isinstance(usd, bool) else Decimal(str(usd))
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise InvalidRequest(f"a rate must be a decimal of at least 0 in USD, not {usd!r}", value=str(usd))
    pico = int((price * PICO_PER_USD / per).to_integral_value(ROUND_HALF_EVEN))
    if pico > _MAX_RATE:
        raise InvalidRequest(f"a rate of {usd} USD is out of range", value=str(usd))
    return pico


def usd_text(pico: int) -> str:
    """A decimal in USD without trailing zeros."""
    return format((Decimal(pico) / PICO_PER_USD).normalize(), "f")


def instant_from_text(text: str) -> int:
    """Unix nanoseconds of an RFC 3339 time, or of a date, which means its midnight UTC.  ValueError otherwise."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        moment = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    else:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("a time needs its zone")
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1_000


def instant_to_text(at_ns: int) -> str:
    moment = _EPOCH + timedelta(microseconds=at_ns // 1_000)
    return moment.isoformat().replace("+00:00", "Z")


def instant_stamp(at_ns: int | None) -> str:
    """The shortest text for the start of a price: a date at midnight UTC, nothing when it is open."""
    return "" if at_ns is None else instant_to_text(at_ns).removesuffix("T00:00:00Z")


def _refusal(row: PriceRow, why: str) -> InvalidRequest:
    return InvalidRequest(
        f"the {row.layer} price of {row.provider or 'any provider'}/{row.model} {why}", model=row.model
    )


def _refuse_unknown(value: Mapping[str, Any], known: Iterable[str]) -> None:
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise InvalidRequest(
            f"unknown key {unknown[0]!r} in a price row; expected one of {', '.join(sorted(known))}", key=unknown[0]
        )


def _text(key: str, value: Any, *, empty: bool = False) -> str:
    if isinstance(value, date):
        value = value.isoformat()
    if not isinstance(value, str) or not (value or empty) or len(value) > 500:
        raise InvalidRequest(f"{key} must be a text of up to 500 characters, not {value!r}", key=key)
    return value


def _one_of(key: str, value: Any, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise InvalidRequest(f"{key} must be one of {', '.join(allowed)}, not {value!r}", key=key)
    return str(value)


def _instant(key: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    text = value.isoformat() if isinstance(value, date) else value
    try:
        return instant_from_text(text)
    except (ValueError, TypeError) as error:
        raise InvalidRequest(f"{key} must be a date or an RFC 3339 time with zone, not {value!r}", key=key) from error


def _context(value: Any) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"context must be an object, not {value!r}", key="context")
    _refuse_unknown(value, CONTEXT_KEYS)
    return MappingProxyType({key: _text(key, item).lower() for key, item in sorted(value.items())})


def _token_rates(value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"usd_per_million must be an object, not {value!r}", key="usd_per_million")
    _refuse_unknown(value, TOKEN_RATES)
    return {key: rate_from_usd(value[key], per=_MILLION) for key in TOKEN_RATES if key in value}


def _unit_rates(value: Any) -> dict[str, int]:
    if not isinstance(value, Mapping) or not all(
        isinstance(key, str) and re.fullmatch(r"[a-z0-9_]{1,60}", key) for key in value
    ):
        raise InvalidRequest(f"usd_per_unit must be an object of unit names, not {value!r}", key="usd_per_unit")
    return {key: rate_from_usd(value[key], per=1) for key in sorted(value) if key not in TOKEN_RATES}


def _tier(value: Any) -> Tier:
    if not isinstance(value, Mapping) or ("above" in value) == ("from" in value):
        raise InvalidRequest(f"a tier needs usd_per_million and one of above, from; not {value!r}", key="tiers")
    _refuse_unknown(value, ("above", "from", "usd_per_million"))
    size = value.get("above", value.get("from"))
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise InvalidRequest(f"the prompt size of a tier must be a number of tokens, not {size!r}", key="tiers")
    rates = MappingProxyType(_token_rates(value.get("usd_per_million")))
    return Tier(size + 1, rates, f">{size}") if "above" in value else Tier(size, rates, f">={size}")


def _written_tier(tier: Tier) -> dict[str, Any]:
    size = {"from": tier.from_tokens} if tier.label.startswith(">=") else {"above": tier.from_tokens - 1}
    return {**size, "usd_per_million": {key: usd_text(rate * _MILLION) for key, rate in tier.rates.items()}}


def _percent(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    hundred = rate_from_usd(value, per=1) * 100 // PICO_PER_USD
    if not 0 < hundred <= 100_000:
        raise InvalidRequest(f"percent_of_list must be above 0 and at most 1000, not {value!r}", key="percent_of_list")
    return hundred, 10_000


def _windows(value: Mapping[str, Any]) -> Windows | None:
    spans, days = value.get("windows"), value.get("weekdays")
    if not spans and not days:
        return None
    return Windows(
        tuple(_span(span) for span in spans or ("00:00-24:00",)),
        frozenset(WEEKDAYS.index(_one_of("weekdays", day, WEEKDAYS)) for day in days or WEEKDAYS),
        _offset(value.get("utc_offset", "+00:00")),
    )


def _span(text: Any) -> tuple[int, int]:
    match = [_CLOCK.fullmatch(part) for part in text.split("-")] if isinstance(text, str) else []
    minutes = [int(part[1]) * 60 + int(part[2]) for part in match if part]
    if len(match) != 2 or len(minutes) != 2 or not 0 <= minutes[0] < minutes[1] <= 1440:
        raise InvalidRequest(f"a window must be like 01:00-04:00 within one day, not {text!r}", key="windows")
    return minutes[0], minutes[1]


def _offset(text: Any) -> int:
    match = re.fullmatch(r"([+-])(\d{2}):(\d{2})", text) if isinstance(text, str) else None
    minutes = int(match[2]) * 60 + int(match[3]) if match else 9999
    if match is None or minutes > 14 * 60:
        raise InvalidRequest(f"utc_offset must be like +08:00, not {text!r}", key="utc_offset")
    return -minutes if match[1] == "-" else minutes


def _written_instant(at_ns: int | None) -> str | None:
    return None if at_ns is None else instant_to_text(at_ns)


def windows_to_mapping(windows: Windows | None) -> dict[str, Any]:
    """The keys of a row that say at which hours it holds."""
    if windows is None:
        return {}
    offset = windows.utc_offset_minutes
    sign = "-" if offset < 0 else "+"
    return {
        "windows": [f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in windows.spans],
        "weekdays": [WEEKDAYS[day] for day in sorted(windows.weekdays)],
        "utc_offset": f"{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}",
    }
