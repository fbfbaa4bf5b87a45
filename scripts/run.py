"""`make run` (`python -m scripts.run`): the exporter on SQLite with a simulated fleet that pushes to it, until Ctrl-C.

What it leaves is in .run/: the ledger and the logs.  AGENT_EXPORTER_ variables hold here as for `serve`.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from scripts.stack.processes import Processes, Trouble

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
    """The two processes."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._listen = environment["AGENT_EXPORTER_LISTEN"]
        self._url = f"http://{self._listen}"
        self._processes = Processes(folder)

    def last_until(self, ended: threading.Event) -> None:
        """Serve and push until `ended`; Trouble when one of the two does not start or ends by itself."""
        _refuse_taken_port(self._listen)
        history = self._history()
        try:
            self._start("exporter", "serve")
            ready = f"{self._url}/readyz"
            self._processes.wait_until_answers("exporter", ready, within_seconds=READY_SECONDS, ended=ended)
            self._start("fleet", "demo", "--endpoint", self._url, *history)
            print(self._guide(), flush=True)
            while not ended.wait(0.5):
                self._processes.refuse_ended()
        finally:
            # The fleet first: it still delivers what it holds.
            self._processes.stop_all(("fleet", "exporter"))

    def _history(self) -> tuple[str, ...]:
        """Options of the fleet: the first run in a folder begins with a past, so that there is something to see."""
        return () if self._processes.log("fleet").exists() else ("--days", str(HISTORY_DAYS), "--live")

    def _start(self, name: str, *arguments: str) -> None:
        self._processes.start(name, (sys.executable, "-m", "exporter", *arguments), environment=self._environment)

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


def _relative(path: str) -> str:
    return path.removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    sys.exit(main())
