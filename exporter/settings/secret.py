"""Texts that must not appear in a log, a traceback or an answer."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

PLACEHOLDER: Final = "<secret>"

_PASSWORD_PARAMETER: Final = re.compile(r"(password=)[^&]+")


class Secret:
    """A text that prints as a placeholder; `reveal` gives it to the one place that needs it."""

    __slots__ = ("_shown", "_text")

    def __init__(self, text: str, *, shown: str = PLACEHOLDER) -> None:
        self._text = text
        self._shown = shown

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return self._shown

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


def url_secret(url: str) -> Secret:
    """A URL that prints with a placeholder for its password."""
    return Secret(url, shown=url_without_password(url))


def url_password(url: str) -> str | None:
    """The password inside a URL; None when there is none or the text is no URL."""
    try:
        return urlsplit(url).password
    except ValueError:
        return None


def url_with_password(url: str, password: str) -> str:
    """The same URL with a password for its user."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}:{quote(password, safe='')}@{host}"))


def url_without_password(url: str) -> str:
    """The URL as it may be shown.  A text too odd to be sure about is not shown at all when it has an @."""
    password = url_password(url)
    if password is None and "@" in url and "://" not in url:
        return PLACEHOLDER
    shown = url if password is None else url.replace(f":{password}@", f":{PLACEHOLDER}@")
    return _PASSWORD_PARAMETER.sub(rf"\1{PLACEHOLDER}", shown)
