"""The bytes of a request's body as they arrive, each wait with its limit."""

from __future__ import annotations

import socket
import sys
import time
from typing import Final

from flask import Request
from werkzeug.exceptions import ClientDisconnected, HTTPException

from exporter.intake.body import Readable
from exporter.intake.limits import IntakeLimits

_DRAINED_PIECE: Final = 64 * 1024


class Stream:
    """The body as the server hands it out, with a time limit for each wait and disconnections as OSError."""

    def __init__(self, stream: Readable, connection: socket.socket | None, seconds: float) -> None:
        self._stream = stream
        self._connection = connection
        self._seconds = seconds

    def read(self, size: int, /) -> bytes:
        if self._connection is not None:
            self._connection.settimeout(self._seconds)
        try:
            return self._stream.read(size)
        except ClientDisconnected as error:
            raise ConnectionResetError from error
        finally:
            if self._connection is not None:
                self._connection.settimeout(None)


def stream_of(asked: Request, seconds: float) -> Stream:
    # With a limit set, Werkzeug cuts a chunked body there and says nothing; `read_body` counts instead.
    asked.max_content_length = sys.maxsize
    return Stream(asked.stream, asked.environ.get("gunicorn.socket"), seconds)


def drain(asked: Request, limits: IntakeLimits) -> None:
    """Read the rest of a refused body, within bounds.

    gunicorn resets a connection with more than 64 KiB unread, and then the sender sees no answer but a
    broken connection, which it takes for a reason to send the same again.
    """
    deadline, left = time.monotonic() + limits.drain_seconds, limits.max_body_bytes
    try:
        stream = stream_of(asked, limits.drain_seconds)
        while left > 0 and time.monotonic() < deadline and (piece := stream.read(_DRAINED_PIECE)):
            left -= len(piece)
    except (OSError, HTTPException):
        return
