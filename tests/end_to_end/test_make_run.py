"""`make run` on a machine that has only the environment."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from support.ports import free_port
from support.tools import ROOT


@pytest.fixture
def run(tmp_path):
    """Starts `scripts.run` on an address, with its folder in a temporary place."""
    started = []

    def start(listen):
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.run", "--folder", tmp_path],
            cwd=ROOT,
            env={**os.environ, "AGENT_EXPORTER_LISTEN": listen},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def test_a_taken_port_is_named_with_the_way_out(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        process = run(listen)
        _, trouble = process.communicate(timeout=30)
    assert process.returncode == 1
    assert f"cannot listen on {listen}" in trouble
    assert "AGENT_EXPORTER_LISTEN=" in trouble


def test_it_says_where_to_look_and_ctrl_c_ends_server_and_fleet(run, tmp_path):
    listen = f"127.0.0.1:{free_port()}"
    process = run(listen)
    guide = _read_until(process.stdout, "Ctrl-C ends both")
    assert f"http://{listen}/metrics" in guide
    assert "agent-exporter cost" in guide
    time.sleep(1)
    children = _children(process.pid)
    assert len(children) == 2
    process.send_signal(signal.SIGINT)
    rest, trouble = process.communicate(timeout=60)
    assert (process.returncode, trouble) == (0, "")
    assert "stopped" in rest
    assert not any(os.path.exists(f"/proc/{child}") for child in children)
    assert (tmp_path / "ledger.db").exists()


def _read_until(stream, text):
    lines = []
    for line in stream:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]
