"""Readers of single values, from YAML or from an environment variable.

Each takes what was written and returns the value in the unit in which the program keeps it, or raises
ValueError whose text says what was expected.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from exporter.budgets.periods import is_time_zone
from exporter.errors import Problem

NANOSECONDS: Final = 10**9
_UNITS_NS: Final = {
    "ms": 10**6,
    "s": NANOSECONDS,
    "m": 60 * NANOSECONDS,
    "h": 3600 * NANOSECONDS,
    "d": 86_400 * NANOSECONDS,
    "w": 7 * 86_400 * NANOSECONDS,
}
_DURATION: Final = re.compile(r"(?:\d{1,9}(?:ms|[smhdw]))+", re.ASCII)
_DURATION_PART: Final = re.compile(r"(\d+)(ms|[smhdw])", re.ASCII)
_SIZE: Final = re.compile(r"(\d{1,15}) ?(B|KiB|MiB|GiB)?", re.ASCII)
_SIZES: Final = {None: 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_INTEGER: Final = re.compile(r"\d{1,18}", re.ASCII)
_LISTEN: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})", re.ASCII)

MAX_NS: Final = 2**63 - 1


class Faults(ValueError):
    """What is wrong inside a value of several parts; the keys start where the value stands, as `[0].roles`."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class Listen(NamedTuple):
    """Where to listen; the host of an IPv6 address is without brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return value.strip()


def optional_text(value: object) -> str:
    """A text that may be empty, which means that the setting is off."""
    return "" if value in (None, "") else text(value)


def boolean(value: object) -> bool:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ValueError("true or false")  # noqa: TRY004 - one error for all readers
    return value


def choice(*choices: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return read


def names_among(known: Collection[str]) -> Callable[[object], tuple[str, ...]]:
    """Names as a list, or in one text with commas; in order, each once."""

    def read(value: object) -> tuple[str, ...]:
        listed = value.split(",") if isinstance(value, str) else value
        named = {str(name).strip() for name in listed} - {""} if isinstance(listed, list | tuple) else None
        if named is None or not named <= set(known):
            raise ValueError(f"a list of names among {', '.join(sorted(known))}")
        return tuple(sorted(named))

    return read


def integer(least: int, most: int) -> Callable[[object], int]:
    def read(value: object) -> int:
        number = int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
        if type(number) is not int or not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return number

    return read


def automatic_or(read: Callable[[object], int]) -> Callable[[object], int | None]:
    """`auto`, which leaves the choice to the program (None), or a number."""

    def read_or_auto(value: object) -> int | None:
        if value == "auto":
            return None
        try:
            return read(value)
        except ValueError as error:
            raise ValueError(f"{error}, or auto") from None

    return read_or_auto


def seconds(value: object) -> int:
    """Seconds with decimals, as nanoseconds; finer parts are cut."""
    expected = "seconds, 0 to 86400, decimals allowed"
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError(expected)  # noqa: TRY004 - one error for all readers
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError(expected) from None
    if not number.is_finite() or not 0 <= number <= 86_400:
        raise ValueError(expected)
    return int(number * NANOSECONDS)


def duration(least: str, *, none: str = "") -> Callable[[object], int | None]:
    """Nanoseconds of a text as 90s, 24h or 1h30m, not below `least`; the word `none` stands for None."""
    or_none = f", or {none}" if none else ""

    def read(value: object) -> int | None:
        if none and value == none:
            return None
        if not isinstance(value, str) or not _DURATION.fullmatch(value):
            raise ValueError(f"a duration as 90s, 24h, 1h30m or 400d{or_none}")
        found = duration_ns(value)
        if not duration_ns(least) <= found <= MAX_NS:
            raise ValueError(f"a duration of at least {least}{or_none}")
        return found

    return read


def required_duration(least: str) -> Callable[[object], int]:
    read = duration(least)
    return lambda value: read(value) or 0


def duration_ns(value: str) -> int:
    return sum(int(number) * _UNITS_NS[unit] for number, unit in _DURATION_PART.findall(value))


def size(least: int) -> Callable[[object], int]:
    """Bytes, as a number or a text as 64MiB."""

    def read(value: object) -> int:
        found = _SIZE.fullmatch(value) if isinstance(value, str) else None
        number = int(found[1]) * _SIZES[found[2]] if found else value
        if type(number) is not int or not least <= number < 2**50:
            raise ValueError(f"a size in bytes, or as 64MiB, at least {least} bytes")
        return number

    return read


def time_zone(value: object) -> str:
    if not is_time_zone(value):
        raise ValueError("an IANA time zone as Europe/Berlin")
    return str(value)


def listen(value: object) -> Listen:
    found = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[2]) > 65_535:
        raise ValueError("host:port as 127.0.0.1:4318 or [::1]:4318")
    return Listen(found[1].strip("[]"), int(found[2]))


def http_url(value: object) -> str:
    """An http or https URL, or nothing."""
    if value in (None, ""):
        return ""
    if not isinstance(value, str) or not _is_http_url(value):
        raise ValueError("a URL as http://collector:4318")
    return value.rstrip("/")


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def database_url(value: object) -> str:
    """A URL of one of the two databases."""
    if not isinstance(value, str) or not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise ValueError("sqlite:///agent-exporter.db, or postgresql://user@host:5432/database")
    return value
