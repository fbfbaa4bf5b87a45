"""The floor of a small request: Flask takes it and decodes it, and nothing is stored.

Served by gunicorn with one worker of four threads: `gunicorn 'bench.bare:make_app()'`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, Response, request

from bench.floor import decode_wanted


def make_app() -> Flask:
    app = Flask(__name__)

    @app.post("/v1/traces")
    def take() -> Response:
        decode_wanted(zlib.decompress(request.get_data(cache=False), 31))
        return Response(b"", mimetype="application/x-protobuf")

    @app.get("/healthz")
    def alive() -> str:
        return "ok"

    return app


@contextmanager
def serving(port: int) -> Iterator[None]:
    """The bare server on `port` as long as the block lasts."""
    command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--workers", "1", "--threads", "4"]
    process = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}", "--log-level", "error", "bench.bare:make_app()"], env=os.environ
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/healthz")
        yield
    finally:
        process.terminate()
        process.wait()


def _wait_for(url: str, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"{url} did not answer")
