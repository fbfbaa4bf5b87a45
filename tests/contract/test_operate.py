"""docs/operate.md: what it names is there, and what it shows works."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
import yaml

from exporter.cli.main import COMMANDS
from exporter.settings.table import SETTINGS
from support import compose
from support.otlp import request, span
from support.tools import ROOT, require_tool

PAGE = (ROOT / "docs" / "operate.md").read_text()
BLOCKS = [(language, re.sub(r"^ {3}", "", text, flags=re.MULTILINE) if indent else text)
          for indent, language, text in re.findall(r"^( *)```(\w+)\n(.*?)^ *```$", PAGE, re.DOTALL | re.MULTILINE)]  # fmt: skip
COMMAND_LINES = [
    line.removeprefix("$ ").split("   #")[0]
    for language, text in BLOCKS
    if language == "console"
    for line in text.splitlines()
    if line.startswith("$ ")
]


def test_every_link_leads_somewhere():
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert targets
    assert [target for target in targets if not (ROOT / "docs" / target).exists()] == []


def test_every_file_that_it_names_exists():
    named = set(re.findall(r"`((?:docker|prometheus|scripts|docs)/[\w./-]+\.?\w+)`", PAGE))
    assert named
    assert {name for name in named if not (ROOT / name).exists()} == set()


def test_every_service_that_a_command_names_is_one_of_compose():
    used = {_service_of(words) for line in COMMAND_LINES if (words := _compose_words(line))}
    assert used <= set(compose.services())
    assert {"exporter", "grafana", "alertmanager", "secrets", "otel-collector"} <= used


def _compose_words(line):
    """What follows `docker compose exec` and its like."""
    words = shlex.split(line)
    verbs = {"exec", "run", "stop", "start", "restart", "kill", "cp"}
    return words[3:] if words[:2] == ["docker", "compose"] and words[2] in verbs else []


def _service_of(words):
    """The first word that is no option, no value of one and no file of this machine."""
    plain = [word for before, word in zip(["", *words], words, strict=False) if before not in {"-s", "--entrypoint"}]
    names = [word.partition(":")[0] for word in plain if not word.startswith("-")]
    return next(name for name in names if not name.endswith(".db"))


def test_every_subcommand_that_it_shows_is_there():
    shown = re.findall(r"agent-exporter(?: --config \S+)? ([a-z][a-z-]+)", "\n".join(COMMAND_LINES))
    assert set(shown) <= set(COMMANDS)
    assert {"serve", "audit", "check-config"} <= set(shown)


def test_every_setting_and_variable_that_it_names_is_there():
    variables = {row.variable for row in SETTINGS}
    assert set(re.findall(r"AGENT_EXPORTER_\w+", PAGE)) <= variables
    for key in ("trusted_proxies", "series_limit", "max_body_bytes", "workers"):
        assert key in PAGE
        assert key in {row.key for row in SETTINGS}


def test_every_alert_that_it_names_is_one_of_the_rules():
    rules = "\n".join(path.read_text() for path in (ROOT / "prometheus" / "rules").glob("*.alerts.yml"))
    known = set(re.findall(r"alert: (\w+)", rules))
    assert set(re.findall(r"`(Agent[A-Z]\w+|Watchdog)`", PAGE)) <= known


def test_the_line_that_opens_a_receiver_is_in_the_configuration():
    assert "# people" in (ROOT / "prometheus" / "alertmanager" / "alertmanager.yml").read_text()


@pytest.mark.parametrize("key", ["scrape_configs", "remote_write"])
def test_what_it_adds_to_prometheus_is_accepted(key, tmp_path):
    (shown,) = [text for language, text in BLOCKS if language == "yaml" and f"{key}:" in text]
    (tmp_path / "token").write_text("secret")
    file = tmp_path / "prometheus.yml"
    file.write_text(re.sub(r"/run/agent-exporter/secrets/[\w-]+", str(tmp_path / "token"), shown))
    checked = subprocess.run([require_tool("promtool"), "check", "config", file], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_override_takes_ports_from_services_that_have_some():
    (shown,) = [text for language, text in BLOCKS if language == "yaml" and "docker-compose.override" in text]
    changed = yaml.safe_load(shown.replace("!reset ", ""))["services"]
    assert changed == {name: {"ports": []} for name in ("prometheus", "alertmanager")}
    assert all(compose.services()[name]["ports"] for name in changed)


@pytest.fixture
def ledger(start_server, tmp_path):
    """A running service whose ledger is called as on the page, with twenty calls in it, and its folder."""
    server = start_server(f"sqlite:///{tmp_path / 'agent-exporter.db'}")
    _push(server, range(20))
    return server, tmp_path


def _push(server, numbers):
    """One call for each number; the same number is the same call."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.response.model": "claude-haiku-4-5",
        "gen_ai.usage.output_tokens": 100,
    }
    now = time.time_ns() // 10**12 * 10**12
    times = {"start_time_unix_nano": now, "end_time_unix_nano": now + 10**9}
    for number in numbers:
        identity = {"trace_id": (number + 1).to_bytes(16, "big"), "span_id": (number + 1).to_bytes(8, "big")}
        assert server.post_protobuf("/v1/traces", request(span(attributes, **identity, **times))).status == 200


def _calls(path):
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM usage").fetchone()[0]


def _back_up_in_compose(folder):
    (line,) = [line for line in COMMAND_LINES if "VACUUM" in line and "docker compose" in line]
    subprocess.run([sys.executable, "-c", shlex.split(line)[-1]], cwd=folder, check=True)
    return folder / "backup.db"


def _back_up_by_command(folder):
    require_tool("sqlite3")
    (line,) = [line for line in COMMAND_LINES if line.startswith("sqlite3")]
    subprocess.run(line, shell=True, cwd=folder, check=True)
    return folder / "ledger-2026-11-21.db"


@pytest.mark.parametrize("back_up", [_back_up_in_compose, _back_up_by_command])
def test_a_backup_made_while_the_service_runs_is_a_whole_ledger(ledger, back_up):
    server, folder = ledger
    copy = back_up(folder)
    _push(server, [20])
    assert (_calls(copy), _calls(folder / "agent-exporter.db")) == (20, 21)
    environment = {**os.environ, "AGENT_EXPORTER_DATABASE_URL": f"sqlite:///{copy}", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "exporter", "audit"], env=environment, cwd=folder, check=True)


def test_the_restored_ledger_is_served_and_knows_the_calls_that_it_holds(ledger):
    server, folder = ledger
    _back_up_in_compose(folder).rename(folder / "ledger-2026-11-21.db")
    _push(server, [20])
    server.stop()
    for line in COMMAND_LINES:
        if line.startswith(("rm agent-exporter.db", "cp ledger")):
            subprocess.run(line, shell=True, cwd=folder, check=True)
    server.start()
    assert _calls(folder / "agent-exporter.db") == 20
    _push(server, range(21))
    assert _calls(folder / "agent-exporter.db") == 21
