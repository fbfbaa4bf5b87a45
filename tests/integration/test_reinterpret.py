"""`agent-exporter reinterpret`: rows read again by corrected rules, as a preview and as corrections, on both databases."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from exporter.cli.main import cli
from exporter.dialects import basis, reading
from exporter.ledger.sums import QUARTER_NS
from exporter.pricing.row_json import instant_from_text
from support.otlp import request, span
from support.workers import SECOND, WholeWorker

NOW = instant_from_text("2026-11-21T12:00:00Z")
CONFIGURATION = {
    "budgets": [
        {"id": "usd", "limit": "1 USD", "period": "day"},
        {"id": "tokens", "scope": {"task": "T-1"}, "limit": "1M tokens", "period": "month"},
    ],
    "prices": [
        {
            "layer": "override", "model": "house-model", "provider": "anthropic",
            "usd_per_million": {"input": "2", "cache_read": "0.2", "output": "10"},
        },
    ],
}  # fmt: skip
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "house-model",
    "agent.project": "payments",
    "agent.task.id": "T-1",
    "gen_ai.usage.input_tokens": 5000,
    "gen_ai.usage.cache_read.input_tokens": 500,
    "gen_ai.usage.output_tokens": 40,
}
ACME = basis.Emitter("acme", basis.EXCLUSIVE_PROVIDERS)
# As nobody knows the emitter: 4,500 × 2,000 + 500 × 200 + 40 × 10,000 nano-USD; as it really counts, 5,000 × 2,000.
GUESSED, RIGHT = 9_500_000, 10_500_000


@pytest.fixture
def whole(database_url, tmp_path):
    whole = open_worker(database_url, tmp_path)
    yield whole
    whole.assert_audited()
    whole.close()


def open_worker(url, folder):
    whole = WholeWorker(url, folder, CONFIGURATION, NOW)
    whole.now_ns += 60 * SECOND
    return whole


@pytest.fixture
def learn(monkeypatch):
    """Makes the emitter known, as a release with a corrected table would."""

    def forget():
        basis.emitter_of.cache_clear()
        reading._profile.cache_clear()

    def now_known():
        monkeypatch.setattr(basis, "EMITTERS", (*basis.EMITTERS, ACME))
        forget()

    yield now_known
    monkeypatch.undo()
    forget()


def send(whole, number, said=None, *, scope="acme.tracer", parent=b"", at=NOW):
    one = span(
        CALL if said is None else said,
        trace_id=number.to_bytes(16),
        span_id=number.to_bytes(8),
        parent_span_id=parent,
        start_time_unix_nano=at,
        end_time_unix_nano=at + SECOND,
    )
    whole.push(request(one, scope=scope))


def answer(whole, *options):
    return json.loads(whole.command("reinterpret", "--json", *options))


def sums(whole):
    """What every kind of sum says in the end, series and slots added up."""
    found = {}
    for name in ("rollup", "task_rollup", "total", "adjustment", "budget_window", "budget_counter"):
        for row in whole.table(name):
            for column, value in row.items():
                if column in (
                    "calls",
                    "input_uncached",
                    "cache_read",
                    "output_visible",
                    "cost_nano_usd",
                    "spent",
                    "amount",
                    "adjustments",
                ):
                    found[f"{name}.{column}"] = found.get(f"{name}.{column}", 0) + value
    net = {
        key.removeprefix("total."): value - found.get(key.replace("total.", "adjustment."), 0)
        for key, value in found.items()
        if key.startswith("total.")
    }
    return {"net": net, **{key: value for key, value in found.items() if not key.startswith(("total", "adjustment"))}}


def test_nothing_changes_while_the_rules_stay(whole):
    send(whole, 1)
    before = sums(whole)
    assert answer(whole, "--apply") == {
        "examined": 1, "unreadable": 0, "differing": 0, "by_dialect": [], "examples": [], "corrected": 0,
    }  # fmt: skip
    assert sums(whole) == before
    assert whole.table("audit_log") == []


def test_a_preview_shows_rows_and_sums_by_dialect_and_changes_nothing(whole, learn):
    send(whole, 1)
    send(whole, 2, scope="other.tracer")
    learn()
    before = sums(whole)
    found = answer(whole)
    assert (found["examined"], found["differing"], found["corrected"]) == (2, 1, 0)
    (effect,) = found["by_dialect"]
    assert effect["dialect"] == "genai"
    assert (effect["records"], effect["charged"]) == (1, 1)
    assert (effect["cost_before_nano_usd"], effect["cost_after_nano_usd"]) == (GUESSED, RIGHT)
    assert (effect["tokens_before"]["input_uncached"], effect["tokens_after"]["input_uncached"]) == (4500, 5000)
    (example,) = found["examples"]
    assert (example["span_id"], example["cost_nano_usd"], example["cost_after_nano_usd"]) == (
        f"{1:016x}",
        GUESSED,
        RIGHT,
    )
    assert sums(whole) == before
    assert whole.table("revision") == []
    shown = whole.command("reinterpret")
    assert "2 records were read again, 1 of them differently." in shown
    assert "input_uncached 4,500 to 5,000" in shown
    assert "--apply books the corrections" in shown


def test_a_correction_is_exact_in_every_sum_and_keeps_what_was(whole, learn):
    send(whole, 1)
    learn()
    found = answer(whole, "--apply")
    assert found["corrected"] == 1
    (row,) = whole.rows().values()
    assert row["tokens"]["input_uncached"] == 5000
    assert (row["cost_nano_usd"], row["cost_status"], row["flags"]) == (RIGHT, "priced", [])
    assert whole.total("agent_cost_usd_total") == 0  # a new series shows 0 at first
    whole.now_ns += 61 * SECOND
    assert whole.total("agent_cost_usd_total") == pytest.approx((GUESSED + RIGHT) / 1e9)
    assert whole.total("agent_cost_adjustments_usd_total") == pytest.approx(GUESSED / 1e9)
    assert whole.total("agent_budget_spent_usd") == pytest.approx(RIGHT / 1e9)
    assert whole.total("agent_budget_spent_tokens") == 5540
    (correction,) = whole.get(f"/api/v1/explain/{row['trace_id']}")["data"][0]["corrections"]
    assert correction["reason"] == "reinterpreted"
    assert (correction["cost_before_nano_usd"], correction["cost_after_nano_usd"]) == (GUESSED, RIGHT)
    assert (correction["tokens_before"]["input_uncached"], correction["tokens_after"]["input_uncached"]) == (4500, 5000)
    (entry,) = whole.table("audit_log")
    assert (entry["action"], json.loads(entry["detail"])) == (
        "usage.reinterpret",
        {"rows": 1, "first": row["id"], "last": row["id"]},
    )


def test_a_second_run_finds_nothing_to_correct(whole, learn):
    for number in range(1, 8):
        send(whole, number)
    learn()
    assert answer(whole, "--apply")["corrected"] == 7
    before = sums(whole)
    again = answer(whole, "--apply")
    assert (again["differing"], again["corrected"]) == (0, 0)
    assert sums(whole) == before
    assert len(whole.table("revision")) == 7


def test_a_corrected_ledger_says_what_one_that_was_right_from_the_start_says(whole, learn, sqlite_url, tmp_path):
    def fill(worker):
        for number in range(1, 12):
            send(worker, number, at=NOW - number * QUARTER_NS)
        agent = {**CALL, "gen_ai.operation.name": "invoke_agent"}
        send(worker, 20, agent)
        send(worker, 21, {**CALL, "gen_ai.request.model": "nobody-knows"})
        send(worker, 22, {**CALL, "litellm.cache_hit": True})

    fill(whole)
    learn()
    answer(whole, "--apply")
    (tmp_path / "right").mkdir()
    right = WholeWorker(f"sqlite:///{tmp_path}/right/ledger.db", tmp_path / "right", CONFIGURATION, NOW)
    right.now_ns += 60 * SECOND
    fill(right)
    differing = {"budget_counter.amount", "budget_counter.adjustments"}
    corrected, first = sums(whole), sums(right)
    assert {name: corrected[name] for name in corrected.keys() - differing} == {
        name: first[name] for name in first.keys() - differing
    }
    assert (
        corrected["budget_counter.amount"] - corrected["budget_counter.adjustments"] == first["budget_counter.amount"]
    )
    ids = {"id"}
    shown = [{key: row[key] for key in row.keys() - ids} for worker in (whole, right) for row in worker.rows().values()]
    half = len(shown) // 2
    assert sorted(shown[:half], key=str) == sorted(shown[half:], key=str)
    right.close()


def test_what_is_not_charged_is_corrected_without_touching_a_sum(whole, learn):
    send(whole, 1, {**CALL, "litellm.cache_hit": True})
    learn()
    before = sums(whole)
    assert answer(whole, "--apply")["corrected"] == 1
    assert sums(whole) == before
    (row,) = whole.rows().values()
    assert (row["billing"], row["billing_reason"], row["tokens"]["input_uncached"]) == (
        "not_billable",
        "cache_hit",
        5000,
    )


def test_a_row_that_is_read_alike_keeps_the_price_of_its_time(whole, learn):
    send(whole, 1, scope="other.tracer")
    dearer = {**CONFIGURATION["prices"][0], "usd_per_million": {"input": "4", "output": "20"}}
    whole.reload({**CONFIGURATION, "prices": [dearer]})
    learn()
    assert answer(whole, "--apply")["differing"] == 0


def test_only_what_is_chosen_is_read_again(whole, learn):
    send(whole, 1, at=NOW - 3600 * SECOND)
    send(whole, 2)
    learn()
    assert answer(whole, "--since", "2026-11-21T11:30:00Z")["differing"] == 1
    assert answer(whole, "--until", "2026-11-21T11:30:00Z")["examples"][0]["span_id"] == f"{1:016x}"
    assert answer(whole, "--since", "1000000h")["differing"] == 2
    for option, here, elsewhere in (
        ("--dialect", "genai", "openinference"),
        ("--scope", "acme", "acm"),
        ("--scope", "acme.tracer", "acme.tracer.inner"),
        ("--provider", "anthropic", "openai"),
    ):
        assert answer(whole, option, here)["differing"] == 2
        assert answer(whole, option, elsewhere)["examined"] == 0


@pytest.mark.parametrize(
    ("option", "expected"), [(("--dialect", "nosuch"), "one of ag2, "), (("--since", "nosuch"), "a duration as 30d")]
)
def test_what_cannot_be_chosen_says_what_can(whole, option, expected):
    environment = {"AGENT_EXPORTER_DATABASE_URL": whole.url, "AGENT_EXPORTER_CONFIG": str(whole.config)}
    done = CliRunner().invoke(cli, ["reinterpret", *option], env=environment)
    assert done.exit_code == 2
    assert "found 'nosuch', expected" in done.stderr
    assert expected in done.stderr


def test_a_record_whose_numbers_mean_nothing_any_more_is_a_call_without_usage(whole, monkeypatch):
    send(whole, 1)
    monkeypatch.setattr("exporter.dialects.counting.read_count", lambda *_: None)
    found = answer(whole, "--apply")
    assert found["corrected"] == 1
    (row,) = whole.rows().values()
    assert (row["billing"], row["billing_reason"], row["usage_status"], row["cost_nano_usd"]) == (
        "not_billable",
        "no_usage",
        "missing",
        None,
    )
    monkeypatch.undo()
    assert answer(whole, "--apply")["corrected"] == 1
    (row,) = whole.rows().values()
    assert (row["billing"], row["usage_status"], row["cost_nano_usd"]) == ("charged", "reported", GUESSED)


def test_what_another_report_of_the_call_filled_in_stays(whole, learn):
    said = {**CALL, "gen_ai.response.id": "msg_0123456789abcdefghij"}
    poor = {key: value for key, value in said.items() if "task" not in key and "project" not in key}
    send(whole, 1, {**poor, "gen_ai.usage.cache_write.input_tokens": 7})
    send(whole, 2, said)
    rows = whole.rows()
    assert (rows[f"{1:016x}"]["billing"], rows[f"{1:016x}"]["task"]) == ("charged", "T-1")
    learn()
    assert answer(whole, "--apply")["corrected"] == 2
    after = whole.rows()[f"{1:016x}"]
    assert (after["task"], after["project"], after["tokens"]["input_uncached"]) == ("T-1", "payments", 5000)
    assert answer(whole, "--apply")["corrected"] == 0


def test_lifetimes_that_a_cost_proved_by_the_prices_of_its_time_stay(whole):
    kept = {
        **CONFIGURATION["prices"][0],
        "usd_per_million": {"input": "2", "cache_write_5m": "2.5", "cache_write_1h": "4", "output": "10"},
    }
    whole.reload({**CONFIGURATION, "prices": [kept]})
    said = {name: value for name, value in CALL.items() if "cache_read" not in name}
    # 4,000 × 2,000 + 600 × 2,500 + 400 × 4,000 + 40 × 10,000 nano-USD.
    send(whole, 1, {**said, "gen_ai.usage.cache_write.input_tokens": 1000, "gen_ai.usage.cost": 0.0115})
    (row,) = whole.rows().values()
    assert (row["tokens"]["cache_write_5m"], row["tokens"]["cache_write_1h"]) == (600, 400)
    whole.reload(CONFIGURATION)
    assert answer(whole, "--apply")["differing"] == 0
    assert whole.get(f"/api/v1/explain/{row['trace_id']}")["data"][0]["reading"]["read_alike_today"] is True


def test_a_corrected_record_with_proved_lifetimes_is_told_them_anew(whole, learn):
    kept = {
        **CONFIGURATION["prices"][0],
        "usd_per_million": {"input": "2", "cache_write_5m": "2.5", "cache_write_1h": "4", "output": "10"},
    }
    whole.reload({**CONFIGURATION, "prices": [kept]})
    said = {name: value for name, value in CALL.items() if "cache_read" not in name}
    # 5,000 × 2,000 + 600 × 2,500 + 400 × 4,000 + 40 × 10,000: more than any lifetimes cost when the input contains the writes.
    send(whole, 1, {**said, "gen_ai.usage.cache_write.input_tokens": 1000, "gen_ai.usage.cost": 0.0135})
    learn()
    assert answer(whole, "--apply")["corrected"] == 1
    (row,) = whole.rows().values()
    assert (row["tokens"]["input_uncached"], row["tokens"]["cache_write_1h"], row["cost_nano_usd"]) == (
        5000,
        400,
        13_500_000,
    )
    assert answer(whole, "--apply")["corrected"] == 0
