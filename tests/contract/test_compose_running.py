"""What can be run of docker-compose.yml without a container: its scripts, its flags, its configurations."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from exporter.cli.main import cli
from support import compose
from support.compose import make_secrets, services
from support.tools import ROOT, require_tool


@pytest.mark.parametrize("name", ["migrate", "tracing-check"])
def test_a_profile_without_its_lines_in_env_is_refused_and_told_what_is_missing(name):
    done = _run_as_configured(name, compose.document()["services"][name])
    assert done.returncode == 1
    assert ".env.example" in done.stderr


def test_the_profile_tracing_with_its_line_in_env_goes_on():
    chosen = compose.document(**compose.environment_choices())["services"]["tracing-check"]
    assert _run_as_configured("tracing-check", chosen).returncode == 0


def test_the_fleet_is_started_with_options_that_it_has():
    command, *options = services()["demo"]["command"]
    assert cli.get_command(None, command).make_context(command, list(options)).params["go_on"] is True


@pytest.mark.parametrize("program", ["prometheus", "alertmanager"])
def test_the_flags_are_ones_that_the_program_has(program):
    help_text = subprocess.run([require_tool(program), "--help"], capture_output=True, text=True, check=False)
    known = set(re.findall(r"--(?:\[no-\])?([\w.-]+)", help_text.stdout + help_text.stderr))
    flags = {word.partition("=")[0].removeprefix("--") for word in services()[program]["command"]}
    # Since 3.12; the series that is installed for tests knows it under --enable-feature.
    assert flags - {"config.auto-reload"} <= known


@pytest.mark.parametrize("chosen", [{}, compose.environment_choices()], ids=["as shipped", "tracing"])
def test_the_collector_accepts_its_command(chosen, tmp_path):
    make_secrets(tmp_path)
    (tmp_path / "queue").mkdir()
    service = compose.document(**chosen)["services"]["collector-check"]
    arguments = [word.replace("/etc/otelcol", str(ROOT / "otel-collector")) for word in service["command"]]
    environment = {"COLLECTOR_TOKEN_FILE": str(tmp_path / "ingest"), "COLLECTOR_QUEUE_DIR": str(tmp_path / "queue")}
    done = subprocess.run(
        [require_tool("otelcol"), *arguments], env=os.environ | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert arguments[1:] == [
        word.replace("/etc/otelcol", str(ROOT / "otel-collector"))
        for word in compose.document(**chosen)["services"]["otel-collector"]["command"]
    ]


def _run_as_configured(name, service):
    environment = {"PATH": os.environ["PATH"], **service["environment"]}
    script = [part.replace("$$", "$") for part in service["command"]]
    return subprocess.run(
        [*service["entrypoint"], *script], env=environment, capture_output=True, text=True, check=False
    )
