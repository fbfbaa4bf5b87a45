"""A real Prometheus that scrapes replicas on the loopback interface."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from support.ports import free_port
from support.serving import Program

_CONFIG = """
global: {{scrape_interval: {interval}, scrape_timeout: {interval}}}
scrape_configs:
  - job_name: agent-exporter
    static_configs: [{{targets: [{targets}]}}]
"""


class Prometheus(Program):
    """Runs within a `with` block; its data lies in `folder`, which may hold blocks of the past already."""

    def __init__(self, program: Path, folder: Path, ports: Sequence[int], *, interval: str = "500ms") -> None:
        super().__init__(folder)
        self._program = program
        self._ports = ports
        self._interval = interval
        self._port = free_port()
        self._started = time.time()

    def __enter__(self) -> Self:
        self._folder.mkdir(exist_ok=True)
        config = self._folder / "prometheus.yml"
        targets = ", ".join(f"'127.0.0.1:{port}'" for port in self._ports)
        config.write_text(_CONFIG.format(interval=self._interval, targets=targets))
        self._start(
            [
                self._program,
                f"--config.file={config}",
                f"--storage.tsdb.path={self._folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
            ]
        )
        self._wait_until_ready()
        return self

    def query(self, expression: str, *, at: float | None = None) -> dict[tuple[tuple[str, str], ...], float]:
        """The vector of an instant query: sorted label pairs to values."""
        parameters = {"query": expression} | ({"time": f"{at:.3f}"} if at else {})
        found = self._get(f"/api/v1/query?{urllib.parse.urlencode(parameters)}")
        return {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in found["data"]["result"]}

    def value(self, expression: str, *, at: float | None = None) -> float:
        """The only value of an instant query."""
        (value,) = self.query(expression, at=at).values()
        return value

    def increase_over_run(self, family: str, port: int) -> float:
        """`sum(increase(...))` of one replica from the start of Prometheus to its last sample of it."""
        selector = f'{family}{{instance="127.0.0.1:{port}"}}'
        window = int(time.time() - self._started) + 5
        # Of its whole run: a replica that is away just now shows nothing.
        last = self.value(f"max(max_over_time(timestamp({selector})[{window}s:1s]))")
        return self.value(f"sum(increase({selector}[{int(last - self._started) + 5}s]))", at=last)

    def sample_count(self, family: str) -> int:
        """Scrapes that brought the family, over all replicas."""
        window = int(time.time() - self._started) + 5
        return int(self.value(f"sum(max by (instance) (count_over_time({family}[{window}s])))"))

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=20) as answer:
            return json.load(answer)

    def _wait_until_ready(self) -> None:
        for _ in range(300):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/-/ready", timeout=2):
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError(self.log)
