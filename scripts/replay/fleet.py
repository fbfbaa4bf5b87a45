"""A ledger with a past: an exporter that the demo fleet and the incidents were pushed into."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from exporter.demo.delivery import Batches, Delivery
from exporter.demo.emission import Emission
from exporter.views.times import format_time
from scripts.replay.incidents import Incident, plan
from scripts.stack.processes import Processes, Trouble

ROOT = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).with_name("replay.yml")


class Past(NamedTuple):
    """Which past the fleet lives through."""

    end_ns: int
    days: float
    tasks_per_day: float
    incidents: tuple[Incident, ...]

    @property
    def start_ns(self) -> int:
        return self.end_ns - int(self.days * 86_400 * 10**9)


def fill_ledger(ledger: Path, past: Past) -> dict[str, Any]:
    """Push the past into a new ledger; what the demo says that it pushed."""
    with _exporter(ledger) as endpoint:
        pushed = _push_demo(endpoint, past)
        push_incidents(endpoint, [one for one in past.incidents if one.start_ns(past.end_ns) >= past.start_ns], past)
    return pushed


def push_incidents(endpoint: str, incidents: Iterable[Incident], past: Past) -> None:
    """Trouble when anything is lost."""
    delivery = Delivery(endpoint)
    batches = Batches(delivery)
    emission = Emission(batches)
    for incident in incidents:
        for trace in plan(incident, past.end_ns):
            for span in trace.spans:
                emission.emit(trace, span)
    batches.force_flush()
    delivery.shutdown()
    if delivery.trouble:
        raise Trouble(delivery.trouble)


def _push_demo(endpoint: str, past: Past) -> dict[str, Any]:
    options = {
        "--endpoint": endpoint,
        "--days": str(past.days),
        "--until": format_time(past.end_ns),
        "--tasks-per-day": str(past.tasks_per_day),
    }
    found: dict[str, Any] = json.loads(run_exporter("demo", *_flat(options), "--json"))
    return found


def run_exporter(*arguments: str, **environment: str) -> str:
    """What a command of the exporter prints; Trouble with what it says when it fails."""
    command = [sys.executable, "-m", "exporter", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Trouble(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def ledger_environment(ledger: Path) -> dict[str, str]:
    return {"AGENT_EXPORTER_DATABASE_URL": f"sqlite:///{ledger}", "AGENT_EXPORTER_CONFIG": str(CONFIG)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _flat(options: dict[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair]


@contextmanager
def _exporter(ledger: Path) -> Iterator[str]:
    listen = f"127.0.0.1:{free_port()}"
    processes = Processes(ledger.parent)
    environment = {**os.environ, **ledger_environment(ledger), "AGENT_EXPORTER_LISTEN": listen}
    try:
        processes.start("exporter", [sys.executable, "-m", "exporter", "serve"], environment=environment, folder=ROOT)
        ready = f"http://{listen}/readyz"
        processes.wait_until_answers("exporter", ready, within_seconds=60, ended=threading.Event())
        yield f"http://{listen}"
    finally:
        processes.stop("exporter")
