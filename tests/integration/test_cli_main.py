"""The command as a whole: help without waiting, one line and status 2 for trouble, and a live ledger beside it."""

from __future__ import annotations

import json
import os
import pty
import re
import sqlite3
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from exporter.cli.main import COMMANDS, cli
from exporter.ledger import schema
from support.commands import run_command
from support.ledgers import Books
from support.otlp import request, span
from support.terminal import WIDTH, run
from support.tools import ROOT

SLOW = ("sqlalchemy", "flask", "rich", "pydantic", "yaml", "exporter.settings")
USAGE = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1_000_000}


def call_of_now():
    now = time.time_ns()
    return request(span(USAGE, start_time_unix_nano=now, end_time_unix_nano=now), resource={"agent.project": "live"})


def test_help_lists_every_command_and_imports_none_of_them():
    code = (
        "import sys; from exporter.cli.main import cli\n"
        "try: cli.main(['--help'], prog_name='agent-exporter')\n"
        "finally: print('loaded:', *sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [name for name in COMMANDS if f"\n  {name} " not in done.stdout] == []
    assert [name for name in SLOW if name in done.stderr.split()] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_says_what_it_is_for(name):
    result = CliRunner().invoke(cli, [name, "--help"], prog_name="agent-exporter")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: agent-exporter {name} ")
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert (command.help or "").split(".")[0] in " ".join(result.output.split())


def test_without_a_command_there_is_help():
    result = CliRunner().invoke(cli, [], prog_name="agent-exporter")
    assert result.exit_code == 0
    assert result.output == CliRunner().invoke(cli, ["--help"], prog_name="agent-exporter").output


def test_an_unknown_command_is_one_line(sqlite_url):
    result = run(sqlite_url, "costs")
    assert result.exit_code == 2
    assert result.stderr == "No such command 'costs'. See `agent-exporter --help`.\n"


@pytest.mark.parametrize("command", ["cost", "budgets", "audit"])
def test_a_ledger_that_is_not_there_is_told_and_not_made(tmp_path, command):
    path = tmp_path / "ledger.db"
    result = run(f"sqlite:///{path}", command)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == (
        f"there is no ledger at {path}: `agent-exporter serve` starts one there;"
        " for another, set AGENT_EXPORTER_DATABASE_URL or --config\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_an_old_schema_names_the_command_that_helps(sqlite_url, tmp_path):
    Books(sqlite_url).database.close()
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()
    result = run(sqlite_url, "cost")
    assert result.exit_code == 2
    assert result.stderr == (
        f"the database is at schema 0000, this version needs {schema.HEAD}: run `agent-exporter migrate`\n"
    )


def test_a_file_of_something_else_is_one_line(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to look like one\n" * 40)
    result = run(f"sqlite:///{path}", "audit")
    assert result.exit_code == 2
    assert result.stderr == f"sqlite:///{path} cannot be read as a ledger: file is not a database\n"


def test_a_database_that_does_not_answer_is_one_line_without_its_password():
    result = run("postgresql://agent:hunter2@127.0.0.1:1/agent", "cost")
    assert result.exit_code == 2
    assert result.stderr.startswith("the database is not available: ")
    assert "hunter2" not in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_bad_configuration_is_told_as_serve_would(sqlite_url, tmp_path):
    (tmp_path / "a.yml").write_text("threads: 1\n")
    result = run(sqlite_url, "cost", AGENT_EXPORTER_CONFIG=str(tmp_path / "a.yml"))
    assert result.exit_code == 2
    assert result.stderr == f"{tmp_path}/a.yml:1: threads: found 1, expected a whole number from 2 to 64\n"


def test_beside_a_running_server_the_command_answers_as_its_api_does(server, sqlite_url):
    assert server.post_protobuf("/v1/traces", call_of_now()).status == 200
    since = {"AGENT_EXPORTER_DATABASE_URL": sqlite_url}
    interval = ("2026-01-01T00:00:00Z", "2262-01-01T00:00:00Z")
    answer = server.get(f"/api/v1/costs?group_by=project,model&start={interval[0]}&end={interval[1]}").json()
    assert answer["total"]["calls"] == 1
    told = run_command("cost", "--by", "project,model", "--start", interval[0], "--end", interval[1], "--json", **since)
    assert json.loads(told) == answer
    assert json.loads(run_command("audit", "--json", **since))["rows"] == 1
    assert "\x1b" not in run_command("audit", **since)
    assert server.post_protobuf("/v1/traces", call_of_now()).status == 200


def test_a_real_terminal_of_a_hundred_columns_gets_a_table(sqlite_url):
    Books(sqlite_url).database.close()
    text = at_terminal(sqlite_url, "audit")
    assert "\x1b[32mThe ledger is empty, and so are the totals.\x1b[0m" in text
    lines = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.rpartition("\x1b[2K")[2]).splitlines()
    assert lines[0].startswith("check ")
    assert set(lines[1].strip()) == {"─"}
    assert max(map(len, lines)) <= WIDTH


def at_terminal(url: str, *arguments: str) -> str:
    """What a terminal receives of the command in a process of its own."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "AGENT_EXPORTER_DATABASE_URL": url, "COLUMNS": str(WIDTH), "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "exporter", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        received = b"".join(iter(lambda: read_until_closed(ours), b""))
    os.close(ours)
    assert process.returncode == 0, received
    return received.decode()


def read_until_closed(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # on Linux the end of the other side
        return b""
