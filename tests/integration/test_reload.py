"""A changed file reaches every worker and replica within seconds; a bad one changes nothing and says so."""

from __future__ import annotations

import json
import os
import signal
import time
from itertools import count

import pytest

from support.otlp import request, span

NUMBERS = count(1)
BUDGET = {"id": "checkout", "scope": {"project": "checkout"}, "limit": "5 USD", "period": "day"}
PLAIN = {"projects": ["checkout"]}
MAPPED = {
    "attributes": {"project": ["app.unit"]},
    "rules": [{"when": {"service.name": "claude-code"}, "set": {"phase": "build"}}],
    "budgets": [BUDGET],
}
BAD = {"budgets": [{**BUDGET, "period": "fortnight"}]}
PATIENCE = 10.0


class File:
    """A configuration file that tests rewrite."""

    def __init__(self, path):
        self.path = path
        self.write(PLAIN)

    def write(self, document):
        self.path.write_text(json.dumps(document))

    @property
    def env(self):
        return {"AGENT_EXPORTER_CONFIG": str(self.path), "AGENT_EXPORTER_WORKERS": "2"}


@pytest.fixture
def file(tmp_path):
    return File(tmp_path / "exporter.yml")


def push(server):
    """A call of today on a connection of its own; the row that it became."""
    number, now = next(NUMBERS), time.time_ns()
    said = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-6-sol", "gen_ai.provider.name": "openai"}
    said |= {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 1, "app.unit": "checkout"}
    one = span(said, trace_id=number.to_bytes(16), start_time_unix_nano=now, end_time_unix_nano=now)
    assert server.post_protobuf("/v1/traces", request(one, resource={"service.name": "claude-code"})).status == 200
    (row,) = server.get(f"/api/v1/usage?trace_id={number.to_bytes(16).hex()}").json()["data"]
    return row


def work_of(server):
    """Project and phase of calls that went to whichever worker took them."""
    rows = [push(server) for _ in range(12)]
    return {(row["project"], row["phase"]) for row in rows}


def followed(server, version):
    """Wait until each of the two workers has said that it books by a version."""
    deadline = time.monotonic() + PATIENCE
    while server.log.read_text().count(f"now booking by configuration {version},") < 2:
        assert time.monotonic() < deadline, server.log.read_text()
        time.sleep(0.05)


def reload_success(server):
    (line,) = [
        line
        for line in server.get("/metrics").body.decode().splitlines()
        if line.startswith("agent_exporter_config_reload_success ")
    ]
    return float(line.split()[1])


def wait_for_success(server, value):
    deadline = time.monotonic() + PATIENCE
    while reload_success(server) != value:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def budget_ids(server):
    return [budget["id"] for budget in server.get("/api/v1/budgets").json()["data"]]


def test_a_hang_up_brings_a_changed_file_to_every_worker_and_a_bad_one_to_none(start_server, sqlite_url, file):
    server = start_server(sqlite_url, env=file.env)
    assert work_of(server) == {(None, None)}
    assert reload_success(server) == 1

    file.write(MAPPED)
    os.kill(server.pid, signal.SIGHUP)
    followed(server, 2)
    assert work_of(server) == {("checkout", "build")}
    assert budget_ids(server) == ["checkout"]
    assert server.get("/api/v1/budgets/checkout").json()["spent"] > 0

    file.write(BAD)
    os.kill(server.pid, signal.SIGHUP)
    wait_for_success(server, 0)
    assert work_of(server) == {("checkout", "build")}
    assert budget_ids(server) == ["checkout"]
    assert 'budgets[0].period: found "fortnight"' in server.log.read_text()

    file.write({**MAPPED, "budgets": []})
    os.kill(server.pid, signal.SIGHUP)
    wait_for_success(server, 1)
    followed(server, 3)
    assert budget_ids(server) == []
    assert server.stop() == 0


def test_the_answer_of_a_reload_names_the_version_or_what_is_wrong(start_server, sqlite_url, file):
    server = start_server(sqlite_url, env=file.env)
    file.write(MAPPED)
    answer = server.request("POST", "/-/reload")
    assert (answer.status, answer.json()) == (200, {"version": 2})

    file.write(BAD)
    answer = server.request("POST", "/-/reload")
    error = answer.json()["error"]
    assert (answer.status, error["code"]) == (400, "invalid_configuration")
    assert f'{file.path}:1: budgets[0].period: found "fortnight", expected one of' in error["message"]
    assert [problem["key"] for problem in error["details"]["problems"]] == ["budgets[0].period"]
    assert reload_success(server) == 0

    file.path.unlink()
    answer = server.request("POST", "/-/reload")
    assert (answer.status, "cannot be read" in answer.json()["error"]["message"]) == (400, True)
    assert budget_ids(server) == ["checkout"]

    file.write(MAPPED)
    assert server.request("POST", "/-/reload").json() == {"version": 2}
    assert reload_success(server) == 1


def test_replicas_follow_each_other_and_one_without_a_file_boots_from_the_database(start_server, postgres_url, file):
    file.write(MAPPED)
    first = start_server(postgres_url, env=file.env)
    second = start_server(postgres_url, env={"AGENT_EXPORTER_WORKERS": "2"})
    assert work_of(second) == {("checkout", "build")}

    file.write(PLAIN)
    assert first.request("POST", "/-/reload").json() == {"version": 2}
    followed(second, 2)
    assert work_of(second) == {(None, None)}
    assert budget_ids(second) == []

    assert second.request("POST", "/-/reload").json() == {"version": 2}
    first.stop()
    file.write(MAPPED)
    assert work_of(second) == {(None, None)}
