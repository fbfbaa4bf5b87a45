"""The OTLP/HTTP receiver: POST /v1/traces, /v1/logs, /v1/metrics (OTLP 1.11), and the path of Langfuse's SDKs.

Senders retry 429 and 503 only; any other refusal makes them drop the data.  So what may succeed later,
the unforeseen included, is 503 with Retry-After, and nothing here ever answers 500.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from flask import Blueprint, Request, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from exporter.errors import (
    Conflict,
    ExporterError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnsupportedMedia,
)
from exporter.intake.answer import JSON, LOG, METRIC, PROTOBUF, SIGNALS, SPAN, Signal, failure, success
from exporter.intake.body import ENCODINGS, read_body
from exporter.intake.limits import DEFAULT_LIMITS, InflightBudget, IntakeLimits
from exporter.intake.receipt import Receipt
from exporter.web.streams import drain, stream_of

LANGFUSE_PATH: Final = "/api/public/otel/v1/traces"
"""Where the Langfuse SDKs post their spans, whatever host they are given."""
OTLP_PATHS: Final = frozenset({*(signal.path for signal in SIGNALS), LANGFUSE_PATH})
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_STATUSES: Final[tuple[tuple[type[ExporterError], int], ...]] = (
    (InvalidRequest, 400),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (TooLarge, 413),
    (UnsupportedMedia, 415),
    (RateLimited, 429),
)
_LOG: Final = logging.getLogger(__name__)


class Intake(Protocol):
    """Takes decompressed bodies.  What it returns is durable; trouble is an ExporterError."""

    def traces(self, body: bytes, *, json: bool) -> Receipt: ...

    def logs(self, body: bytes, *, json: bool) -> Receipt: ...

    def metrics(self, body: bytes, *, json: bool) -> Receipt: ...


class Observe(Protocol):
    """Counts what was received (spans, log records, data points) and what was refused for good, by reason."""

    def received(self, signal: str, dialect: str, outcome: str, n: int) -> None: ...

    def rejected(self, signal: str, reason: str, n: int) -> None: ...


class IntakeSlots:
    """Fewer requests at once than the worker has threads, so that health and scrape always find one."""

    def __init__(self, count: int) -> None:
        self._free = threading.BoundedSemaphore(count)

    @contextmanager
    def claim(self) -> Iterator[None]:
        """Hold one slot, or raise Unavailable at once."""
        if not self._free.acquire(blocking=False):
            raise Unavailable("All intake slots of this worker are taken; send again later.", reason="busy")
        try:
            yield
        finally:
            self._free.release()


def otlp_blueprint(
    intake: Intake,
    observe: Observe,
    *,
    limits: IntakeLimits = DEFAULT_LIMITS,
    budget: InflightBudget | None = None,
    slots: IntakeSlots | int = 3,
) -> Blueprint:
    """Routes of the receiver.

    `slots` bounds the requests at work at once: one less than the worker's threads, or what several intakes
    share.  Pass `budget` to show its `held` bytes elsewhere.
    """
    blueprint = Blueprint("otlp", __name__)
    claims = IntakeSlots(slots) if isinstance(slots, int) else slots
    receiver = _Receiver(observe, limits, budget or InflightBudget(limits.max_inflight_bytes), claims)
    calls: tuple[tuple[Signal, Callable[..., Receipt]], ...] = (
        (SPAN, intake.traces),
        (LOG, intake.logs),
        (METRIC, intake.metrics),
    )
    for signal, call in calls:
        view = partial(receiver.export, signal, call)
        paths = {signal.name: signal.path} | ({"langfuse": LANGFUSE_PATH} if signal is SPAN else {})
        for name, path in paths.items():
            blueprint.add_url_rule(path, name, view, methods=_METHODS, provide_automatic_options=False)
    return blueprint


def is_otlp_request(asked: Request) -> bool:
    """Whether errors of this request must be answered by `otlp_error_response`."""
    return asked.path in OTLP_PATHS


def otlp_error_response(asked: Request, error: Exception, limits: IntakeLimits = DEFAULT_LIMITS) -> Response:
    """A google.rpc.Status answer in the encoding of the request, with the headers that its status needs.

    Whatever is no expected error, nor an HTTP error below 500, becomes 503 with Retry-After.
    """
    drain(asked, limits)
    status, message = _status_of(error)
    as_json = asked.mimetype != PROTOBUF
    answer = _answer(failure(status, message, limits, as_json=as_json), status, as_json=as_json)
    if status in (429, 503):
        answer.headers["Retry-After"] = str(max(1, int(getattr(error, "retry_after", None) or 1)))
    elif status == 401:
        scheme = "Basic" if asked.path == LANGFUSE_PATH else "Bearer"
        answer.headers["WWW-Authenticate"] = f'{scheme} realm="agent-exporter"'
    elif status == 405:
        answer.headers["Allow"] = "POST"
    elif status == 415:
        answer.headers["Accept-Encoding"] = ", ".join(ENCODINGS)
    return answer


@dataclass(frozen=True, slots=True)
class _Receiver:
    observe: Observe
    limits: IntakeLimits
    budget: InflightBudget
    slots: IntakeSlots

    def export(self, signal: Signal, call: Callable[..., Receipt]) -> Response:
        if request.method != "POST":
            return otlp_error_response(request, MethodNotAllowed(["POST"]), self.limits)
        try:
            as_json = _is_json(request)
            receipt = self._take(call, as_json=as_json)
        except Exception as error:  # noqa: BLE001 - a 500 would make senders drop what they hold
            _report_refusal(signal, error, self.observe)
            return otlp_error_response(request, error, self.limits)
        _report_receipt(signal, receipt, self.observe)
        return _answer(success(signal, receipt.rejected, self.limits, as_json=as_json), 200, as_json=as_json)

    def _take(self, call: Callable[..., Receipt], *, as_json: bool) -> Receipt:
        with self.slots.claim(), self.budget.lease() as lease:
            body = read_body(
                stream_of(request, self.limits.read_seconds),
                content_length=request.content_length,
                encoding=request.headers.get("Content-Encoding", ""),
                limits=self.limits,
                budget=lease,
            )
            return call(body, json=as_json)


def _is_json(asked: Request) -> bool:
    if asked.mimetype == JSON:
        return True
    if asked.mimetype == PROTOBUF:
        return False
    raise UnsupportedMedia(
        f"Content-Type {asked.mimetype[:80]!r} is not accepted; send {PROTOBUF} or {JSON}.",
        reason="unsupported_content_type",
        accepted=[PROTOBUF, JSON],
    )


def _status_of(error: Exception) -> tuple[int, str]:
    if isinstance(error, Unavailable):
        return 503, error.message
    if isinstance(error, ExporterError):
        for kind, status in _STATUSES:
            if isinstance(error, kind):
                return status, error.message
    if isinstance(error, HTTPException) and error.code is not None and 400 <= error.code < 500:
        return error.code, error.description or error.name
    return 503, "The receiver has a problem of its own; send again later."


def _answer(body: bytes, status: int, *, as_json: bool) -> Response:
    return Response(body, status=status, content_type=JSON if as_json else PROTOBUF)


def _report_receipt(signal: Signal, receipt: Receipt, observe: Observe) -> None:
    outcomes = receipt.by_dialect or {
        ("", "accepted"): receipt.accepted,
        ("", "duplicate"): receipt.duplicate,
        ("", "ignored"): receipt.ignored,
    }
    for (dialect, outcome), count in outcomes.items():
        if count:
            observe.received(signal.name, dialect, outcome, count)
    for reason, count in receipt.rejected.items():
        if count:
            observe.rejected(signal.name, reason, count)


def _report_refusal(signal: Signal, error: Exception, observe: Observe) -> None:
    """Count a body refused for good as one record, for nobody can know how many it held; log the unforeseen."""
    if isinstance(error, (InvalidRequest, TooLarge, UnsupportedMedia)):
        observe.rejected(signal.name, str(error.details.get("reason", error.code)), 1)
    elif not isinstance(error, (ExporterError, HTTPException)):
        _LOG.error("A %s request failed unexpectedly; the sender was told to retry.", signal.name, exc_info=error)
