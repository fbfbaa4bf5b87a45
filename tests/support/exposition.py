"""Scrape targets inside the test's own process: any WSGI application, and counters that a test makes misbehave."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from werkzeug.serving import BaseWSGIServer, make_server

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Target:
    """Serves an application on the loopback interface within a `with` block."""

    def __init__(self, application: Application) -> None:
        self._server: BaseWSGIServer = make_server("127.0.0.1", 0, application, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        port: int = self._server.server_port
        return port

    @property
    def instance(self) -> str:
        """The label that Prometheus gives it."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


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
