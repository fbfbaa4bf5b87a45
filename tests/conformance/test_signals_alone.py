"""Each signal of a recorded program by itself: whichever a user has switched on, the sum is right."""

from __future__ import annotations

import pytest
from conformance.recordings import load
from conformance.test_any_order import LATER, NOW, UNLIMITED, post

from exporter.usage import TOKEN_CLASSES, Tokens
from support.workers import WholeWorker

CLAUDE, CODEX = "claude-code-2.1.329-protobuf", "codex-cli-binary"
CHARGED = "claude_code,codex,copilot,gemini_cli"
"""Dialects whose metrics are charged here."""
ALONE = [
    *((CLAUDE, signal) for signal in ("logs", "traces", "metrics")),
    ("claude-agent-sdk-python", "metrics"),
    ("claude-code-2.1.329-cumulative-metrics-only", "metrics"),
    *((CODEX, signal) for signal in ("logs", "traces", "metrics")),
    *(("copilot-cli", signal) for signal in ("traces", "metrics")),
    *(("gemini-cli", signal) for signal in ("logs", "metrics")),
]
WITHOUT_LIFETIMES = {(CLAUDE, "traces")}
"""No cost stands beside the cache writes there, from which their lifetimes would follow."""
WITHOUT_MODEL = {(CODEX, "traces")}


@pytest.fixture
def worker(tmp_path):
    environment = {**UNLIMITED, "AGENT_EXPORTER_CHARGE_METRICS_OF": CHARGED}
    worker = WholeWorker(f"sqlite:///{tmp_path}/ledger.db", tmp_path, {}, NOW, **environment)
    yield worker
    worker.close()


def charged_rows(worker: WholeWorker) -> list[dict]:
    worker.now_ns += LATER
    worker.run_jobs()
    worker.assert_audited()
    return [row for row in worker.all_rows() if row["billing"] == "charged"]


def regardless_of_lifetimes(tokens: Tokens) -> Tokens:
    return tokens._replace(cache_write_5m=tokens.cache_write_5m + tokens.cache_write_1h, cache_write_1h=0)


@pytest.mark.parametrize(("name", "signal"), ALONE)
def test_a_signal_alone_adds_up_to_what_the_model_server_counted(worker, name, signal):
    recording = load(name)
    for _ in range(2):
        post(worker, [request for request in recording.requests if request.path.endswith(f"/{signal}")])
    rows = charged_rows(worker)
    counted = Tokens(*(sum(row["tokens"][name] for row in rows) for name in TOKEN_CLASSES))
    true = Tokens(*map(sum, zip(*(call.tokens for call in recording.calls), strict=True)))
    if (name, signal) in WITHOUT_LIFETIMES:
        counted, true = regardless_of_lifetimes(counted), regardless_of_lifetimes(true)
    assert counted == true
    if (name, signal) not in WITHOUT_MODEL:
        assert all(row["cost_nano_usd"] for row in rows)


@pytest.mark.parametrize("name", [CLAUDE, "claude-code-2.1.329-cumulative-metrics-only"])
def test_our_cost_is_the_one_that_claude_code_shows(worker, name):
    signal = "logs" if name == CLAUDE else "metrics"
    post(worker, [request for request in load(name).requests if request.path.endswith(f"/{signal}")])
    for row in charged_rows(worker):
        assert (row["cost_nano_usd"], row["cost_status"]) == (row["cost_reported_nano_usd"], "priced")
