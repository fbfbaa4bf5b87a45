"""Self-metrics of several workers: every one shows the sum."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from support.tools import ROOT

WORKER = """
import json, os, sys
from exporter.telemetry.selfmetrics import SelfMetrics, shared_directory
measured = SelfMetrics(directory=shared_directory())
measured.received("span", "genai", "accepted", int(sys.argv[1]))
measured.http("/v1/traces", 200, 0.02)
measured.inflight(100)
for line in sys.stdin:
    if line.startswith("forget"):
        measured.forget_worker(int(line.split()[1]))
    found = {m.name: [m.documentation, {s.name: s.value for s in m.samples}] for m in measured.collect()}
    print(json.dumps(found), flush=True)
"""


class Worker:
    """A process of its own, which counts and then shows what it sees whenever it is asked."""

    def __init__(self, folder, spans):
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(spans)],
            cwd=ROOT,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, question="show"):
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def end(self):
        self.process.communicate()
        return self.process.pid


def test_every_worker_shows_the_sum_of_all_and_a_dead_one_keeps_only_its_counts(tmp_path):
    first, second = Worker(tmp_path, 3), Worker(tmp_path, 4)
    first.ask()
    second.ask()
    for worker in (first, second):
        found = worker.ask()
        assert found["agent_exporter_received"][1]["agent_exporter_received_total"] == 7
        assert found["agent_exporter_inflight_bytes"][1]["agent_exporter_inflight_bytes"] == 200
        durations = found["agent_exporter_http_request_duration_seconds"][1]
        assert durations["agent_exporter_http_request_duration_seconds_count"] == 2
    assert found["agent_exporter_received"][0].startswith("Spans, log records and points received")
    dead = second.end()
    found = first.ask(f"forget {dead}")
    assert found["agent_exporter_received"][1]["agent_exporter_received_total"] == 7
    assert found["agent_exporter_inflight_bytes"][1]["agent_exporter_inflight_bytes"] == 100
    first.end()
