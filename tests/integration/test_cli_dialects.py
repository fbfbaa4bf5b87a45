"""`agent-exporter dialects`: what is understood, without a ledger."""

from __future__ import annotations

import json

import pytest

from exporter.dialects.describing import to_mapping
from support.terminal import run, run_at_terminal

NOWHERE = "sqlite:////nowhere/ledger.db"


def test_all_dialects_and_emitters_are_listed():
    printed = run(NOWHERE, "dialects")
    assert printed.exit_code == 0
    for said in ("openinference", "genai", "openlit.instrumentation.claude_agent_sdk", "anthropic, aws.bedrock"):
        assert said in printed.output
    assert run_at_terminal(NOWHERE, "dialects")


def test_one_dialect_shows_its_marks_and_names():
    printed = run(NOWHERE, "dialects", "openinference").output
    assert "openinference.span.kind" in printed
    assert "llm.token_count.prompt_details.cache_read" in printed
    assert "gen_ai.usage.input_tokens" in run(NOWHERE, "dialects", "genai").output


def test_json_has_everything():
    assert json.loads(run(NOWHERE, "dialects", "--json").output) == json.loads(json.dumps(to_mapping()))
    (one,) = json.loads(run(NOWHERE, "dialects", "genai", "--json").output)["dialects"]
    assert one["name"] == "genai"


@pytest.mark.parametrize("arguments", [("klingon",), ("klingon", "--json")])
def test_a_dialect_that_nobody_speaks_is_trouble_that_names_those_there_are(arguments):
    ended = run(NOWHERE, "dialects", *arguments)
    assert ended.exit_code == 2
    assert "there is no dialect 'klingon'; there are claude_code, " in ended.stderr
