"""Names of the command, its settings and its defaults, which scripts and manifests spell out."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points

from exporter.cli.main import COMMANDS
from exporter.cli.prices import command as prices
from exporter.ledger import schema
from exporter.ledger.engine import open_engine
from exporter.settings.load import load_settings
from exporter.settings.table import CONFIG_VARIABLE, SETTINGS
from support.tools import ROOT

VARIABLES = {
    "AGENT_EXPORTER_CONFIG", "AGENT_EXPORTER_DATABASE_URL", "AGENT_EXPORTER_DATABASE_PASSWORD_FILE",
    "AGENT_EXPORTER_LISTEN", "AGENT_EXPORTER_TOKENS", "AGENT_EXPORTER_TRUSTED_PROXIES", "AGENT_EXPORTER_WORKERS",
    "AGENT_EXPORTER_THREADS", "AGENT_EXPORTER_INTAKE_SLOTS", "AGENT_EXPORTER_MAX_BODY_BYTES",
    "AGENT_EXPORTER_MAX_INFLIGHT_BYTES", "AGENT_EXPORTER_LOCK_TIMEOUT", "AGENT_EXPORTER_SETTLE_SECONDS",
    "AGENT_EXPORTER_SETTLE_HORIZON", "AGENT_EXPORTER_ACCEPT_AGE", "AGENT_EXPORTER_SERIES_LIMIT",
    "AGENT_EXPORTER_GEN_AI_CLIENT", "AGENT_EXPORTER_EXEMPLARS", "AGENT_EXPORTER_PUSH_ENDPOINT",
    "AGENT_EXPORTER_PUSH_INTERVAL", "AGENT_EXPORTER_PUSH_HEADERS", "AGENT_EXPORTER_AUDIT_INTERVAL",
    "AGENT_EXPORTER_TIMEZONE", "AGENT_EXPORTER_LOG_LEVEL", "AGENT_EXPORTER_LOG_FORMAT",
}  # fmt: skip
COMMAND_NAMES = {"serve", "migrate", "check-config", "demo", "prices", "cost", "budgets", "audit", "metrics"}
DAY_NS = 86_400 * 10**9


def run_serve(database_url, folder, *arguments):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("AGENT_EXPORTER_")}
    return subprocess.run(
        [sys.executable, "-m", "exporter", *(arguments or ["serve"])],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), "AGENT_EXPORTER_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_and_its_subcommands_are_there():
    (script,) = [one for one in entry_points(group="console_scripts") if one.name == "agent-exporter"]
    assert script.value == "exporter.cli.main:main"
    assert set(COMMANDS) >= COMMAND_NAMES
    assert set(prices.commands) >= {"show", "quote", "missing", "set", "import", "rollback", "diff"}


def test_every_environment_variable_keeps_its_name():
    assert {row.variable for row in SETTINGS} | {CONFIG_VARIABLE} >= VARIABLES


def test_the_defaults_are_the_documented_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load_settings(None, {})
    assert str(settings.listen) == "127.0.0.1:4318"
    assert settings.settle_ns == 60 * 10**9
    assert settings.settle_horizon_ns == DAY_NS
    assert settings.accept_age_ns == 400 * DAY_NS
    assert (settings.max_body_bytes, settings.max_inflight_bytes) == (64 * 2**20, 96 * 2**20)
    assert (settings.series_limit, settings.gen_ai_client, settings.timezone) == (10_000, "both", "UTC")
    assert settings.database_url.reveal() == "sqlite:///agent-exporter.db"
    assert settings.intake_slot_count < settings.threads


def test_the_environment_goes_before_the_file(tmp_path):
    file = tmp_path / "exporter.yml"
    file.write_text("listen: 127.0.0.1:1111\nsettle_seconds: 5\n")
    environment = {"AGENT_EXPORTER_CONFIG": str(file), "AGENT_EXPORTER_LISTEN": "127.0.0.1:2222"}
    settings = load_settings(None, environment)
    assert (str(settings.listen), settings.settle_ns) == ("127.0.0.1:2222", 5 * 10**9)


def test_settle_seconds_takes_decimals():
    assert load_settings(None, {"AGENT_EXPORTER_SETTLE_SECONDS": "0.25"}).settle_ns == 250_000_000


def test_serve_refuses_a_postgresql_database_without_the_schema_and_names_the_command(postgres_url, tmp_path):
    done = run_serve(postgres_url, tmp_path)
    expected = f"the database has no schema, this version needs {schema.HEAD}: run `agent-exporter migrate`"
    assert (done.returncode, done.stderr.strip()) == (2, expected)
    assert run_serve(postgres_url, tmp_path, "migrate").returncode == 0
    engine = open_engine(postgres_url)
    schema.require_current(engine)
    engine.dispose()
