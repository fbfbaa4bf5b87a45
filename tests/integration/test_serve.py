"""The processes of `serve`: a worker that ends is replaced, and a stop at any moment is a clean one."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

WORKERS = {"AGENT_EXPORTER_WORKERS": "2"}


def workers_of(server):
    """Process ids of the master's children."""
    return {int(pid) for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()}


def wait_for(condition, server):
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=lambda how: how.name)
def test_a_worker_that_ends_is_replaced_and_the_service_goes_on(start_server, sqlite_url, how):
    if not Path("/proc/self/task").exists():
        pytest.skip("/proc is absent")
    server = start_server(sqlite_url, env=WORKERS)
    wait_for(lambda: len(workers_of(server)) == min(2, os.cpu_count() or 1), server)
    before = workers_of(server)
    ended = min(before)
    os.kill(ended, how)
    wait_for(lambda: len(workers_of(server) - {ended}) == len(before), server)
    # The replacement has to get through its start, and everyone must still show the shared self-metrics.
    time.sleep(1)
    assert workers_of(server) - before
    for _ in range(6):
        assert server.post_protobuf("/v1/traces", b"").status == 200
        assert b"agent_exporter_http_requests_total" in server.get("/metrics").body
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("moment", [0.0, 0.2])
def test_a_stop_while_other_workers_still_start_is_clean(start_server, sqlite_url, moment):
    server = start_server(sqlite_url, env=WORKERS)
    time.sleep(moment)
    assert server.stop() == 0
    assert "Traceback" not in server.log.read_text()
