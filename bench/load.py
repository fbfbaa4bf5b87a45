"""Sends bodies over keep-alive connections, like an exporter: as fast as they are answered, or at a fixed rate.

At a fixed rate the latency counts from the instant at which a body was due, so that a stall is seen by all that wait.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.bodies import Body

_HEAD = (
    "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\n"
    "Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n"
)


@dataclass
class Outcome:
    """What a run was answered; `latencies` in seconds, of accepted requests."""

    seconds: float = 0.0
    accepted_spans: int = 0
    accepted_calls: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def spans_per_second(self) -> float:
        return self.accepted_spans / self.seconds

    @property
    def requests_per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def latency_ms(self, quantile: float) -> float:
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]


class _Run:
    def __init__(self, port: int, bodies: Sequence[Body], *, seconds: float, spans_per_second: float) -> None:
        self._port = port
        self._bodies = iter(enumerate(bodies))
        self._gap = bodies[0].spans / spans_per_second if spans_per_second else 0.0
        self._lock = threading.Lock()
        self.outcome = Outcome()
        self.started = time.monotonic()
        self._end = self.started + seconds

    def send_until_done(self) -> None:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            with self._lock:
                index, body = next(self._bodies, (0, None))
            due = self.started + index * self._gap if self._gap else time.monotonic()
            time.sleep(max(0.0, due - time.monotonic()))
            if body is None or time.monotonic() >= self._end:
                break
            self._deliver(connection, body, due)
        connection.close()

    def _deliver(self, connection: socket.socket, body: Body, due: float) -> None:
        """Send, and send again after Retry-After, as an exporter does; the wait is part of the latency."""
        while True:
            status, retry_after = _post(connection, body.data)
            self._note(status, body, time.monotonic() - due)
            if status != 503 or time.monotonic() >= self._end:
                return
            time.sleep(retry_after)

    def _note(self, status: int, body: Body, latency: float) -> None:
        with self._lock:
            self.outcome.statuses[status] += 1
            if status == 200:
                self.outcome.latencies.append(latency)
                self.outcome.accepted_spans += body.spans
                self.outcome.accepted_calls += body.calls


def _post(connection: socket.socket, data: bytes) -> tuple[int, float]:
    """Status and Retry-After.  A client library would cost as much as a small request does in the server."""
    connection.sendall(_HEAD.format(len(data)).encode() + data)
    head, _, rest = _receive_until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    while len(rest) < int(headers["content-length"]):
        rest += connection.recv(65536)
    return int(first.split()[1]), float(headers.get("retry-after", 0))


def _receive_until(connection: socket.socket, end: bytes) -> bytes:
    data = b""
    while end not in data:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("closed before the answer")
        data += part
    return data


def send(
    port: int, bodies: Sequence[Body], *, connections: int, seconds: float, spans_per_second: float = 0.0
) -> Outcome:
    """Send until the bodies or the seconds run out; `spans_per_second` 0 means as fast as they are answered."""
    run = _Run(port, bodies, seconds=seconds, spans_per_second=spans_per_second)
    threads = [threading.Thread(target=run.send_until_done) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.outcome.seconds = time.monotonic() - run.started
    return run.outcome
