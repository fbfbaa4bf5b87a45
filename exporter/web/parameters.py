"""Query parameters, read and judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from exporter.errors import InvalidRequest
from exporter.views.times import parse_time


def known_only(args: Mapping[str, str], known: Iterable[str]) -> None:
    """InvalidRequest for a parameter that means nothing here: a typing error must not widen an answer."""
    strange = sorted(set(args) - set(known))
    if strange:
        raise InvalidRequest(f"{strange[0]}: no such parameter, expected {', '.join(known)}", unknown=strange)


def text(args: Mapping[str, str], name: str) -> str | None:
    """A text as given, None when absent.  NUL is in no ledger text, and PostgreSQL takes none."""
    given = args.get(name)
    if given is not None and "\0" in given:
        raise InvalidRequest(f"{name}: expected a text without NUL")
    return given


def integer(args: Mapping[str, str], name: str, *, default: int, least: int, most: int) -> int:
    """A whole number within bounds."""
    given = args.get(name)
    if given is None:
        return default
    if not given.isascii() or not given.isdigit() or len(given) > 9 or not least <= int(given) <= most:
        raise InvalidRequest(f"{name}: found {given[:80]!r}, expected a whole number from {least} to {most}")
    return int(given)


def instant(args: Mapping[str, str], name: str) -> int | None:
    """Unix nanoseconds of an RFC 3339 time, None when absent."""
    given = text(args, name)
    return None if given is None else parse_time(given, name=name)


def hexadecimal(name: str, given: str, *, digits: int) -> bytes:
    """An id in hexadecimal."""
    try:
        raw = bytes.fromhex(given)
    except ValueError:
        raw = b""
    if len(raw) * 2 != digits or len(given) != digits:
        raise InvalidRequest(
            f"{name}: found {given[:80]!r}, expected {digits} hexadecimal digits", **{name: given[:80]}
        )
    return raw
