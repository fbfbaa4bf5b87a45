"""A real Alertmanager with the shipped configuration, and a webhook that it delivers to."""

from __future__ import annotations

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from support.ports import free_port
from support.serving import Program, Served
from support.tools import ROOT

FOLDER = ROOT / "prometheus" / "alertmanager"
CONFIG = FOLDER / "alertmanager.yml"
TEMPLATES = FOLDER / "templates" / "*.tmpl"
_INSTALLED = "/etc/alertmanager"
"""Where the shipped configuration expects its folder."""
_HURRY = {"group_wait": "1s", "group_interval": "1s"}


def run(program: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A program that ends by itself, with what it printed."""
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def threshold(percent: int, severity: str, budget: str = "payments-month", period: str = "month") -> dict[str, str]:
    """A threshold alert as the rules label it."""
    return {
        "alertname": "AgentBudgetThreshold",
        "job": "agent-exporter",
        "budget": budget,
        "period": period,
        "threshold": str(percent),
        "severity": severity,
    }


def alert(name: str, severity: str, **labels: str) -> dict[str, str]:
    """An alert of the exporter's job by its labels."""
    return {"alertname": name, "severity": severity, "job": "agent-exporter", **labels}


def replace_once(text: str, old: str, new: str) -> str:
    """The edit that the documentation describes; it fails when the shipped text no longer allows it."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the configuration"
    return text.replace(old, new)


def shipped_config(*, people: str = "screen", watchdog: str = "screen", secrets: Path | None = None) -> str:
    """The shipped configuration with the two edits that README.md describes.

    Templates are taken from the repository, secrets from `secrets`.
    """
    text = CONFIG.read_text()
    text = replace_once(text, "receiver: screen # people", f"receiver: {people} # people")
    text = replace_once(text, "receiver: screen # watchdog", f"receiver: {watchdog} # watchdog")
    text = replace_once(text, "templates/*.tmpl", str(TEMPLATES))
    return text.replace(f"{_INSTALLED}/secrets", str(secrets or FOLDER / "secrets"))


def hurried(text: str) -> str:
    """The same routes without the waiting that people want and tests do not."""
    for name, value in _HURRY.items():
        text = re.sub(rf"\b{name}: \S+", f"{name}: {value}", text)
    return text


class Inbox(Served):
    """A webhook on the loopback interface that keeps what is posted; runs within a `with` block."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), self._handler()))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/alerts"

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], *, timeout: float = 30.0) -> dict[str, Any]:
        """The first message that is wanted; what came instead is in the failure."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for message in list(self.messages):
                if wanted(message):
                    return message
            time.sleep(0.05)
        raise AssertionError(f"no such message among {json.dumps(self.messages, indent=1)}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        messages = self.messages

        class Receive(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Receive


class Alertmanager(Program):
    """Runs `config` within a `with` block, alone (no cluster); its data lies in `folder`."""

    def __init__(self, program: Path, folder: Path, config: str) -> None:
        super().__init__(folder)
        self._program = program
        self._config = config
        self._port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._folder.mkdir()
        config = self._folder / "alertmanager.yml"
        config.write_text(self._config)
        self._start(
            [
                self._program,
                f"--config.file={config}",
                f"--storage.path={self._folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{self._port}",
                "--cluster.listen-address=",
            ]
        )
        self._wait_until_ready()
        return self

    def fire(self, *alerts: Mapping[str, str], annotations: Mapping[str, str] | None = None) -> None:
        """Alerts by their labels, firing until they are resolved."""
        self._post([{"labels": dict(labels), "annotations": dict(annotations or {})} for labels in alerts])

    def resolve(self, *alerts: Mapping[str, str]) -> None:
        """The same alerts are over."""
        ended = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._post([{"labels": dict(labels), "endsAt": ended} for labels in alerts])

    def alerts(self) -> list[dict[str, Any]]:
        """Every alert that fires, muted ones included."""
        found: list[dict[str, Any]] = self._get("/api/v2/alerts")
        return found

    def is_muted(self, labels: Mapping[str, str]) -> bool:
        """Whether another alert inhibits the alert with exactly these labels; it must be there."""
        (found,) = (alert for alert in self.alerts() if alert["labels"] == dict(labels))
        return bool(found["status"]["inhibitedBy"])

    def wait_until_held_back(self, labels: Mapping[str, str], interval: str, *, timeout: float = 20.0) -> None:
        """Until Alertmanager has wanted to tell of the alert and was kept from it by a time interval."""
        deadline = time.monotonic() + timeout
        while interval not in self._held_back_by(labels):
            assert time.monotonic() < deadline, self.alerts()
            time.sleep(0.05)

    def _held_back_by(self, labels: Mapping[str, str]) -> list[str]:
        # Only groups know: the alert itself stays active.
        alerts = (alert for group in self._get("/api/v2/alerts/groups") for alert in group["alerts"])
        return [name for one in alerts if one["labels"] == dict(labels) for name in one["status"]["mutedBy"]]

    def _post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts", json.dumps(alerts).encode(), {"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=10).close()

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=10) as answer:
            return json.load(answer)

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        for _ in range(300):
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.log)
