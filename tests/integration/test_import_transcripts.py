"""`agent-exporter import claude-code`: each call once, whatever is imported again and whatever telemetry told."""

from __future__ import annotations

import json

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint, Sum
from sqlalchemy import select

from exporter.configuration import build_book, policy_in_force
from exporter.importing import Importer
from exporter.ledger import tables
from exporter.ledger.config_store import latest_versions
from exporter.reinterpretation import Chosen
from exporter.views.reinterpretation import survey
from support.otlp import log, logs_request, metrics_request, pairs
from support.terminal import run
from support.transcripts import MODEL, SESSION, answer, question, write
from support.workers import WholeWorker

NOW = 1_795_176_000 * 10**9
"""2026-11-20T12:00:00Z."""


@pytest.fixture
def worker(database_url, tmp_path):
    worker = WholeWorker(database_url, tmp_path, {}, NOW)
    yield worker
    worker.close()


def imported(worker, *paths, **environment):
    answer = run(worker.url, "import", "claude-code", *map(str, paths), "--json", now=NOW, **environment)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output)


def rows(worker):
    query = select(tables.usage, tables.dimension.c.signal, tables.dimension.c.project).join(
        tables.dimension, tables.dimension.c.id == tables.usage.c.dimension
    )
    with worker.database.read() as connection:
        return connection.execute(query.order_by(tables.usage.c.id)).mappings().all()


def charged(worker):
    return [row for row in rows(worker) if row["billing"] == 0]


def projects(tmp_path):
    return tmp_path / "projects"


def test_a_transcript_is_imported_once_with_its_cost(worker, tmp_path):
    file = write(
        projects(tmp_path) / "-home-ada" / f"{SESSION}.jsonl", question(), answer(1, output=1), answer(1), answer(2)
    )
    result = imported(worker, projects(tmp_path))
    assert (result["files"], result["new"], result["known"]) == (1, 2, 0)
    assert result["tokens"]["output_visible"] == 214
    (first, second) = charged(worker)
    assert first["cost_nano_usd"] > 0
    assert result["cost_nano_usd"] == first["cost_nano_usd"] + second["cost_nano_usd"]
    assert (first["signal"], first["project"], first["conversation_id"]) == ("import", "payments", SESSION)
    again = imported(worker, projects(tmp_path))
    assert (again["files"], again["unchanged_files"], again["new"]) == (0, 1, 0)
    file.touch()
    assert imported(worker, file)["unchanged_files"] == 1
    assert len(rows(worker)) == 2


def test_only_what_was_added_is_read_and_a_growing_answer_is_corrected(worker, tmp_path):
    file = write(tmp_path / "a.jsonl", answer(1), answer(2, output=3))
    imported(worker, file)
    write(file, answer(2, output=500, at="2026-11-20T10:00:05Z"), answer(3), mode="a")
    result = imported(worker, file)
    assert (result["new"], result["known"]) == (1, 1)
    assert sorted(row["output_visible"] for row in charged(worker)) == [107, 107, 500]
    assert worker_audit(worker)


def worker_audit(worker):
    return run(worker.url, "audit", now=NOW).exit_code == 0


def test_a_line_that_is_being_written_waits_for_its_end(worker, tmp_path):
    file = write(tmp_path / "a.jsonl", answer(1))
    whole = json.dumps(answer(2)) + "\n"
    with file.open("a") as stream:
        stream.write(whole[:200])
    assert imported(worker, file)["new"] == 1
    with file.open("a") as stream:
        stream.write(whole[200:])
    result = imported(worker, file)
    assert (result["new"], result["unreadable_lines"]) == (1, 0)


def test_another_file_at_the_same_place_is_read_from_its_beginning(worker, tmp_path):
    file = write(tmp_path / "a.jsonl", answer(1), answer(2))
    imported(worker, file)
    write(file, *(answer(number) for number in range(10, 20)))
    assert imported(worker, file)["new"] == 10


def test_copies_in_resumed_sessions_and_side_conversations_count_once(worker, tmp_path):
    write(tmp_path / "p" / "a.jsonl", answer(1), answer(2))
    write(tmp_path / "p" / "b.jsonl", answer(1, sessionId="resumed"), answer(3, sessionId="resumed"))
    replay = answer(1, isSidechain=True, requestId="req_011CVK7b9qZ4TfTP8another", at="2026-11-20T10:30:00Z")
    own = answer(4, isSidechain=True)
    write(tmp_path / "p" / "a" / "subagents" / "agent-1.jsonl", replay, own)
    result = imported(worker, tmp_path / "p")
    assert (result["new"], result["known"]) == (4, 2)
    assert {row["call_key"][-4:] for row in charged(worker)} == {"0001", "0002", "0003", "0004"}


def test_a_preview_changes_nothing_and_says_what_the_import_does(worker, tmp_path):
    write(tmp_path / "p" / "a.jsonl", answer(1), answer(2), answer(2))
    write(tmp_path / "p" / "b.jsonl", answer(2), answer(3))
    preview = run(worker.url, "import", "claude-code", str(tmp_path / "p"), "--dry-run", "--json", now=NOW)
    planned = json.loads(preview.output)
    assert rows(worker) == []
    done = imported(worker, tmp_path / "p")
    assert {**planned, "dry_run": False} == done
    planned = json.loads(
        run(worker.url, "import", "claude-code", str(tmp_path / "p"), "--dry-run", "--json", now=NOW).output
    )
    assert (planned["unchanged_files"], planned["new"]) == (2, 0)


def api_request(number, *, session=SESSION, request_id=True, end_ms=300):
    attributes = {
        "event.name": "claude_code.api_request", "session.id": session, "model": MODEL, "input_tokens": 1013,
        "output_tokens": 107, "cache_read_tokens": 2176, "cache_creation_tokens": 303,
        "cache_creation_5m_tokens": 200, "cache_creation_1h_tokens": 103, "cost_usd": 0.01, "duration_ms": 250,
        "event.sequence": number,
    }  # fmt: skip
    if request_id:
        attributes["request_id"] = f"req_011CVK7b9qZ4TfTP8xkw{number:04d}"
    return log(attributes, time_unix_nano=1_795_168_800 * 10**9 + end_ms * 10**6)


def send_logs(worker, *records):
    body = logs_request(*records, resource={"service.name": "claude-code"})
    answer = worker.client.post("/v1/logs", data=body, content_type="application/x-protobuf")
    assert answer.status_code == 200


def test_calls_that_telemetry_told_are_not_charged_again(worker, tmp_path):
    send_logs(worker, api_request(1), api_request(2, end_ms=500))
    file = write(tmp_path / "a.jsonl", answer(1), answer(2), answer(3))
    planned = json.loads(run(worker.url, "import", "claude-code", str(file), "--dry-run", "--json", now=NOW).output)
    result = imported(worker, file)
    for said in (planned, result):
        assert (said["new"], said["reported"]) == (1, 2)
    assert len(charged(worker)) == 3
    assert {row["project"] for row in charged(worker)} == {"payments"}
    assert worker_audit(worker)


def test_telemetry_that_comes_after_the_import_is_not_charged_again(worker, tmp_path):
    imported(worker, write(tmp_path / "a.jsonl", answer(1), answer(2)))
    send_logs(worker, api_request(1), api_request(2, end_ms=500))
    assert len(charged(worker)) == 2
    assert worker_audit(worker)


def test_a_session_whose_telemetry_names_no_request_is_left_to_telemetry(worker, tmp_path):
    send_logs(worker, api_request(1, request_id=False))
    result = imported(worker, write(tmp_path / "a.jsonl", answer(1), answer(2, sessionId="other")))
    assert (result["new"], result["reported"]) == (1, 1)
    assert len(charged(worker)) == 2


@pytest.mark.parametrize(
    "usage", [{}, {"cache_creation": None}, {"cache_creation_input_tokens": 0, "cache_creation": {}}]
)
def test_an_imported_call_is_explained_and_read_again_as_it_was(worker, tmp_path, usage):
    imported(worker, write(tmp_path / "a.jsonl", answer(1, usage=usage)))
    (trace,) = worker.table("trace")
    told = worker.command("explain", bytes(trace["trace_id"]).hex())
    assert "claude_code from an import" in told
    assert "would be read differently" not in told
    assert "input_tokens = 1013" in told


def test_damaged_lines_are_counted_and_the_rest_is_imported(worker, tmp_path):
    file = write(tmp_path / "a.jsonl", answer(1), answer(2, usage={"input_tokens": -1}), answer(3))
    with file.open("ab") as stream:
        stream.write(b'{"usage": nonsense}\n' + b'"usage"' + b"\xff\xfe\n")
    result = imported(worker, file)
    assert (result["new"], result["unreadable_lines"]) == (2, 3)


def test_what_was_said_and_where_files_lie_is_nowhere_in_the_ledger(worker, tmp_path):
    imported(worker, write(tmp_path / "a.jsonl", answer(1)))
    with worker.database.read() as connection:
        for table in tables.metadata.sorted_tables:
            text = repr(connection.execute(select(table)).all())
            assert "SECRET" not in text
            assert "/home/ada" not in text
            assert str(tmp_path / "a.jsonl") not in text


def test_configured_projects_go_before_the_name_of_a_folder(database_url, tmp_path):
    document = {"rules": [{"when": {"service.name": "claude-code"}, "set": {"project": "platform"}}]}
    worker = WholeWorker(database_url, tmp_path, document, NOW)
    imported(worker, write(tmp_path / "a.jsonl", answer(1)), AGENT_EXPORTER_CONFIG=str(worker.config))
    assert [row["project"] for row in rows(worker)] == ["platform"]
    worker.close()


def test_without_a_path_the_transcripts_of_this_user_are_found(worker, tmp_path):
    write(projects(tmp_path) / "p" / "a.jsonl", answer(1))
    assert imported(worker, CLAUDE_CONFIG_DIR=str(tmp_path))["new"] == 1


def test_a_path_that_is_not_there_is_an_error(worker, tmp_path):
    assert run(worker.url, "import", "claude-code", str(tmp_path / "nothing"), now=NOW).exit_code == 2


def test_many_calls_are_booked_in_parts_and_remembered_between_them(worker, tmp_path, monkeypatch):
    monkeypatch.setattr("exporter.cli.import_transcripts.CALLS_TOGETHER", 20)
    lines = [
        answer(number, output=part, at=f"2026-11-20T10:{number // 60:02d}:{number % 60:02d}Z")
        for number in range(300)
        for part in (1, 50)
    ]
    file = write(tmp_path / "a.jsonl", *lines)
    result = imported(worker, file)
    assert (result["new"], result["known"], result["tokens"]["output_visible"]) == (300, 0, 300 * 50)
    assert len(charged(worker)) == 300


def send_metrics(worker, session=SESSION):
    times = {"start_time_unix_nano": 1_795_168_795 * 10**9, "time_unix_nano": 1_795_168_805 * 10**9}
    points = [
        NumberDataPoint(attributes=pairs({"session.id": session, "model": MODEL, "type": kind}), as_int=count, **times)
        for kind, count in (("input", 1013), ("output", 107), ("cacheRead", 2176), ("cacheCreation", 303))
    ]
    metric = Metric(
        name="claude_code.token.usage", sum=Sum(data_points=points, aggregation_temporality=1, is_monotonic=True)
    )
    body = metrics_request(metric, resource={"service.name": "claude-code"})
    answer = worker.client.post("/v1/metrics", data=body, content_type="application/x-protobuf")
    assert answer.status_code == 200


@pytest.mark.parametrize("hours", [0, 48])
def test_metrics_of_an_imported_session_count_no_more_however_old_they_are(worker, tmp_path, hours):
    send_metrics(worker)
    send_metrics(worker, session="another")
    worker.now_ns = NOW + hours * 3600 * 10**9
    for _ in range(3):
        worker.run_jobs()
    assert imported(worker, write(tmp_path / "a.jsonl", answer(1)))["retired"] == 1
    worker.run_jobs()
    kept = [(row["signal"], row["conversation_id"]) for row in rows(worker) if row["billing"] in (0, 1)]
    assert kept == [("metric", "another"), ("import", SESSION)]
    worker.assert_audited()


def test_metrics_that_come_after_the_import_count_no_more(worker, tmp_path):
    imported(worker, write(tmp_path / "a.jsonl", answer(1)))
    send_metrics(worker)
    worker.run_jobs()
    assert [row["signal"] for row in charged(worker)] == ["import"]


def test_an_import_that_was_stopped_goes_on_where_it_ended(worker, tmp_path, monkeypatch):
    monkeypatch.setattr("exporter.cli.import_transcripts.CALLS_TOGETHER", 20)
    file = write(tmp_path / "a.jsonl", *(answer(number) for number in range(200)))
    take, batches = Importer.take, iter(range(4))

    def stopped(self, items):
        if next(batches, None) is None:
            raise KeyboardInterrupt
        return take(self, items)

    with monkeypatch.context() as patch:
        patch.setattr(Importer, "take", stopped)
        assert run(worker.url, "import", "claude-code", str(file), now=NOW).exit_code != 0
    booked = len(charged(worker))
    assert 0 < booked < 200
    result = imported(worker, file)
    assert (result["new"], result["known"]) == (200 - booked, 0)
    assert len(charged(worker)) == 200


def test_what_was_imported_is_read_again_as_it_is_booked(worker, tmp_path):
    ids = ("msg_01XFDUDYJgAACzvnptvV0001", "msg_bdrk_01XFDUDYJgAACzvnptvV", "msg_vrtx_01XFDUDYJgAACzvnptvV")
    lines = [answer(number, message={"id": one}) for number, one in enumerate(ids)]
    imported(worker, write(tmp_path / "a.jsonl", *lines))
    with worker.database.read() as connection:
        book = build_book(connection, policy_in_force(connection, latest_versions(connection)[0]))
        found = survey(connection, book, Chosen(), shown=20)
    assert (found["examined"], found["examples"]) == (3, [])
