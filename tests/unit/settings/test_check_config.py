"""The command that says what a configuration means."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from exporter.cli.check_config import check_config
from exporter.cli.main import cli
from exporter.settings.load import load_settings
from exporter.settings.policy import EMPTY_POLICY, policy_digest
from exporter.settings.table import SETTINGS

ROOT = Path(__file__).parents[3]


def example_digest():
    return policy_digest(load_settings(str(ROOT / "agent-exporter.example.yml"), {}).policy)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **environ: CliRunner().invoke(
        check_config, [*arguments], env={"COLUMNS": "120", **environ}
    )


def test_the_example_is_explained_in_tables(run):
    result = run(str(ROOT / "agent-exporter.example.yml"))
    assert result.exit_code == 0
    assert "payments-month" in result.output
    assert "project=payments" in result.output
    assert "service.name=claude-code sets team=platform, project=developer-tools" in result.output
    assert "Europe/Berlin" in result.output
    assert "line 5" in result.output
    assert result.output.rstrip().splitlines()[-1].endswith(f"valid. Policy {example_digest()}.")


def test_a_program_gets_json(run):
    result = run("--json", str(ROOT / "agent-exporter.example.yml"), AGENT_EXPORTER_THREADS="8")
    answer = json.loads(result.output)
    assert answer["valid"] is True
    assert answer["settings"]["threads"] == {"value": "8", "origin": "AGENT_EXPORTER_THREADS"}
    assert answer["settings"]["log_level"] == {"value": "info", "origin": "default"}
    assert answer["policy"]["budgets"][1]["limit"] == "1000 USD"
    assert answer["policy_digest"] == example_digest()


def test_without_a_file_the_defaults_are_valid(run):
    result = run()
    assert result.exit_code == 0
    digest = policy_digest(EMPTY_POLICY)
    assert result.output.splitlines() == [
        f"{len(SETTINGS)} settings have their default.",
        f"No file: valid. Policy {digest}.",
    ]


def test_the_file_may_be_named_by_the_option_of_all_commands(tmp_path):
    (tmp_path / "a.yml").write_text("threads: 9\n")
    result = CliRunner().invoke(cli, ["--config", str(tmp_path / "a.yml"), "check-config", "--json"])
    assert json.loads(result.output)["settings"]["threads"]["value"] == 9


def test_a_problem_ends_with_status_1_and_its_message(run, tmp_path):
    (tmp_path / "a.yml").write_text("lisen: x\nthreads: 1\n")
    result = run("a.yml")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "a.yml:1: lisen: unknown key, did you mean listen?",
        "a.yml:2: threads: found 1, expected a whole number from 2 to 64",
    ]


def test_a_program_gets_the_problems_as_a_list(run, tmp_path):
    (tmp_path / "a.yml").write_text("threads: 1\n")
    result = run("--json", "a.yml")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "valid": False,
        "problems": ["a.yml:1: threads: found 1, expected a whole number from 2 to 64"],
    }


def test_listening_for_others_without_tokens_is_a_problem(run):
    result = run(AGENT_EXPORTER_LISTEN="0.0.0.0:9464")
    assert result.exit_code == 1
    assert result.stderr.startswith('listen: found "0.0.0.0:9464" without tokens, expected a loopback address')


def test_no_secret_is_printed(run, tmp_path):
    (tmp_path / "ci").write_text("hunter2hunter2hunter2")
    (tmp_path / "a.yml").write_text(
        "database_url: postgresql://agent:hunter2@db/agent\ntokens: [{name: ci, roles: [read], file: ci}]\n"
        "push: {endpoint: 'http://otlp', headers: {authorization: hunter2}}\n"
    )
    for result in (run("a.yml"), run("--json", "a.yml")):
        assert result.exit_code == 0
        assert "hunter2" not in result.output
        assert "<secret>" in result.output
