"""What one request may cost, and the memory that all requests of a worker may hold together."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from exporter.errors import Unavailable

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeLimits:
    """Bounds of the receiver.  Sizes are bytes unless the name says otherwise."""

    max_body_bytes: int = 64 * MIB
    """Of one body after decompression, as OTLP 1.11 recommends ("OTLP/HTTP Request")."""
    max_inflight_bytes: int = 96 * MIB
    """Of all decompressed bodies that one worker holds at once."""
    max_answer_bytes: int = 4 * MIB
    """Of one answer, as OTLP 1.11 recommends ("OTLP/HTTP Response")."""
    max_message_chars: int = 2_000
    """Of the diagnostic text in an answer."""
    max_records: int = 250_000
    """Spans, log records or data points of one request."""
    max_attributes: int = 16_384
    """Of one span or resource.  OpenInference flattens whole conversations into attributes and lifts
    the SDK's limit to 10,000, so thousands are honest."""
    max_request_attributes: int = 3_000_000
    """Of all spans and resources of one request: to look at one takes about 0.35 us."""
    max_repaired: int = 50_000
    """Distinct attributes of one request whose texts are not UTF-8: to repair one takes about 5 us."""
    max_text_chars: int = 4_096
    """Of one attribute text, unless its key is read whole."""
    max_depth: int = 16
    """Of lists and maps within one attribute value."""
    max_elements: int = 1_024
    """Of one list or map within an attribute value."""
    max_json_nodes: int = 1_500_000
    """Objects, lists and members of a JSON body: each becomes a Python object of about 100 bytes."""
    whole_bytes: int = MIB // 2
    """Protobuf bodies above this are parsed piece by piece: an empty message of two bytes takes up to 170
    bytes once parsed, so that a body of 64 MiB could ask for 5 GiB."""
    piece_bytes: int = MIB // 8
    """Of such a piece."""
    read_seconds: float = 30.0
    """For the whole body to arrive."""
    drain_seconds: float = 2.0
    """For the rest of a refused body to arrive, so that the sender reads the answer."""


DEFAULT_LIMITS: Final = IntakeLimits()


class InflightBudget:
    """Decompressed bytes that the requests of one worker hold together; safe for threads."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = 0
        self._guard = threading.Lock()

    @property
    def held(self) -> int:
        """Bytes held at this moment."""
        return self._held

    def lease(self) -> Lease:
        """An account of one request, to be used in a `with` block that ends when the body is forgotten."""
        return Lease(self)

    def acquire(self, size: int) -> None:
        """Take `size` bytes, or raise Unavailable without taking any."""
        with self._guard:
            if self._held + size > self.limit:
                raise Unavailable("The receiver holds as many bytes as it may; send again later.", reason="busy")
            self._held += size

    def release(self, size: int) -> None:
        """Give back what `acquire` took."""
        with self._guard:
            self._held -= size


class Lease:
    """What one request holds of an InflightBudget; all of it returns on leaving the `with` block."""

    def __init__(self, budget: InflightBudget) -> None:
        self._budget = budget
        self.held = 0

    def grow(self, size: int) -> None:
        """Hold `size` more bytes, or raise Unavailable."""
        self._budget.acquire(size)
        self.held += size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._budget.release(self.held)
        self.held = 0
