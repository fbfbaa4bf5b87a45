"""Processes of the stack: started with a log, watched, ended in order without a leftover."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time

import pytest

from scripts.stack.addresses import Ports, taken_ports
from scripts.stack.processes import Processes, Trouble
from scripts.stack.programs import find_programs
from support.ports import free_port

SLEEP = "import time; time.sleep(600)"
STUBBORN_PARENT = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("child", "w").write(str(child.pid))
sys.exit(3)
"""


@pytest.fixture
def processes(tmp_path):
    running = Processes(tmp_path)
    yield running
    running.stop_all(("first", "second"))


def run(processes, name, source):
    processes.start(name, (sys.executable, "-c", source), environment={**os.environ, "NAME": name})


def await_end(processes):
    while True:
        processes.refuse_ended()
        time.sleep(0.05)


def test_one_that_ends_by_itself_is_named_with_the_end_of_its_log(processes):
    run(processes, "first", SLEEP)
    run(processes, "second", "print('\\n'.join(map(str, range(100)))); print('no room'); raise SystemExit(4)")
    with pytest.raises(Trouble) as trouble:
        await_end(processes)
    first, *lines = str(trouble.value).splitlines()
    assert first == "second ended with status 4:"
    assert lines[-2:] == ["99", "no room"]
    assert len(lines) == 15


def test_what_a_program_left_running_ends_with_it(processes, tmp_path):
    run(processes, "first", STUBBORN_PARENT)
    with pytest.raises(Trouble, match="ended with status 3"):
        await_end(processes)
    child = (tmp_path / "child").read_text()
    assert os.path.exists(f"/proc/{child}")
    processes.stop("first")
    while is_alive(child):
        time.sleep(0.05)


def is_alive(pid):
    """Whether it still runs; a dead process that nobody waited for does not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_waiting_ends_when_the_program_does(processes):
    run(processes, "first", "raise SystemExit('cannot bind')")
    with pytest.raises(Trouble, match="cannot bind"):
        processes.wait_until_answers(
            "first", f"http://127.0.0.1:{free_port()}", within_seconds=60, ended=threading.Event()
        )


def test_waiting_has_a_limit(processes):
    run(processes, "first", SLEEP)
    with pytest.raises(Trouble, match=r"first is not ready after 0\.2 s"):
        processes.wait_until_answers(
            "first", f"http://127.0.0.1:{free_port()}", within_seconds=0.2, ended=threading.Event()
        )


def test_waiting_is_broken_off_by_the_user(processes):
    run(processes, "first", SLEEP)
    ended = threading.Event()
    ended.set()
    processes.wait_until_answers("first", "http://127.0.0.1:1", within_seconds=60, ended=ended)


def test_a_program_that_does_its_work_and_ends_is_waited_for(processes):
    run(processes, "first", SLEEP)
    run(processes, "second", "print('done')")
    processes.wait_until_done("second", ended=threading.Event())
    assert processes.tail("second") == "done"
    processes.refuse_ended()


def test_work_that_fails_is_told(processes):
    run(processes, "second", "raise SystemExit('no storage')")
    with pytest.raises(Trouble, match="second ended with status 1:\nno storage"):
        processes.wait_until_done("second", ended=threading.Event())


def test_another_program_that_ends_meanwhile_is_told(processes):
    run(processes, "first", "print('gone')")
    run(processes, "second", SLEEP)
    with pytest.raises(Trouble, match="first ended with status 0:\ngone"):
        processes.wait_until_done("second", ended=threading.Event())


def test_what_the_order_of_ending_does_not_name_is_ended_too(tmp_path):
    running = Processes(tmp_path)
    for name in ("first", "unnamed"):
        run(running, name, "import os; open('pid-' + os.environ['NAME'], 'w').write(str(os.getpid()))\n" + SLEEP)
    pids = [await_text(tmp_path / f"pid-{name}") for name in ("first", "unnamed")]
    running.stop_all(("first",))
    assert [pid for pid in pids if os.path.exists(f"/proc/{pid}")] == []


def await_text(path):
    while not (path.exists() and path.read_text()):
        time.sleep(0.05)
    return path.read_text()


def test_every_taken_port_is_found_with_its_name():
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        free = Ports(*(free_port() for _ in Ports()))
        ports = free._replace(exporter=one.getsockname()[1], alertmanager=other.getsockname()[1])
        assert [(name, port) for name, port, _ in taken_ports(ports)] == [
            ("exporter", ports.exporter),
            ("alertmanager", ports.alertmanager),
        ]


def test_every_missing_program_is_named_with_the_command_that_installs_it():
    with pytest.raises(Trouble) as trouble:
        find_programs(("sh", "no-such-program", "no-such-other"))
    assert str(trouble.value) == ("no-such-program, no-such-other missing; install with: scripts/install-tools local")
