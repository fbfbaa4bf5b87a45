"""`make run` on a machine that has only the environment."""

from __future__ import annotations

import os
import signal
import socket
import time

import pytest

from support.ports import free_port
from support.scripts import children_of, read_until


@pytest.fixture
def run(start_script, tmp_path):
    """Starts `scripts.run` on an address, with its folder in a temporary place."""

    def start(listen):
        return start_script("scripts.run", f"--folder={tmp_path}", env={"AGENT_EXPORTER_LISTEN": listen})

    return start


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
    guide = read_until(process.stdout, "Ctrl-C ends both")
    assert f"http://{listen}/metrics" in guide
    assert "agent-exporter cost" in guide
    time.sleep(1)
    children = children_of(process.pid)
    assert len(children) == 2
    process.send_signal(signal.SIGINT)
    rest, trouble = process.communicate(timeout=60)
    assert (process.returncode, trouble) == (0, "")
    assert "stopped" in rest
    assert not any(os.path.exists(f"/proc/{child}") for child in children)
    assert (tmp_path / "ledger.db").exists()
