"""Child processes with a log each, noticed when they end by themselves and ended in a chosen order."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_TAIL_LINES = 15
_GRACE_SECONDS = 30


class Trouble(Exception):
    """What went wrong, in a sentence for the person at the terminal."""


class Processes:
    """Runs programs; the log of each is `<name>.log` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(
        self, name: str, command: Sequence[str | Path], *, environment: Mapping[str, str], folder: Path | None = None
    ) -> None:
        """In a session of its own, so that Ctrl-C reaches the caller only and it can end them in order."""
        with self.log(name).open("wb") as output:
            self._running[name] = subprocess.Popen(
                command,
                cwd=folder or self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait_until_answers(self, name: str, url: str, *, within_seconds: float, ended: threading.Event) -> None:
        """Returns when GET `url` succeeds, or `ended` is set; Trouble when a program ends or the time is up."""
        deadline = time.monotonic() + within_seconds
        while not ended.wait(0.1):
            self.refuse_ended()
            with suppress(OSError), urllib.request.urlopen(url, timeout=2):
                return
            if time.monotonic() > deadline:
                raise Trouble(f"{name} is not ready after {within_seconds:g} s:\n{self.tail(name)}")

    def wait_until_done(self, name: str, *, ended: threading.Event) -> None:
        """Returns when the program has ended with status 0, or `ended` is set; Trouble when one fails."""
        while not ended.wait(0.1):
            if self._running[name].poll() == 0:
                del self._running[name]
                return
            self.refuse_ended(but=name)

    def refuse_ended(self, *, but: str | None = None) -> None:
        """Trouble when a program has ended by itself.  That named by `but` may, with status 0."""
        for name, process in self._running.items():
            if process.poll() is not None and (process.returncode or name != but):
                raise Trouble(f"{name} ended with status {process.returncode}:\n{self.tail(name)}")

    def stop(self, name: str, *, by: signal.Signals = signal.SIGTERM) -> None:
        """Have the program end and wait for it; what does not end is killed.  One that does not run is left."""
        process = self._running.pop(name, None)
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(by)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
        # Also the workers of a master that was killed.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop_all(self, order: Iterable[str]) -> None:
        """End everything, one after the other; first what `order` does not name."""
        order = list(order)
        for name in (*(self._running.keys() - set(order)), *order):
            self.stop(name)

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def tail(self, name: str) -> str:
        """The last lines of a program's log."""
        return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-_TAIL_LINES:])
