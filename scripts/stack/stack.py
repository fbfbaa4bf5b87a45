"""The native stack: exporter, Collector, Prometheus and Alertmanager on one machine, started and ended in order."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from typing import Self

from scripts.stack import programs
from scripts.stack.configuration import Choices, Place
from scripts.stack.preparing import prepare
from scripts.stack.processes import Processes

READY_SECONDS = 60
NEWBORN_SECONDS = 65
"""A new series shows 0 for a minute; a Prometheus that saw that after the past would take it for a reset."""
STOP_ORDER = ("fleet", "collector", "exporter", "prometheus", "alertmanager")
"""Senders before receivers: the fleet delivers what it holds, the Collector what is in its queue."""


class Stack:
    """The chosen programs run within a `with` block; the fleet comes on top.  `ended` breaks off the waiting."""

    def __init__(
        self,
        place: Place,
        choices: Choices | None = None,
        *,
        ended: threading.Event | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.place = place
        self._choices = choices or Choices()
        self._ended = ended or threading.Event()
        self._tell = tell
        self._processes = Processes(place.folder)
        self._programs: dict[str, programs.Program] = {}

    def __enter__(self) -> Self:
        self._programs = prepare(self.place, self._choices)
        try:
            for name in self._programs:
                if name == "prometheus" and self._choices.with_past:
                    self._make_past()
                self.start(name)
        except BaseException:
            self._processes.stop_all(STOP_ORDER)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.stop_all(STOP_ORDER)

    def start(self, name: str) -> None:
        """Run a program and return when it is ready; nothing once `ended` is set."""
        self._run(self._programs[name])

    def start_fleet(self) -> None:
        self._run(programs.fleet(self.place))

    def stop(self, name: str, *, by: signal.Signals = signal.SIGTERM) -> None:
        """Have a program end by a signal, and wait for it."""
        self._processes.stop(name, by=by)

    def last_until_ended(self) -> None:
        """Returns when `ended` is set; Trouble when a program ends by itself."""
        while not self._ended.wait(0.5):
            self._processes.refuse_ended()

    def _make_past(self) -> None:
        """History for the ledger and, in blocks, for a Prometheus that has never run; nothing for one that has."""
        storage = self.place.data("prometheus")
        if (storage / "wal").exists():
            return
        self._tell("The fleet's last days go into the ledger and into Prometheus: once, about two minutes ...")
        # Of a first start that was broken off.
        for block in storage.glob("*/meta.json"):
            shutil.rmtree(block.parent)
        self._run_to_end(programs.history(self.place))
        self._ended.wait(NEWBORN_SECONDS)
        self._run_to_end(programs.backfill(self.place, programs.find_programs(("promtool",))["promtool"]))

    def _run(self, program: programs.Program) -> None:
        if self._ended.is_set():
            return
        name, environment = program.name, {**os.environ, **self._choices.environment, **program.environment}
        self._processes.start(name, program.command, environment=environment)
        if url := program.ready_url:
            self._processes.wait_until_answers(name, url, within_seconds=READY_SECONDS, ended=self._ended)

    def _run_to_end(self, program: programs.Program) -> None:
        if not self._ended.is_set():
            self._run(program)
            self._processes.wait_until_done(program.name, ended=self._ended)
