"""Times as the API speaks them: RFC 3339 with a zone outside, Unix nanoseconds inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from exporter.errors import InvalidRequest

NS: Final = 1_000_000_000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_NS: Final = 2**63 - 1

_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:([Zz])|([+-])(\d\d):(\d\d))", re.ASCII
)


def format_time(ns: int) -> str:
    """RFC 3339 in UTC with as few decimals as are exact (none, 3, 6 or 9)."""
    seconds, fraction = divmod(ns, NS)
    whole = (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}{_decimals(fraction)}Z"


def _decimals(fraction: int) -> str:
    digits = f"{fraction:09d}"
    for kept in (0, 3, 6):
        if not digits[kept:].strip("0"):
            return f".{digits[:kept]}" if kept else ""
    return f".{digits}"


def parse_time(text: str, *, name: str) -> int:
    """Unix nanoseconds of an RFC 3339 time with a zone; InvalidRequest names the parameter otherwise."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise _not_a_time(text, name)
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=_zone(*match.groups()[7:]))
        since = local - EPOCH
    except (ValueError, OverflowError) as error:
        raise _not_a_time(text, name) from error
    ns = (since.days * 86_400 + since.seconds) * NS + int((match[7] or "").ljust(9, "0"))
    if not 0 <= ns <= LAST_NS:
        raise _not_a_time(text, name)
    return ns


def _zone(utc: str | None, sign: str | None, hours: str | None, minutes: str | None) -> timezone:
    if utc or hours is None or minutes is None:
        return UTC
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError("no such offset")
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


def _not_a_time(text: str, name: str) -> InvalidRequest:
    return InvalidRequest(
        f"{name} must be a time from 1970 to 2262 with a zone, as 2026-03-01T00:00:00Z; in a URL, + is written %2B",
        parameter=name,
        value=text,
    )
