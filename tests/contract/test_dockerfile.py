"""The Dockerfile: everything that it names exists, and its last stage holds and may do no more than it needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch

import pytest
import yaml

from exporter.cli.main import COMMANDS
from support.ports import free_port
from support.tools import ROOT

TEXT = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
LINES = [line.split(maxsplit=1) for line in TEXT.splitlines() if line and not line.startswith("#")]
STARTS = [place for place, (word, _) in enumerate(LINES) if word == "FROM"]
BUILD, LAST = LINES[STARTS[0] : STARTS[1]], LINES[STARTS[1] :]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def of(word, lines=LINES):
    return [rest for name, rest in lines if name == word]


def base():
    (argument,) = of("ARG")
    return argument.removeprefix("PYTHON_IMAGE=")


def test_both_stages_start_from_the_same_exact_python():
    assert re.fullmatch(r"python:\d+\.\d+\.\d+-slim-[a-z]+", base())
    assert of("FROM") == ["${PYTHON_IMAGE} AS build", "${PYTHON_IMAGE}"]


def test_the_python_is_one_that_the_package_supports():
    version = tuple(map(int, re.search(r":(\d+)\.(\d+)", base()).groups()))
    assert f"Programming Language :: Python :: {version[0]}.{version[1]}" in PROJECT["classifiers"]
    # The folder that the last stage empties is that of the same Python.
    assert f"/usr/local/lib/python{version[0]}.{version[1]}/site-packages" in of("RUN", LAST)[0]


def test_what_is_copied_exists_and_is_not_left_out_by_dockerignore():
    sources = [source for rest in of("COPY", BUILD) for source in rest.split()[:-1]]
    assert set(sources) == _let_through()
    assert [source for source in sources if not (ROOT / source).exists()] == []


def _let_through():
    """What .dockerignore lets into the build."""
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    return {line[1:] for line in lines if line.startswith("!")}


def test_no_cache_of_python_enters_the_build():
    patterns = (ROOT / ".dockerignore").read_text().splitlines()
    assert any(fnmatch("exporter/web/__pycache__", line) for line in patterns)


def test_the_build_reads_everything_that_the_package_is_made_of():
    named = {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml", "exporter"}
    assert named <= _let_through()


def test_every_package_is_checked_by_its_hash_and_nothing_comes_from_elsewhere():
    fetch, install = of("RUN", BUILD)
    assert {"--require-hashes", "--no-deps", "--only-binary", "constraints.txt"} <= set(fetch.split())
    assert {"--no-index", "--find-links"} <= set(install.split())
    blocks = re.split(r"\n(?=\S)", (ROOT / "constraints.txt").read_text())
    assert [block for block in blocks if "--hash=sha256:" not in block] == []


def test_the_database_driver_is_in_it():
    extra = re.search(r"\.\[(\w+)\]", of("RUN", BUILD)[1])[1]
    assert any(package.startswith("psycopg") for package in PROJECT["optional-dependencies"][extra])


def test_the_last_stage_installs_nothing_and_removes_what_could():
    (run,) = of("RUN", LAST)
    commands = [part.split()[0] for part in run.split("&&")]
    assert commands == ["rm", "groupadd", "useradd", "install"]
    assert {"/usr/local/bin/pip*", "/usr/local/lib/python3.11/ensurepip"} <= set(run.split())
    assert of("COPY", LAST) == ["--from=build /opt/agent-exporter /opt/agent-exporter"]


def test_it_runs_as_a_user_of_its_own_that_compose_knows_too():
    assert of("USER", LAST) == ["9464:9464"]
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert compose["services"]["exporter"]["user"] == "9464:9464"
    names = [word for word, _ in LAST]
    assert names.index("USER") > max(place for place, word in enumerate(names) if word == "RUN")


def test_what_it_runs_is_a_command_that_there_is():
    assert of("ENTRYPOINT", LAST) == [json.dumps(list(PROJECT["scripts"]))]
    (command,) = json.loads(of("CMD", LAST)[0])
    assert command in COMMANDS


def test_the_port_is_that_of_the_shipped_configuration():
    listen = yaml.safe_load((ROOT / "docker" / "exporter" / "agent-exporter.yml").read_text())["listen"]
    assert of("EXPOSE", LAST) == [listen.rpartition(":")[2]]


@pytest.fixture
def check():
    """Runs the health check of the image as this machine's Python, against a port."""
    program, flag, code = json.loads(of("HEALTHCHECK", LAST)[0].partition("CMD ")[2])
    assert (program, flag) == ("python", "-c")
    assert code.count(":9464/") == 1

    def run(port):
        shown = code.replace(":9464/", f":{port}/")
        return subprocess.run([sys.executable, "-c", shown], capture_output=True, check=False).returncode

    return run


def test_the_health_check_passes_on_a_service_that_lives_and_fails_where_none_is(check, server):
    assert check(server.port) == 0
    assert check(free_port()) != 0
