"""One writer at a time on an SQLite file, over threads, processes and commands.

SQLite's own busy wait sleeps and is not fair; a lock file beside the database passes writers on
within a millisecond, and a writer that cannot get it in time says so instead of failing later.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from exporter.errors import Unavailable

_POLL_SECONDS = 0.0005


class FileLock:
    """An advisory lock on `path`, with a deadline.  Not reentrant."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file: int | None = None
        self._owner = 0

    @contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold the lock; `Unavailable` when it is not free within `seconds`."""
        deadline = time.monotonic() + seconds
        if not self._threads.acquire(timeout=seconds):
            raise _busy()
        try:
            descriptor = self._descriptor()
            _wait(descriptor, deadline)
            try:
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def _descriptor(self) -> int:
        # A descriptor inherited over fork shares its lock with the parent, so each process opens its own.
        if self._file is None or self._owner != os.getpid():
            try:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise Unavailable(f"cannot open the writer lock: {error.strerror}", retry_after=5) from error
            self._owner = os.getpid()
        return self._file


def _wait(descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _busy() from None
            time.sleep(_POLL_SECONDS)


def _busy() -> Unavailable:
    return Unavailable("another writer holds the database", retry_after=2)
