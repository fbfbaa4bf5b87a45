"""The exporter as docker-compose.yml configures it, started here: same file, same secrets, same command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support import compose
from support.compose import SECRETS
from support.otlp import as_json, request, span
from support.server import Server
from support.tools import ROOT

ANSWERS = {
    ("ingest", "POST", "/v1/traces"): 200,
    ("read", "POST", "/v1/traces"): 403,
    ("read", "GET", "/metrics"): 200,
    ("ingest", "GET", "/metrics"): 403,
    ("read", "POST", "/-/reload"): 403,
    ("operate", "POST", "/-/reload"): 200,
    ("operate", "GET", "/api/v1/budgets"): 200,
}


@pytest.fixture
def configured(tmp_path):
    """Environment of a service of the file, with `variables` as from .env; its paths are moved to this machine."""
    folder = tmp_path / "compose"
    (folder / "etc").mkdir(parents=True)
    subprocess.run(["sh", ROOT / "scripts" / "make-secrets", folder / "secrets"], check=True, capture_output=True)
    for shipped in (ROOT / "docker" / "exporter").glob("*.yml"):
        (folder / "etc" / shipped.name).write_text(shipped.read_text().replace(SECRETS, str(folder / "secrets")))

    def environment(service, **variables):
        given = compose.document(**variables)["services"][service]["environment"]
        moves = {SECRETS: str(folder / "secrets"), "/etc/agent-exporter": str(folder / "etc")}
        for here, there in moves.items():
            given = {key: value.replace(here, there) for key, value in given.items()}
        return given

    return environment


def _bearer(environment, name):
    secrets = Path(environment["AGENT_EXPORTER_CONFIG"]).parent.parent / "secrets"
    return {"Authorization": f"Bearer {(secrets / name).read_text().strip()}"}


def _without_address_and_ledger(environment):
    return {key: value for key, value in environment.items() if "DATABASE" not in key}


def test_each_secret_opens_what_it_is_for_and_nothing_else(configured, start_server, sqlite_url):
    environment = configured("exporter")
    server = start_server(sqlite_url, env=_without_address_and_ledger(environment))
    body = as_json(request(span()))
    for (name, method, path), status in ANSWERS.items():
        headers = {**_bearer(environment, name), "Content-Type": "application/json"}
        answer = server.request(method, path, body if path == "/v1/traces" else None, headers=headers)
        assert answer.status == status, (name, path, answer.body)
    assert [server.get(path).status for path in ("/healthz", "/readyz", "/runbook")] == [200, 200, 200]
    assert [server.get(path).status for path in ("/metrics", "/api/v1/budgets")] == [401, 401]


def test_the_demo_has_the_budgets_of_its_fleet(configured, start_server, sqlite_url):
    environment = configured("exporter", **compose.environment_choices())
    server = start_server(sqlite_url, env=_without_address_and_ledger(environment))
    budgets = server.get("/api/v1/budgets", **_bearer(environment, "read")).json()["data"]
    assert {"fleet-day", "payments-month", "night-crawler-hour"} <= {budget["id"] for budget in budgets}


def test_the_profile_postgres_makes_the_schema_with_which_the_exporter_starts(configured, postgres_url, tmp_path):
    chosen = {**compose.environment_choices(), "AGENT_EXPORTER_DATABASE_URL": postgres_url}
    environment = configured("migrate", **chosen)
    service = compose.document(**chosen)["services"]["migrate"]
    # The command of the same environment as these tests.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [*service["entrypoint"], *(line.replace("$$", "$") for line in service["command"])],
        env={**os.environ, **environment, "PATH": path, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    server = Server(postgres_url, tmp_path / "serve.log", {**environment, "AGENT_EXPORTER_WORKERS": "1"}).start()
    try:
        assert server.get("/readyz").json()["checks"] == {"database": "ok", "prices": "ok"}
    finally:
        server.stop()
