"""Scrape targets inside the test's own process: any WSGI application, and counters that a test makes misbehave."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from werkzeug.serving import make_server

from support.serving import Served

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Target(Served):
    """Serves an application on the loopback interface within a `with` block."""

    def __init__(self, application: Application) -> None:
        super().__init__(make_server("127.0.0.1", 0, application, threaded=True))

    @property
    def instance(self) -> str:
        """The label that Prometheus gives it."""
        return f"127.0.0.1:{self.port}"


class NaiveCounter:
    """An exporter of one counter whose value is whatever the test says; None shows no series."""

    def __init__(self, name: str, value: float | None) -> None:
        self._name = name
        self.value = value

    def __call__(self, _environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        lines = [f"# TYPE {self._name} counter"]
        if self.value is not None:
            lines.append(f"{self._name} {self.value!r}")
        start_response("200 OK", [("Content-Type", "text/plain; version=0.0.4")])
        return ["\n".join([*lines, ""]).encode()]


def alternate(applications: Sequence[Application]) -> Application:
    """One address before several replicas: every request goes to the next one, as a load balancer would."""
    turns: Iterator[Application] = itertools.cycle(applications)
    guard = threading.Lock()

    def balance(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with guard:
            chosen = next(turns)
        return chosen(environ, start_response)

    return balance
