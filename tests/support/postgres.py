"""A private PostgreSQL cluster from the distribution's programs, one database for each test.

PostgreSQL refuses to run as root, so root hands it to the user `postgres` that the package makes.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg import sql

from support.ports import free_port
from support.tools import find_tool

_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "max_connections=100",
    "shared_buffers=64MB",
    "log_min_messages=warning",
    # Many tests advance a clock of their own, so statistics of the real one only disturb.
    "autovacuum=off",
)
_names = (f"test_{os.getpid()}_{number}" for number in count(1))


class Cluster:
    """A cluster in a temporary folder, on a free port of the loopback interface."""

    def __init__(self) -> None:
        initdb, self._control = find_tool("initdb"), find_tool("pg_ctl")
        self._account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="agent-exporter-pg-"))
        self._data = self._folder / "data"
        self.port = free_port()
        if self._account:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
        self._run(initdb, "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        self.start()

    @property
    def pid(self) -> int:
        """The server's first process."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    @property
    def url(self) -> str:
        """The administration database."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = " ".join(
            f"-c {item}" for item in (*_SETTINGS, f"port={self.port}", f"unix_socket_directories={self._folder}")
        )
        log = self._folder / "postgres.log"
        self._run(self._control, "-D", self._data, "-l", log, "-o", options, "-w", "-t", "60", "start")

    def stop(self, *, mode: str = "fast") -> None:
        """End the server; mode `immediate` is a crash."""
        self._run(self._control, "-D", self._data, "-m", mode, "-w", "stop")

    def remove(self) -> None:
        self.stop(mode="immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, *command: object) -> None:
        account = self._account
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        # pg_ctl leaves the server with our standard streams, so a pipe would never end.
        with open(os.devnull, "w") as nothing, tempfile.TemporaryFile() as trouble:
            done = subprocess.run(
                [str(part) for part in command],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=nothing,
                stderr=trouble,
                check=False,
                **identity,  # type: ignore[call-overload]
            )
            trouble.seek(0)
            assert done.returncode == 0, trouble.read().decode(errors="replace")


@contextmanager
def fresh_database(admin_url: str) -> Iterator[str]:
    """The URL of an empty database that lives as long as the block."""
    name = next(_names)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield _with_database(admin_url, name)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _with_database(url: str, name: str) -> str:
    head, _, options = url.partition("?")
    base = head.rpartition("/")[0]
    return f"{base}/{name}" + (f"?{options}" if options else "")
