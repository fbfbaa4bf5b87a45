"""Expected trouble, with codes that do not change.  Only `web/errors.py` knows what HTTP makes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

_SHOWN_CHARACTERS: Final = 80


class ExporterError(Exception):
    """Base of all expected errors: a stable code, a sentence for people, details for programs."""

    code = "internal"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidRequest(ExporterError):
    """The caller sent something that can never be accepted."""

    code = "invalid_request"


class NotFound(ExporterError):
    code = "not_found"


class Conflict(ExporterError):
    """The request contradicts what is there: a duplicate id, a read-only object, an overlap."""

    code = "conflict"


class Unauthorized(ExporterError):
    code = "unauthorized"


class Forbidden(ExporterError):
    """The token is valid but lacks the role."""

    code = "forbidden"


class TooLarge(ExporterError):
    code = "too_large"


class UnsupportedMedia(ExporterError):
    """Neither the content type nor the encoding is one that is understood."""

    code = "unsupported_media"


class RateLimited(ExporterError):
    """Too many requests from one source; `retry_after` in seconds."""

    code = "rate_limited"

    def __init__(self, message: str, *, retry_after: int = 1, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class Unavailable(ExporterError):
    """Transient: the same request succeeds later; `retry_after` in seconds."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after: int = 1, **details: Any) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class ConfigError(ExporterError):
    """A configuration that is refused; the message names the key, the value and what was expected."""

    code = "invalid_configuration"


class SchemaError(ExporterError):
    """The database's schema is not the one that this version needs; the message names the command."""

    code = "schema_mismatch"


class Problem(NamedTuple):
    """One fault in something that a person wrote, so that all faults can be told at once."""

    key: str
    """Where: a dotted path, as `budgets[0].limit`; empty for the whole."""
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


def unexpected(key: str, found: object, expected: str) -> Problem:
    """The problem of a value that is not what was expected."""
    return Problem(key, f"found {show_value(found)}, expected {expected}")


def unknown_key(name: str, known: Sequence[str]) -> str:
    """The message about a key that nobody reads, with the nearest one that somebody does."""
    near = get_close_matches(name, known, n=1, cutoff=0.7)
    return f"unknown key, did you mean {near[0]}?" if near else f"unknown key, expected one of {', '.join(known)}"


def show_value(value: object) -> str:
    """A value as one short line of JSON."""
    if isinstance(value, Decimal):
        return str(value)
    return show_name(json.dumps(value, ensure_ascii=False, default=str))


def show_name(text: str) -> str:
    """A text from outside, cut to what a line can hold, with what cannot be encoded or printed as escapes."""
    short = text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in short)
