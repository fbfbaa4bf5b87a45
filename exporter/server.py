"""gunicorn as shipped: threads in a few workers, a reload that changes the configuration and not the processes."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

log = logging.getLogger(__name__)
COLLECT_AFTER = 10_000
"""Objects made more than freed between two looks of the collector at the young ones."""
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def make_metrics_folder() -> str:
    """A fresh folder in memory for the self-metrics of all workers.  A full disk must not touch them.

    prometheus_client reads the variable when it is imported, so this comes before that import.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a fresh folder inside it
    folder = tempfile.mkdtemp(prefix="agent-exporter-", dir=memory)
    os.environ[METRICS_FOLDER] = folder
    return folder


def _spare_collector() -> None:
    """What was imported and built stays for good, so the collector need not look at it again and again; and nearly
    all that a request makes is free without it, so it may look less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 10, 10)


class _Log(Logger):
    """Requests are counted and not logged one by one, so the line that nobody would see is not put together."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        pass


class _Arbiter(Arbiter):
    def __init__(self, app: Any, reload: Callable[[], None]) -> None:
        self._reload_configuration = reload
        super().__init__(app)

    def handle_hup(self) -> None:
        """SIGHUP applies the configuration file; workers follow the database and keep running."""
        self._reload_configuration()


class Server(BaseApplication):
    """Serves what `make_app` builds in each worker."""

    def __init__(
        self,
        make_app: Callable[[], Any],
        options: dict[str, Any],
        *,
        reload: Callable[[], None],
        child_exit: Callable[[int], None],
    ) -> None:
        self._make_app = make_app
        self._options = options
        self._reload = reload
        self._child_exit = child_exit
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)
        self.cfg.set("child_exit", lambda _server, worker: self._child_exit(worker.pid))

    def load(self) -> Any:
        # A hang-up of the terminal reaches the whole group; it is the master's to act on.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        app = self._make_app()
        _spare_collector()
        return app

    def run(self) -> None:
        _Arbiter(self, self._reload).run()


def options_for(listen: str, *, workers: int, threads: int, grace_seconds: int = 20) -> dict[str, Any]:
    """gunicorn's settings.  Requests are bounded by the receiver, not by gunicorn's timeout."""
    return {
        "bind": listen,
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "timeout": 120,
        "graceful_timeout": grace_seconds,
        "keepalive": 30,
        "backlog": 512,
        "worker_tmp_dir": "/dev/shm" if os.access("/dev/shm", os.W_OK) else None,  # noqa: S108
        "loglevel": "warning",
        "accesslog": None,
        "logger_class": _Log,
        "proc_name": "agent-exporter",
        "control_socket_disable": True,
    }


def remove_folder(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
