"""`make stack` on a machine without Docker."""

from __future__ import annotations

import os
import signal
import socket

import pytest

from scripts.stack.addresses import url
from support.scripts import command_of, family_of, read_until
from support.stack import free_ports, wait_for

PROGRAMS = 5
"""Exporter, fleet, Collector, Prometheus, Alertmanager."""


@pytest.fixture
def ports():
    return free_ports()


@pytest.fixture
def make_stack(tool, start_script, tmp_path):
    """Starts scripts.stack on ports, with its folder in a temporary place."""
    for program in ("otelcol", "prometheus", "alertmanager"):
        tool(program)

    def start(ports):
        options = [f"--{name.replace('_', '-')}-port={port}" for name, port in ports._asdict().items()]
        return start_script("scripts.stack", f"--folder={tmp_path}", "--no-past", *options)

    return start


def test_every_taken_port_is_named_before_anything_starts(make_stack, ports, tmp_path):
    with socket.create_server(("127.0.0.1", ports.otlp_http)), socket.create_server(("127.0.0.1", ports.prometheus)):
        process = make_stack(ports)
        _, trouble = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"{ports.otlp_http} (otlp http: " in trouble
    assert f"{ports.prometheus} (prometheus: " in trouble
    assert "--prometheus-port" in trouble
    assert list(tmp_path.iterdir()) == []


def test_it_says_where_to_look_and_ctrl_c_ends_everything(make_stack, ports, tmp_path):
    process = make_stack(ports)
    guide = read_until(process.stdout, "Ctrl-C ends everything")
    assert f"{url(ports.prometheus)}/alerts" in guide
    assert f"{url(ports.exporter)}/runbook" in guide
    assert f"OTEL_EXPORTER_OTLP_ENDPOINT={url(ports.otlp_http)}" in guide
    children = family_of(process.pid)
    assert len(children) >= PROGRAMS
    process.send_signal(signal.SIGINT)
    rest, trouble = process.communicate(timeout=120)
    assert (process.returncode, trouble) == (0, "")
    assert "stopped" in rest
    assert [child for child in children if os.path.exists(f"/proc/{child}")] == []
    assert (tmp_path / "exporter" / "ledger.db").exists()


def test_ctrl_c_before_it_is_ready_ends_what_has_started(make_stack, ports):
    process = make_stack(ports)
    read_until(process.stdout, "Starting")
    children = wait_for(lambda: family_of(process.pid), "a first program", within_seconds=60)
    process.send_signal(signal.SIGINT)
    rest, trouble = process.communicate(timeout=120)
    assert (process.returncode, trouble) == (0, "")
    assert "stopped" in rest
    assert "Look at" not in rest
    assert [child for child in children if os.path.exists(f"/proc/{child}")] == []


def test_a_program_that_ends_by_itself_ends_the_rest_and_its_log_is_shown(make_stack, ports):
    process = make_stack(ports)
    read_until(process.stdout, "Ctrl-C ends everything")
    children = family_of(process.pid)
    (victim,) = [child for child in children if command_of(child).endswith("/alertmanager")]
    os.kill(victim, signal.SIGKILL)
    _, trouble = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "alertmanager ended with status -9" in trouble
    assert "Listening on" in trouble
    assert [child for child in children if os.path.exists(f"/proc/{child}")] == []
