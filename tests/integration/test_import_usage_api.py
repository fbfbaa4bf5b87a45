"""`agent-exporter import usage-api`: what a provider counted, where nobody else told of it."""

from __future__ import annotations

import json

import pytest

from support.otlp import request, span
from support.terminal import run
from support.usage_pages import anthropic, openai, page
from support.workers import WholeWorker

NOW = 1_795_176_000 * 10**9
"""2026-11-20T12:00:00Z."""
INSIDE = 1_793_923_200 * 10**9 + 3600 * 10**9


@pytest.fixture
def worker(database_url, tmp_path):
    worker = WholeWorker(database_url, tmp_path, {}, NOW)
    yield worker
    worker.assert_audited()
    worker.close()


def imported(worker, tmp_path, document, *options):
    file = tmp_path / "usage.json"
    file.write_text(json.dumps(document))
    answer = run(worker.url, "import", "usage-api", str(file), "--json", *options, now=NOW)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.output)


def call(model="gpt-5.2"):
    told = {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 1,
    }  # fmt: skip
    return request(span(told, start_time_unix_nano=INSIDE, end_time_unix_nano=INSIDE + 10**9))


def test_sums_are_imported_once_with_our_prices(worker, tmp_path):
    document = [page(openai()), page(anthropic())]
    planned = imported(worker, tmp_path, document, "--dry-run")
    result = imported(worker, tmp_path, document)
    assert (result["new"], result["unreadable"], result["cost_nano_usd"]) == (2, [], planned["cost_nano_usd"])
    assert result["cost_nano_usd"] > 0
    assert imported(worker, tmp_path, document)["known"] == 2


def test_a_sum_of_a_model_whose_calls_are_told_is_left_out(worker, tmp_path):
    worker.push(call())
    result = imported(worker, tmp_path, page(openai(), openai(model="gpt-5.2-mini")))
    assert (result["new"], result["reported"]) == (1, 1)


def test_a_sum_is_taken_back_when_calls_of_its_model_are_told_later(worker, tmp_path):
    imported(worker, tmp_path, page(openai(), openai(model="gpt-5.2-mini")))
    worker.push(call())
    result = imported(worker, tmp_path, page(anthropic()))
    assert (result["new"], result["retired"]) == (1, 1)
    kept = {row["response_model"] for row in worker.all_rows() if row["billing"] in ("charged", "pending")}
    assert {"gpt-5.2-mini", "claude-opus-4-5"} <= kept
    assert [row["signal"] for row in worker.all_rows() if row["billing"] == "superseded"] == ["report"]


def test_what_is_no_page_is_an_error(worker, tmp_path):
    file = tmp_path / "x.json"
    for text in ("{}", "[", "[1]"):
        file.write_text(text)
        assert run(worker.url, "import", "usage-api", str(file), now=NOW).exit_code == 2
