"""Hostile requests: clear answers, counted by reason, and nothing else lost by them."""

from __future__ import annotations

import random
import re
import time

import pytest

from chaos.hostile import HttpSender, Reply, counted_rejections, growth_kib, judge, run
from chaos.hostile_bodies import DEAREST, KINDS, Hostile, make
from exporter.app import Worker, make_worker, open_database
from exporter.configuration import apply_settings
from exporter.intake.reasons import OF_BODIES, OF_LOGS, OF_POINTS, OF_SPANS
from exporter.ledger import schema
from exporter.settings.load import load_settings
from support.commands import audit
from support.proofs import proof_size

SEED = 1
FEW = 300
MANY = proof_size(bounded=5_000, full=100_000)
# In the bounded run the page caches of SQLite still fill, 32 MB in each of two workers.
MOST_GROWTH_KIB = proof_size(bounded=128, full=64) * 1024


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    """One worker as the composition root makes it, without a server around it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'ledger.db'}"
    settings = load_settings(None, {"AGENT_EXPORTER_DATABASE_URL": url})
    database = open_database(settings)
    schema.upgrade(database.engine)
    apply_settings(database, settings, time.time_ns())
    database.close()
    worker = make_worker(settings)
    yield worker
    worker.close()


def send_directly(worker: Worker, asked: Hostile) -> Reply:
    environment = {"wsgi.input_terminated": True} if asked.chunked else {}
    if asked.announced is not None:
        environment["CONTENT_LENGTH"] = str(asked.announced)
    answer = worker.application.test_client().open(
        asked.path,
        method=asked.method,
        data=asked.body,
        content_type=asked.content_type,
        headers={"Content-Encoding": asked.encoding} if asked.encoding else {},
        environ_overrides=environment,
    )
    return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.data)


def test_a_few_hundred_hostile_requests_get_the_answers_that_they_deserve(worker):
    asked = [one for one in (make(SEED, number) for number in range(FEW)) if one.kind not in DEAREST]
    faults = [(one.kind, judge(one, send_directly(worker, one))[0]) for one in asked]
    assert [fault for fault in faults if fault[1]] == []


def test_every_reason_for_a_refusal_is_shown_before_its_first_time(worker):
    def shown():
        rows = worker.application.test_client().get("/metrics").text.splitlines()
        return {row.rpartition(" ")[0] for row in rows if row.startswith("agent_exporter_rejected_total{")}

    before = shown()
    for number in range(FEW):
        asked = make(SEED, FEW + number)
        if asked.kind not in DEAREST:
            send_directly(worker, asked)
    assert shown() == before
    assert {f'reason="{reason}"' for reason in (*OF_SPANS, *OF_LOGS, *OF_POINTS, *OF_BODIES)} <= set(
        re.findall(r'reason="\w+"', str(before))
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_gets_the_answer_that_it_deserves_and_an_honest_request_passes_after_it(worker, kind):
    rng = random.Random(SEED)
    asked = KINDS[kind][1](rng, kind)
    fault, _ = judge(asked, send_directly(worker, asked))
    assert fault == ""
    honest = KINDS["honest"][1](rng, "honest")
    assert judge(honest, send_directly(worker, honest)) == ("", 0)


def test_a_judge_that_would_pass_anything_is_none():
    honest = make(SEED, 0)._replace(
        kind="honest", expected=frozenset({200}), path="/v1/traces", content_type="application/x-protobuf"
    )
    headers = {"content-type": "application/x-protobuf"}
    assert judge(honest, Reply(200, headers, b"")) == ("", 0)
    for wrong in (
        Reply(500, headers, b""),
        Reply(400, headers, b""),
        Reply(200, {"content-type": "text/html"}, b""),
        Reply(200, headers, b"\xff"),
        Reply(200, headers, b"\x0a\x02\x08\x05"),
    ):
        assert judge(honest, wrong)[0] != "", wrong
    refused = honest._replace(expected=frozenset({400}))
    assert judge(refused, Reply(400, headers, b""))[0] == "a status without code or message"


@pytest.mark.proof
def test_a_hundred_thousand_hostile_requests_leave_memory_flat_and_the_books_true(start_server, sqlite_url, show):
    server = start_server(sqlite_url)
    before = counted_rejections(server.url)
    began = time.monotonic()
    findings = run(lambda: HttpSender(server.url), seed=SEED, count=MANY, connections=4, pid=server.pid)
    took = time.monotonic() - began
    assert findings.faults == []
    assert findings.statuses[500] == 0
    assert counted_rejections(server.url) - before == findings.rejected
    assert growth_kib(findings.memory_kib) < MOST_GROWTH_KIB, findings.memory_kib
    server.stop()
    audit(sqlite_url)
    show(
        f"{MANY:,} hostile requests in {took:.0f} s: {dict(sorted(findings.statuses.items()))}; "
        f"{findings.rejected:,} rejections, counted exactly; memory grew by "
        f"{growth_kib(findings.memory_kib) // 1024} MiB; audit ok"
    )
