"""The bearer tokens in force: their files are read again when they change, so that a token can be rotated."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from exporter.settings.credentials import Token, open_tokens
from exporter.settings.table import Settings
from exporter.web.auth import Grant

log = logging.getLogger(__name__)
_EVERY_SECONDS: Final = 1.0
_Fingerprint = tuple[tuple[int, int, int] | None, ...]


class TokenFiles:
    """Looks at the files once a second at most.  A file that is away or holds no secret changes nothing."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._tokens = settings.tokens
        self._folder = folder_of_tokens(settings)
        self._clock = clock
        self._seen = self._fingerprint()
        self._look_at = clock() + _EVERY_SECONDS
        self._grants = grants_of(settings.tokens)

    def current(self) -> Sequence[Grant]:
        """The tokens to compare with."""
        if self._tokens and self._clock() >= self._look_at:
            self._look_at = self._clock() + _EVERY_SECONDS
            seen = self._fingerprint()
            if seen != self._seen:
                self._seen = seen
                self._read()
        return self._grants

    def _read(self) -> None:
        opened, problems = open_tokens("tokens", self._tokens, self._folder)
        if problems:
            log.error("the tokens stay as they were: %s", "; ".join(map(str, problems)))
            return
        self._grants = grants_of(opened)
        log.info("read the files of the tokens again")

    def _fingerprint(self) -> _Fingerprint:
        return tuple(_look(self._folder / token.file) for token in self._tokens)


def folder_of_tokens(settings: Settings) -> Path:
    """Where the relative names of token files start: at the configuration file that has them, else where we are."""
    written = settings.written.get("tokens")
    in_file = bool(settings.config) and written is not None and written.origin.startswith(f"{settings.config}:")
    return Path(settings.config).parent if in_file else Path()


def grants_of(tokens: Sequence[Token]) -> tuple[Grant, ...]:
    """Tokens as requests are compared with them."""
    return tuple(Grant(token.name, token.roles, token.secret.reveal()) for token in tokens)


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
