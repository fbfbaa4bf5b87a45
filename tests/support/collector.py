"""The shipped Collector configuration in the real Collector, on the loopback interface."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from support.otlp import span
from support.ports import free_port
from support.tools import ROOT

FOLDER = ROOT / "otel-collector"
CONFIG = FOLDER / "config.yaml"
TRACING = FOLDER / "config.tracing.yaml"
PROTOBUF = "application/x-protobuf"

_SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$", re.MULTILINE)


@dataclass
class Collector:
    """One Collector that sends to `endpoint`; its queue lies in `folder` and outlives it."""

    program: Path
    folder: Path
    endpoint: str
    overlays: Sequence[Path] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    http_port: int = field(default_factory=free_port)
    grpc_port: int = field(default_factory=free_port)
    health_port: int = field(default_factory=free_port)
    metrics_port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def token_file(self) -> Path:
        return self.folder / "token"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def start(self, *, timeout: float = 20.0) -> Collector:
        """Start and wait until the health check says that the pipelines run."""
        self.folder.mkdir(exist_ok=True)
        if not self.token_file.exists():
            self.token_file.write_text("token-of-tests\n")
        configs = [argument for path in (CONFIG, *self.overlays) for argument in ("--config", str(path))]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.program, *configs], env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait_until_healthy(time.monotonic() + timeout)
        return self

    def stop(self, *, timeout: float = 20.0) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout)
            self._process = None

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def post(self, path: str, body: bytes, *, content_type: str = PROTOBUF, timeout: float = 20.0) -> int:
        """The status with which the Collector answers a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout)
        try:
            connection.request("POST", path, body, {"Content-Type": content_type})
            return connection.getresponse().status
        finally:
            connection.close()

    def send(self, body: bytes, path: str = "/v1/traces") -> None:
        """Post a protobuf body that must be acknowledged."""
        status = self.post(path, body)
        assert status == 200, f"the Collector answered {status}:\n{self.log[-2000:]}"

    def exposition(self) -> str:
        """What Prometheus scrapes from the Collector."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a family's samples that have these labels; 0 when there is none yet."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            float(match["value"])
            for match in _SAMPLE.finditer(self.exposition())
            if match["name"] == name and all(pair in (match["labels"] or "") for pair in wanted)
        )

    def is_queueing(self) -> bool:
        """Whether something waits to be sent, or is sent at this moment."""
        return self.metric("otelcol_exporter_queue_size", exporter="otlp_http/billing") > 0

    def wait_until(self, condition: Callable[[], bool], *, what: str, timeout: float = 20.0) -> None:
        """Wait for a condition, or fail with `what` and the end of the log."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not happen in time:\n{self.log[-2000:]}"
            time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "COLLECTOR_EXPORTER_ENDPOINT": self.endpoint,
            "COLLECTOR_TOKEN_FILE": str(self.token_file),
            "COLLECTOR_QUEUE_DIR": str(self.folder / "queue"),
            "COLLECTOR_GRPC_LISTEN": f"127.0.0.1:{self.grpc_port}",
            "COLLECTOR_HTTP_LISTEN": f"127.0.0.1:{self.http_port}",
            "COLLECTOR_HEALTH_LISTEN": f"127.0.0.1:{self.health_port}",
            "COLLECTOR_METRICS_HOST": "127.0.0.1",
            "COLLECTOR_METRICS_PORT": str(self.metrics_port),
            **self.env,
        }

    def _wait_until_healthy(self, deadline: float) -> None:
        assert self._process is not None
        while time.monotonic() < deadline:
            assert self._process.poll() is None, f"the Collector ended by itself:\n{self.log[-4000:]}"
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"the Collector was not healthy in time:\n{self.log[-4000:]}")


def numbered_span(number: int, attributes: Mapping[str, Any], **fields: Any) -> Span:
    """A span that its number identifies, within a trace of its own."""
    start = 1_795_000_000_000_000_000 + number
    identity = {
        "trace_id": number.to_bytes(16, "big"),
        "span_id": number.to_bytes(8, "big"),
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + 1_000_000,
    }
    return span(attributes, **(identity | fields))
