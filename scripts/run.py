#!/usr/bin/env python3
"""`make run`: the exporter on SQLite with a simulated fleet that pushes to it, until Ctrl-C.

What it leaves is in .run/: the ledger and the logs.  AGENT_EXPORTER_ variables hold here as for `serve`.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = ROOT / "exporter" / "demo" / "demo.yml"
HISTORY_DAYS = 3
READY_SECONDS = 60

GUIDE = """
agent-exporter serves on {url}; a simulated fleet pushes to it (logs: {folder}).

  Look at     {url}/metrics
              {url}/api/v1/budgets
              {url}/api/v1/costs?group_by=project,model
  Type        export AGENT_EXPORTER_CONFIG={config} AGENT_EXPORTER_DATABASE_URL={database}
              {command} cost --group-by project,model
              {command} budgets
              {command} prices missing
              {command} audit

Ctrl-C ends both; `make clean` also removes the ledger.
"""


class Trouble(Exception):
    """What went wrong, in a sentence for the person at the terminal."""


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=ROOT / ".run", help="where ledger and logs go")
    folder: Path = parser.parse_args().folder.absolute()
    folder.mkdir(exist_ok=True)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        Run(folder, _environment(folder)).last_until(ended)
    except Trouble as trouble:
        print(f"make run: {trouble}", file=sys.stderr)
        return 1
    print(f"\nstopped; the ledger stays in {_relative(str(folder))}")
    return 0


def _environment(folder: Path) -> dict[str, str]:
    chosen = {
        "AGENT_EXPORTER_CONFIG": str(CONFIGURATION),
        "AGENT_EXPORTER_DATABASE_URL": f"sqlite:///{folder / 'ledger.db'}",
        "AGENT_EXPORTER_LISTEN": "127.0.0.1:4318",
    }
    return {**chosen, **os.environ, "PYTHONPATH": str(ROOT)}


class Run:
    """The two processes, each with its log."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._listen = environment["AGENT_EXPORTER_LISTEN"]
        self._url = f"http://{self._listen}"
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def last_until(self, ended: threading.Event) -> None:
        """Serve and push until `ended`; Trouble when one of the two does not start or ends by itself."""
        _refuse_taken_port(self._listen)
        try:
            self._start("exporter", "serve")
            self._wait_until_ready(ended)
            self._start("fleet", "demo", "--endpoint", self._url, *self._history())
            print(self._guide(), flush=True)
            while not ended.wait(0.5):
                self._notice_an_end()
        finally:
            # The fleet first: it still delivers what it holds.
            for process in reversed(self._running.values()):
                _stop(process)

    def _history(self) -> tuple[str, ...]:
        """Options of the fleet: the first run in a folder begins with a past, so that there is something to see."""
        return () if self._log("fleet").exists() else ("--days", str(HISTORY_DAYS), "--live")

    def _start(self, name: str, *arguments: str) -> None:
        """A process of its own session, so that Ctrl-C reaches this script only and it can end them in order."""
        with self._log(name).open("wb") as output:
            self._running[name] = subprocess.Popen(
                [sys.executable, "-m", "exporter", *arguments],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _wait_until_ready(self, ended: threading.Event) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not ended.wait(0.1):
            self._notice_an_end()
            try:
                with urllib.request.urlopen(f"{self._url}/readyz", timeout=2):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise Trouble(f"not ready in {READY_SECONDS} s:\n{self._tail('exporter')}") from error

    def _notice_an_end(self) -> None:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise Trouble(f"the {name} ended with status {process.returncode}:\n{self._tail(name)}")

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _tail(self, name: str, lines: int = 15) -> str:
        return "\n".join(self._log(name).read_text(errors="replace").splitlines()[-lines:])

    def _guide(self) -> str:
        return GUIDE.format(
            url=self._url,
            folder=_relative(str(self._folder)),
            config=_relative(self._environment["AGENT_EXPORTER_CONFIG"]),
            database=self._environment["AGENT_EXPORTER_DATABASE_URL"].replace(f"{ROOT}/", ""),
            command=_relative(str(Path(sys.executable).parent / "agent-exporter")),
        )


def _refuse_taken_port(listen: str) -> None:
    host, _, port = listen.rpartition(":")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            raise Trouble(
                f"cannot listen on {listen} ({error.strerror}); end what listens there, or choose another address: "
                "AGENT_EXPORTER_LISTEN=127.0.0.1:9464 make run"
            ) from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _relative(path: str) -> str:
    return path.removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    sys.exit(main())
