"""`agent-exporter import ccusage`: a sum counts only where nobody told of its calls, in either order."""

from __future__ import annotations

import json

import pytest

from support.ccusage import HAIKU, daily, part, row
from support.terminal import run
from support.transcripts import SESSION, answer, write
from support.workers import WholeWorker

NOW = 1_795_176_000 * 10**9
"""2026-11-20T12:00:00Z."""


@pytest.fixture
def worker(database_url, tmp_path):
    worker = WholeWorker(database_url, tmp_path, {}, NOW)
    yield worker
    worker.assert_audited()
    worker.close()


def report(worker, tmp_path, document, *options):
    file = tmp_path / "report.json"
    file.write_text(json.dumps(document))
    answer = run(worker.url, "import", "ccusage", str(file), "--json", *options, now=NOW)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output)


def transcripts(worker, tmp_path, *lines):
    file = write(tmp_path / f"{len(lines)}-{lines[0]['uuid']}.jsonl", *lines)
    answer = run(worker.url, "import", "claude-code", str(file), "--json", now=NOW)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output)


def counted(worker):
    """Rows that count, or will when the scheduler ran."""
    return [one for one in worker.all_rows() if one["billing"] in ("charged", "pending")]


def test_a_report_is_imported_once_and_charged_by_our_prices(worker, tmp_path):
    document = daily(row(part(), part(HAIKU), date="2026-11-10"), row(date="2026-11-11"))
    result = report(worker, tmp_path, document)
    assert (result["new"], result["waiting"]) == (3, 3)
    assert result["cost_nano_usd"] > 0
    worker.now_ns = NOW + 3600 * 10**9
    worker.run_jobs()
    assert {one["billing"] for one in worker.all_rows()} == {"charged"}
    again = report(worker, tmp_path, document)
    assert (again["new"], again["known"]) == (0, 3)
    assert len(counted(worker)) == 3


def test_a_day_of_which_transcripts_told_is_left_to_them(worker, tmp_path):
    transcripts(worker, tmp_path, answer(1, at="2026-11-10T10:00:00Z"))
    result = report(worker, tmp_path, daily(row(date="2026-11-10"), row(date="2026-11-11")))
    assert (result["new"], result["reported"]) == (1, 1)


def test_transcripts_that_come_later_take_the_report_back_whenever_they_come(worker, tmp_path):
    report(worker, tmp_path, daily(row(date="2026-11-10"), row(date="2026-11-11")))
    worker.now_ns = NOW + 48 * 3600 * 10**9
    for _ in range(3):
        worker.run_jobs()
    assert worker.table("skeleton") == []
    assert transcripts(worker, tmp_path, answer(1, at="2026-11-10T10:00:00Z"))["retired"] == 1
    assert sorted(one["signal"] for one in counted(worker)) == ["import", "report"]
    superseded = [one for one in worker.all_rows() if one["billing"] == "superseded"]
    assert [one["billing_reason"] for one in superseded] == ["signal"]


def session_row(name=SESSION, **told):
    times = {"firstActivity": "2026-11-10T09:00:00Z", "lastActivity": "2026-11-10T11:00:00Z"}
    return {"sessions": [row(sessionId=name, **times, **told)]}


def test_a_session_is_compared_by_its_id_and_not_by_its_time(worker, tmp_path):
    transcripts(
        worker, tmp_path, answer(1, at="2026-11-10T10:00:00Z", sessionId="11111111-2222-3333-4444-555555555555")
    )
    assert report(worker, tmp_path, session_row())["new"] == 1
    assert transcripts(worker, tmp_path, answer(2, at="2026-11-10T10:10:00Z"))["retired"] == 1
    assert report(worker, tmp_path, session_row())["reported"] == 1
    assert {one["signal"] for one in counted(worker)} == {"import"}


def test_a_session_named_by_a_folder_is_compared_by_its_time(worker, tmp_path):
    transcripts(worker, tmp_path, answer(1, at="2026-11-10T10:00:00Z"))
    assert report(worker, tmp_path, session_row("-home-ada-src"))["reported"] == 1


def test_two_kinds_of_report_of_one_time_do_not_count_twice(worker, tmp_path):
    assert report(worker, tmp_path, daily(row(date="2026-11-10")))["new"] == 1
    result = report(worker, tmp_path, {"monthly": [row(month="2026-10"), row(month="2026-09")]})
    assert result["new"] == 2
    assert report(worker, tmp_path, session_row())["overlapping"] == 1
    assert len(counted(worker)) == 3


def test_a_period_that_is_not_over_is_left_for_later(worker, tmp_path):
    result = report(worker, tmp_path, daily(row(date="2026-11-20"), row(date="2026-11-19")))
    assert (result["new"], result["open"]) == (1, 1)


def test_the_zone_of_the_days_can_be_given(worker, tmp_path):
    report(worker, tmp_path, daily(row(date="2026-11-10")), "--tz", "Asia/Tokyo")
    assert [one["started_at"] for one in worker.all_rows()] == ["2026-11-09T15:00:00Z"]
    assert run(worker.url, "import", "ccusage", "-", "--tz", "Nowhere", now=NOW).exit_code == 2


def test_a_preview_changes_nothing(worker, tmp_path):
    document = daily(row(date="2026-11-10"))
    planned = report(worker, tmp_path, document, "--dry-run")
    assert (planned["new"], planned["dry_run"]) == (1, True)
    assert worker.all_rows() == []
    assert report(worker, tmp_path, document)["cost_nano_usd"] == planned["cost_nano_usd"]


def test_rows_that_cannot_be_read_are_told_and_the_rest_is_imported(worker, tmp_path):
    result = report(worker, tmp_path, daily(row(date="never"), row(date="2026-11-10")))
    assert (result["new"], len(result["unreadable"])) == (1, 1)


def test_what_is_no_report_is_an_error(worker, tmp_path):
    file = tmp_path / "x.json"
    for text in ("{}", "[", '{"daily": 5}'):
        file.write_text(text)
        assert run(worker.url, "import", "ccusage", str(file), now=NOW).exit_code == 2


def test_a_sum_is_no_call_in_the_histograms_and_a_transcript_tells_no_duration(worker, tmp_path):
    report(worker, tmp_path, daily(row(date="2026-11-10")))
    transcripts(worker, tmp_path, answer(1))
    worker.now_ns = NOW + 3600 * 10**9
    worker.run_jobs()
    assert worker.total("agent_calls_total") == 2
    assert worker.total("gen_ai_client_token_usage_count", containing='type="input"') == 1
    assert worker.total("gen_ai_client_operation_duration_seconds_count") == 0
