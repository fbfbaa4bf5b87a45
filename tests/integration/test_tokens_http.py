"""Bearer tokens at a real server: who may enter, what is always open, and that no secret is written anywhere."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest
from google.rpc.status_pb2 import Status

from support.otlp import as_json, request, span
from support.ports import free_port
from support.server import Server
from support.tools import ROOT

SECRETS = {
    "collector": "secret-of-the-collector",
    "grafana": "secret-of-grafana",
    "grafana-next": "next-secret-of-grafana",
    "operator": "secret-of-the-operator",
}
ROLES = {"collector": ["ingest"], "grafana": ["read"], "grafana-next": ["read"], "operator": ["read", "operate"]}
REFUSAL = (
    'listen: found "{listen}" without tokens, expected a loopback address as 127.0.0.1:4318,'
    " or tokens: [{{name: collector, roles: [ingest], file: /run/secrets/collector}}]"
)
PROTOBUF = "application/x-protobuf"
PUSH_SECRET = "secret-of-the-push-header"


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A file whose tokens and push header lie in files beside it."""
    folder = tmp_path_factory.mktemp("tokens")
    for name, secret in {**SECRETS, "push": PUSH_SECRET}.items():
        (folder / name).write_text(f"{secret}\n")
    tokens = [{"name": name, "roles": roles, "file": name} for name, roles in ROLES.items()]
    nobody = f"http://127.0.0.1:{free_port()}"
    push = {"endpoint": nobody, "interval": "1s", "headers": {"Authorization": {"file": "push"}}}
    path = folder / "exporter.yml"
    path.write_text(json.dumps({"tokens": tokens, "push": push, "log_level": "debug"}))
    return path


@pytest.fixture(scope="module")
def closed(config, tmp_path_factory):
    """A server with tokens."""
    folder = tmp_path_factory.mktemp("closed")
    env = {"AGENT_EXPORTER_CONFIG": str(config), "AGENT_EXPORTER_WORKERS": "1"}
    server = Server(f"sqlite:///{folder / 'ledger.db'}", folder / "serve.log", env)
    yield server.start()
    server.stop()


def bearer(name):
    return {"Authorization": f"Bearer {SECRETS[name]}"}


def serve_and_fail(listen, tmp_path, **environment):
    """What `serve` says when it refuses to start."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AGENT_EXPORTER_")}
    return subprocess.run(
        [sys.executable, "-m", "exporter", "serve"],
        cwd=tmp_path,
        env={
            **inherited,
            "PYTHONPATH": str(ROOT),
            "AGENT_EXPORTER_DATABASE_URL": f"sqlite:///{tmp_path / 'ledger.db'}",
            "AGENT_EXPORTER_LISTEN": listen,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_beyond_loopback_without_tokens_it_does_not_start_and_says_why(tmp_path, host):
    listen = f"{host}:{free_port()}"
    done = serve_and_fail(listen, tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == REFUSAL.format(listen=listen)
    assert not (tmp_path / "ledger.db").exists()


def test_beyond_loopback_with_tokens_it_starts(config, tmp_path):
    port = free_port()
    env = {"AGENT_EXPORTER_CONFIG": str(config), "AGENT_EXPORTER_LISTEN": f"0.0.0.0:{port}"}
    server = Server(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path / "serve.log", env, port)
    server.start()
    assert server.get("/metrics").status == 401
    assert server.stop() == 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_open(closed, path):
    assert closed.get(path).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/metrics", {"grafana", "grafana-next", "operator"}),
        ("GET", "/api/v1/usage", {"grafana", "grafana-next", "operator"}),
        ("GET", "/api/v1/costs", {"grafana", "grafana-next", "operator"}),
        ("GET", "/api/v1/budgets", {"grafana", "grafana-next", "operator"}),
        ("GET", "/api/v1/breaches", {"grafana", "grafana-next", "operator"}),
        ("POST", "/-/reload", {"operator"}),
        ("POST", "/v1/traces", {"collector"}),
        ("POST", "/v1/logs", {"collector"}),
        ("POST", "/v1/metrics", {"collector"}),
    ],
)
def test_a_route_opens_to_its_role_only(closed, method, path, allowed):
    body = b"" if method == "POST" else None
    found = {
        name: closed.request(method, path, body, headers={"Content-Type": PROTOBUF, **bearer(name)}).status
        for name in SECRETS
    }
    assert {name for name, status in found.items() if status == 200} == allowed
    assert {status for name, status in found.items() if name not in allowed} == {403}
    assert closed.request(method, path, body, headers={"Content-Type": PROTOBUF}).status == 401


@pytest.mark.parametrize(("headers", "status", "code"), [({}, 401, 16), ("grafana", 403, 7)])
def test_a_refused_sender_gets_a_status_in_its_own_encoding(closed, headers, status, code):
    given = bearer(headers) if headers else {}
    body = request(span())
    answer = closed.request("POST", "/v1/traces", body, headers={"Content-Type": PROTOBUF, **given})
    assert (answer.status, answer.headers["content-type"]) == (status, PROTOBUF)
    said = Status.FromString(answer.body)
    assert (said.code, bool(said.message)) == (code, True)
    answer = closed.request("POST", "/v1/traces", as_json(body), headers={"Content-Type": "application/json", **given})
    assert (answer.status, answer.json()["code"], answer.json()["message"]) == (status, code, said.message)
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_refused_reader_gets_the_one_shape_of_an_error(closed):
    answer = closed.get("/api/v1/usage")
    assert (answer.status, answer.headers["content-type"]) == (401, "application/json")
    assert set(answer.json()["error"]) == {"code", "message", "details", "request_id", "timestamp"}


def test_nothing_of_a_refused_body_is_booked(closed):
    refused = request(span({"gen_ai.request.model": "gpt-6-sol", "gen_ai.usage.input_tokens": 5}))
    closed.request("POST", "/v1/traces", refused, headers={"Content-Type": PROTOBUF, **bearer("grafana")})
    assert closed.request("GET", "/api/v1/usage", headers=bearer("operator")).json()["data"] == []


def test_no_secret_is_in_any_log_line_or_answer(closed):
    wrong = "Bearer wrong-secret-of-somebody"
    answers = [
        closed.get("/metrics", Authorization=wrong),
        closed.request("POST", "/-/reload", headers=bearer("operator")),
        closed.request("GET", "/metrics", headers=bearer("operator")),
        closed.request("POST", "/v1/traces", b"\xff", headers={"Content-Type": PROTOBUF, **bearer("collector")}),
        closed.request("GET", "/api/v1/usage?cursor=wrong", headers=bearer("grafana")),
    ]
    with socket.create_connection(("127.0.0.1", closed.port), timeout=5) as raw:
        raw.sendall(f"NONSENSE / HTTP/9\r\nAuthorization: Bearer {SECRETS['operator']}\r\n\r\n".encode())
        raw.recv(1000)
    assert [answer.status for answer in answers] == [401, 200, 200, 400, 400]
    written = closed.log.read_text() + "".join(answer.body.decode(errors="replace") for answer in answers)
    for secret in (*SECRETS.values(), PUSH_SECRET, wrong.split()[1]):
        assert secret not in written
