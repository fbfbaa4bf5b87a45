"""A bounded load client that behaves like an OTLP exporter and knows which bodies were acknowledged."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from chaos.bodies import BodyMaker

HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
RETRY_SECONDS = 0.05
RESENT_ONE_IN = 10
"""Every tenth body is sent again after its acknowledgement, as an exporter does that lost the answer."""


@dataclass
class Load:
    """Threads that post numbered bodies to one or more ports until told to stop.

    A body that was not acknowledged is sent again, so `acknowledged` is complete once `finish` returns.
    """

    maker: BodyMaker
    ports: Sequence[int]
    threads: int = 4
    pause_seconds: float = 0.0
    """Between two bodies of one thread, for a load below the maximum."""
    acknowledged: list[int] = field(default_factory=list)
    resent: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """Answers by status, and `no answer`."""
    faults: list[str] = field(default_factory=list)
    """Answers that an OTLP client should never see."""
    without_retry_after: int = 0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._give_up_at = float("inf")
        self._lock = threading.Lock()
        self._next = 0
        self._running = [threading.Thread(target=self._work, args=(n,), daemon=True) for n in range(self.threads)]

    def start(self) -> Load:
        for thread in self._running:
            thread.start()
        return self

    def finish(self, *, within_seconds: float = 60.0) -> None:
        """Begin no new body, see the begun ones through, and end."""
        self._give_up_at = time.monotonic() + within_seconds
        self._stop.set()
        for thread in self._running:
            thread.join()

    def abandon(self) -> None:
        """End at once, whatever is under way; without effect after `finish`."""
        self.finish(within_seconds=0.0)

    def wait_for(self, acknowledged: int, *, within_seconds: float = 60.0) -> None:
        """Until so many bodies have been acknowledged in all."""
        deadline = time.monotonic() + within_seconds
        while len(self.acknowledged) < acknowledged:
            assert time.monotonic() < deadline, f"{len(self.acknowledged)} of {acknowledged} bodies; {self.answers}"
            assert not self.faults, self.faults[:3]
            time.sleep(0.01)

    def _work(self, index: int) -> None:
        sender = _Sender(self.ports, index)
        while not self._stop.is_set():
            with self._lock:
                number, self._next = self._next, self._next + 1
            data = self.maker.make(number).data
            if not self._deliver(sender, data):
                self.faults.append(f"body {number} was not acknowledged in time")
                break
            self.acknowledged.append(number)
            if number % RESENT_ONE_IN == 0:
                self.resent += self._deliver(sender, data)
            self._stop.wait(self.pause_seconds)
        sender.close()

    def _deliver(self, sender: _Sender, data: bytes) -> bool:
        while time.monotonic() < self._give_up_at:
            status, answer, retry_after = sender.post(data)
            self.answers[str(status or "no answer")] += 1
            if status == 200:
                return self._is_complete(answer)
            if status in (429, 503):
                self.without_retry_after += retry_after is None
            elif status is not None:
                self.faults.append(f"{status}: {answer[:300]!r}")
                return False
            time.sleep(RETRY_SECONDS)
        return False

    def _is_complete(self, answer: bytes) -> bool:
        rejected = ExportTraceServiceResponse.FromString(answer).partial_success.rejected_spans
        if rejected:
            self.faults.append(f"{rejected} spans rejected: {answer!r}")
        return not rejected


class _Sender:
    """One kept connection; after a failure it turns to the next port."""

    def __init__(self, ports: Sequence[int], index: int) -> None:
        self._ports = ports
        self._index = index
        self._connection: http.client.HTTPConnection | None = None

    def post(self, data: bytes) -> tuple[int | None, bytes, str | None]:
        """Status (None without an answer), body and Retry-After."""
        connection = self._connection or self._connect()
        try:
            connection.request("POST", "/v1/traces", data, HEADERS)
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            self._index += 1
            return None, b"", None
        if answer.status != 200:
            self._index += 1
            self.close()
        return answer.status, body, answer.headers["Retry-After"]

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _connect(self) -> http.client.HTTPConnection:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", self._ports[self._index % len(self._ports)], timeout=30
        )
        return self._connection
