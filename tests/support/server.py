"""The exporter as shipped: `agent-exporter serve` in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.ports import free_port
from support.tools import ROOT


def migrate(database_url: str) -> None:
    """Bring a database to this version's schema, as an operator does before `serve` on PostgreSQL."""
    environment = {**os.environ, "AGENT_EXPORTER_DATABASE_URL": database_url}
    subprocess.run([sys.executable, "-m", "exporter", "migrate"], cwd=ROOT, env=environment, check=True)


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """One `serve` with its workers.  `env` adds to or overrides the environment of the test."""

    database_url: str
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The master's process id."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, timeout: float = 30.0) -> Server:
        """Start and wait until `/readyz` says yes; the log is in the failure when it does not."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "exporter", "serve"],
                # Not the repository, where a configuration file may lie.
                cwd=self.log.parent,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready(time.monotonic() + timeout)
        return self

    def stop(self, *, timeout: float = 20.0) -> int:
        """Ask the master to end, wait for it, and answer its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            status = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._process = None
        return status

    def kill(self) -> None:
        """End the master and its workers at once, as a power cut would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def request(
        self, method: str, path: str, body: bytes | None = None, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.request("GET", path, headers=headers)

    def post_json(self, path: str, document: Any) -> Answer:
        return self.request("POST", path, json.dumps(document).encode(), headers={"Content-Type": "application/json"})

    def post_protobuf(self, path: str, body: bytes, *, encoding: str | None = None) -> Answer:
        headers = {"Content-Type": "application/x-protobuf"} | ({"Content-Encoding": encoding} if encoding else {})
        return self.request("POST", path, body, headers=headers)

    def environment(self) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AGENT_EXPORTER_")}
        return {
            **inherited,
            "AGENT_EXPORTER_DATABASE_URL": self.database_url,
            "AGENT_EXPORTER_LISTEN": f"127.0.0.1:{self.port}",
            "AGENT_EXPORTER_SETTLE_SECONDS": "0.2",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            **self.env,
        }

    def _wait_until_ready(self, deadline: float) -> None:
        assert self._process is not None
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"serve ended by itself:\n{self.log.read_text()}"
            try:
                if self.get("/readyz").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"serve was not ready in time:\n{self.log.read_text()}")
