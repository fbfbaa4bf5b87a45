"""What happens without a request: follow the configuration, find breaches, settle what is due, audit, prune.

Every worker follows.  The jobs run in one worker of all replicas at a time, by a lease in the database.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from exporter.errors import Unavailable
from exporter.ledger.engine import Database
from exporter.ledger.jobs import is_held, last_runs, record_run, take_lease

log = logging.getLogger(__name__)
SECOND_NS: Final = 10**9
LEASE_NS: Final = 15 * SECOND_NS
LEASE: Final = "scheduler"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job found, to be kept and shown."""

    success: bool = True
    value: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often."""

    name: str
    every_ns: int
    run: Callable[[int], Outcome | None]
    """Gets the time; None when there was nothing to note."""


class Scheduler:
    """Two threads of a worker.  `follow` runs each tick in every worker, the jobs only under the lease."""

    def __init__(
        self,
        database: Database,
        *,
        follow: Sequence[Callable[[], object]],
        jobs: Sequence[Job],
        clock_ns: Callable[[], int],
        tick_seconds: float = 1.0,
    ) -> None:
        self._database = database
        self._follow = follow
        self._jobs = jobs
        self._clock_ns = clock_ns
        self._tick_seconds = tick_seconds
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._stopping = threading.Event()
        # A job may take minutes, and a worker that does not follow meanwhile would book by what is over.
        self._threads = [
            threading.Thread(target=self._repeat, args=(round_,), name=f"scheduler-{round_.__name__}", daemon=True)
            for round_ in (self.follow, self.work)
        ]
        self._lease_until = 0
        self._troubles: dict[str, str] = {}

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the present job."""
        self._stopping.set()

    def _repeat(self, round_: Callable[[], None]) -> None:
        while not self._stopping.wait(self._tick_seconds):
            round_()

    def tick(self) -> None:
        """One round of everything; trouble of the database is noted and the next round tries again."""
        self.follow()
        self.work()

    def follow(self) -> None:
        """What every worker does."""
        for task in self._follow:
            self._attempt(task, "follow")

    def work(self) -> None:
        """What the holder of the lease does."""
        if self._attempt(self._hold_lease, LEASE):
            runs = self._attempt(self._last_runs, LEASE)
            if isinstance(runs, dict):
                for job in self._jobs:
                    self._attempt(lambda job=job: self._run_job(job, runs.get(job.name)), job.name)  # type: ignore[misc]

    def _attempt(self, task: Callable[[], object], name: str) -> object:
        try:
            answer = task()
        except Unavailable as error:
            # Said once: an outage of an hour would otherwise be thousands of equal lines.
            if self._troubles.get(name) != error.message:
                log.warning("%s: %s", name, error.message)
            self._troubles[name] = error.message
        except Exception:
            log.exception("%s failed", name)
        else:
            if self._troubles.pop(name, None) is not None:
                log.info("%s: works again", name)
            return answer
        return None

    def _hold_lease(self) -> bool:
        now_ns = self._clock_ns()
        if now_ns < self._lease_until - LEASE_NS // 2:
            return True
        with self._database.read() as connection:
            if is_held(connection, LEASE, self._holder, now_ns):
                return False
        with self._database.write() as connection:
            held = take_lease(connection, LEASE, self._holder, now_ns, now_ns + LEASE_NS)
        self._lease_until = now_ns + LEASE_NS if held else 0
        return held

    def _last_runs(self) -> dict[str, int]:
        with self._database.read() as connection:
            return last_runs(connection)

    def _run_job(self, job: Job, last_ns: int | None) -> None:
        now_ns = self._clock_ns()
        if last_ns is not None and last_ns > now_ns - job.every_ns:
            return
        outcome = job.run(now_ns)
        if outcome is None:
            return
        with self._database.write() as connection:
            record_run(
                connection, job.name, now_ns, success=outcome.success, value=outcome.value, detail=outcome.detail
            )
