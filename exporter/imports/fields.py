"""Values of imported documents: judged, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from exporter.signals import plain_text

MOST_TOKENS: Final = 10**12
"""Of one record; more is a damaged number."""
LONGEST: Final = 256
END_OF_TIME_NS: Final = 2**63
"""What no column can hold any more, in the year 2262."""
_SECOND_NS: Final = 10**9


class Unreadable(Exception):
    """A record that cannot be imported; the message says why, without quoting what it holds."""


def text_of(document: Mapping[str, Any], name: str) -> str:
    """A text as a column may hold it; empty when absent."""
    return text_from(document.get(name))


def text_from(value: object) -> str:
    """A text as a column may hold it; empty for anything else."""
    return plain_text(value, LONGEST) if isinstance(value, str) else ""


def count_of(document: Mapping[str, Any], *names: str) -> int:
    """The first of these that is there as a count; 0 when none is.  Unreadable when it is none."""
    for name in names:
        value = document.get(name)
        if value is None:
            continue
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int or not 0 <= value <= MOST_TOKENS:
            raise Unreadable(f"{name} is no count")
        return value
    return 0


def nano_usd_of(document: Mapping[str, Any], *names: str) -> int | None:
    """The first of these amounts in USD, above 0, as nano-USD; None when nobody said."""
    for name in names:
        value = document.get(name)
        if type(value) not in (int, float):
            continue
        try:
            amount = Decimal(str(value)) * _SECOND_NS
        except InvalidOperation as error:
            raise Unreadable(f"{name} is no amount") from error
        if not amount.is_finite() or not 0 <= amount < 10**18:
            raise Unreadable(f"{name} is no amount")
        return round(amount) or None
    return None


def instant_of(text: object) -> int:
    """Unix nanoseconds of a time with its zone.  Unreadable for anything else."""
    if not isinstance(text, str):
        raise Unreadable("there is no time")
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable("the time is none") from error
    if at.tzinfo is None:
        raise Unreadable("the time has no zone")
    ns = int(at.timestamp()) * _SECOND_NS + at.microsecond * 1000
    if not 0 < ns < END_OF_TIME_NS:
        raise Unreadable("the time is out of range")
    return ns


def mapping_of(value: object) -> Mapping[str, Any]:
    """A JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}
