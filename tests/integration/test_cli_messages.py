"""`agent-exporter messages`: what the intake would say, without a service and without a ledger."""

from __future__ import annotations

import json

from support.api import Api
from support.messages import element, message_xml
from support.terminal import run, run_at_terminal

NOWHERE = "sqlite:////nowhere/ledger.db"


def written(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_valid_files_are_status_0_with_what_would_be_counted(tmp_path):
    file = written(tmp_path / "a.xml", message_xml())
    answer = run(NOWHERE, "messages", "check", file, "--json")
    assert answer.exit_code == 0
    document = json.loads(answer.output)
    assert (document["valid"], document["refused"]) == (1, 0)
    (found,) = document["messages"]
    assert found["sender"] == "builder"
    assert found["gates"] == {"layer-1-input": "passed"}


def test_faults_are_told_with_file_and_line_and_status_1(tmp_path):
    batch = element("agent-messages", "\n", message_xml(), "\n", message_xml(type="<type>hi</type>", sender=None))
    file = written(tmp_path / "b.xml", batch)
    answer = run(NOWHERE, "messages", "check", file)
    assert answer.exit_code == 1
    assert "invalid_value" in answer.output
    assert "missing_element" in answer.output
    assert "agent-message: lacks sender" in answer.output
    assert answer.output.endswith("1 valid, 1 refused.\n")


def test_hostile_and_huge_files_are_refused_like_bodies(tmp_path):
    hostile = written(tmp_path / "c.xml", f"<!DOCTYPE a>{message_xml()}")
    huge = written(tmp_path / "d.xml", " " * (1 << 20) + message_xml())
    answer = run(NOWHERE, "messages", "check", hostile, huge, "--json")
    assert answer.exit_code == 1
    reasons = [one["problems"][0]["reason"] for one in json.loads(answer.output)["messages"]]
    assert reasons == ["dtd", "too_large"]


def test_a_person_sees_a_table(tmp_path):
    file = written(tmp_path / "a.xml", message_xml())
    lines = run_at_terminal(NOWHERE, "messages", "check", file)
    told = " ".join(" ".join(lines).split())
    assert "valid builder to lead: task-completion, completed, normal, 1 gate" in told


def test_the_schema_printed_is_the_one_served(sqlite_url):
    api = Api(sqlite_url)
    served = api.send("GET", "/schemas/agent-message.xsd").data.decode()
    api.close()
    assert run(NOWHERE, "messages", "schema").output == served
