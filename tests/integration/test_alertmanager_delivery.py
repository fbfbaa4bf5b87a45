"""A running Alertmanager with the shipped configuration and the documented edits: what it delivers, and to whom."""

from __future__ import annotations

import subprocess
import time

import pytest

from support.alertmanager import Alertmanager, Inbox, alert, hurried, replace_once, run, shipped_config, threshold
from support.mailbox import Mailbox
from support.tools import ROOT

SEND = ROOT / "scripts" / "send-test-notification"
AT_70, AT_85, AT_100 = threshold(70, "info"), threshold(85, "warning"), threshold(100, "critical")


@pytest.fixture
def delivering(tool, tmp_path):
    """The shipped configuration after the documented edits, without the waiting, and the inboxes that it posts to."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    with Inbox() as people, Inbox() as heartbeat:
        (secrets / "webhook-url").write_text(people.url + "\n")
        (secrets / "heartbeat-url").write_text(heartbeat.url + "\n")
        config = hurried(shipped_config(people="webhook", watchdog="heartbeat", secrets=secrets))
        with Alertmanager(tool("alertmanager"), tmp_path / "alertmanager", config) as alertmanager:
            yield alertmanager, people, heartbeat


def told(message, name="AgentBudgetThreshold"):
    return message["groupLabels"].get("alertname") == name


def test_only_the_hundred_percent_of_a_budget_are_delivered_and_their_end_as_well(delivering):
    alertmanager, people, _ = delivering
    alertmanager.fire(AT_100, AT_85, AT_70, annotations={"summary": "A budget has reached a threshold"})
    first = people.wait_for(told)
    assert (first["status"], first["receiver"]) == ("firing", "webhook")
    assert [one["labels"] for one in first["alerts"]] == [AT_100]
    assert first["groupLabels"] == {
        "alertname": "AgentBudgetThreshold", "budget": "payments-month", "period": "month",
    }  # fmt: skip
    assert first["commonAnnotations"] == {"summary": "A budget has reached a threshold"}
    alertmanager.resolve(AT_85, AT_70, AT_100)
    last = people.wait_for(lambda message: told(message) and message["status"] == "resolved")
    assert [one["labels"] for one in last["alerts"]] == [AT_100]
    assert {one["labels"]["threshold"] for message in people.messages for one in message["alerts"]} == {"100"}


def test_a_group_is_one_message(delivering):
    alertmanager, people, _ = delivering
    models = [
        alert("AgentUsageUnpriced", "warning", gen_ai_response_model=model, reason="unknown_model")
        for model in ("a", "b", "c")
    ]
    alertmanager.fire(*models)
    message = people.wait_for(lambda message: told(message, "AgentUsageUnpriced"))
    assert [one["labels"]["gen_ai_response_model"] for one in message["alerts"]] == ["a", "b", "c"]


def test_notes_are_one_digest_whatever_they_are_about(delivering):
    alertmanager, people, _ = delivering
    slow = alert("AgentBudgetSlowBurn", "info", budget="search-month", period="month")
    alertmanager.fire(AT_70, slow)
    message = people.wait_for(lambda message: message["groupLabels"] == {"severity": "info"})
    assert {one["labels"]["alertname"] for one in message["alerts"]} == {"AgentBudgetThreshold", "AgentBudgetSlowBurn"}


def test_the_dead_mans_switch_goes_to_its_own_receiver_and_never_to_people(delivering):
    alertmanager, people, heartbeat = delivering
    alertmanager.fire(alert("Watchdog", "none"), AT_100)
    beat = heartbeat.wait_for(lambda message: told(message, "Watchdog"))
    assert beat["receiver"] == "heartbeat"
    people.wait_for(told)
    assert not any(told(message, "Watchdog") for message in people.messages)


def test_as_shipped_it_starts_without_any_secret_and_complains_about_nothing(tool, tmp_path):
    with Alertmanager(tool("alertmanager"), tmp_path / "alertmanager", hurried(shipped_config())) as alertmanager:
        alertmanager.fire(AT_100, alert("Watchdog", "none"))
        time.sleep(3)
        assert {tuple(one["name"] for one in found["receivers"]) for found in alertmanager.alerts()} == {("screen",)}
        assert "level=ERROR" not in alertmanager.log
        assert "level=WARN" not in alertmanager.log


def test_office_hours_when_switched_on_hold_back_warnings_and_nothing_else(tool, tmp_path):
    warning = alert("AgentCostSpike", "warning", project="payments")
    with Inbox() as people:
        (tmp_path / "webhook-url").write_text(people.url)
        config = hurried(shipped_config(people="webhook", secrets=tmp_path))
        config = replace_once(config, "# active_time_intervals", "active_time_intervals")
        # An office that was last open long ago, whenever this test runs.
        config = replace_once(config, 'weekdays: ["monday:friday"]', 'years: ["2001"]')
        with Alertmanager(tool("alertmanager"), tmp_path / "alertmanager", config) as alertmanager:
            alertmanager.fire(warning, AT_100)
            people.wait_for(told)
            alertmanager.wait_until_held_back(warning, "office-hours")
    assert not any(told(message, "AgentCostSpike") for message in people.messages)


# ------------------------------------------------------------------------------------------------ chat and mail
SPENT = {
    "summary": "A budget has reached a threshold",
    "description": "$1234.5678 of $1000.00 spent.",
    "dashboard_url": "http://localhost:3000/d/agent-budgets?var-budget=payments-month",
    "runbook_url": "http://localhost:9464/runbook#AgentBudgetThreshold",
}
SUBJECT = "[CRITICAL] A budget has reached a threshold: payments-month (month) at 100 %"


def test_slack_gets_what_people_read_with_links_that_open(tool, tmp_path):
    with Inbox() as chat:
        (tmp_path / "slack-url").write_text(chat.url)
        config = hurried(shipped_config(people="slack", secrets=tmp_path))
        with Alertmanager(tool("alertmanager"), tmp_path / "alertmanager", config) as alertmanager:
            alertmanager.fire(AT_100, annotations=SPENT)
            message = chat.wait_for(lambda _: True)
    (attachment,) = message["attachments"]
    assert attachment["title"] == SUBJECT
    assert attachment["title_link"] == SPENT["dashboard_url"]
    assert attachment["color"] == "danger"
    assert "$1,234 of $1,000 spent." in attachment["text"]
    assert f"<{SPENT['runbook_url']}|What to do>" in attachment["text"]


def test_a_mail_is_sent_with_the_password_of_the_file_in_both_forms(tool, tmp_path):
    with Mailbox() as mailbox:
        (tmp_path / "smtp-password").write_text("not in any configuration\n")
        config = hurried(shipped_config(people="email", secrets=tmp_path))
        config = replace_once(config, "smtp.example.com:587", mailbox.address)
        # The mailbox has no certificate; Alertmanager gives a password without TLS to the loopback interface only.
        config = replace_once(config, "smtp_require_tls: true", "smtp_require_tls: false")
        with Alertmanager(tool("alertmanager"), tmp_path / "alertmanager", config) as alertmanager:
            alertmanager.fire(AT_100, annotations=SPENT)
            mail = mailbox.wait_for_mail()
    assert mailbox.passwords == ["not in any configuration"]
    assert mail["Subject"] == SUBJECT
    assert mail["To"] == "agents-on-call@example.com"
    text, html = (mail.get_body([kind]).get_content() for kind in ("plain", "html"))
    assert "$1,234 of $1,000 spent." in text
    assert "$1,234 of $1,000 spent." in html
    assert f"What to do: {SPENT['runbook_url']}" in text
    assert f'<a href="{SPENT["runbook_url"]}">What to do</a>' in html


# ------------------------------------------------------------------------------------------------ the test notification
@pytest.mark.parametrize("path", ["with amtool", "/usr/bin:/bin"])
def test_the_test_notification_arrives_where_alerts_do(delivering, tool, tmp_path, path):
    alertmanager, people, _ = delivering
    search = f"{tool('amtool').parent}:/usr/bin:/bin" if path == "with amtool" else path
    done = subprocess.run(
        [SEND, alertmanager.url], cwd=tmp_path, env={"PATH": search}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    message = people.wait_for(lambda message: told(message, "AgentTestNotification"))
    assert message["commonLabels"]["severity"] == "critical"
    assert message["commonAnnotations"]["summary"].startswith("Test notification")
    assert message["groupLabels"]["project"].startswith("test-")


def test_the_test_notification_can_be_run_inside_the_container_by_a_plain_shell(delivering, tool, tmp_path):
    """What `docker compose exec -T alertmanager sh -s < scripts/send-test-notification` does, given another address."""
    alertmanager, people, _ = delivering
    done = subprocess.run(
        ["/bin/sh", "-s", "--", "--severity", "warning", alertmanager.url],
        input=SEND.read_text(), cwd=tmp_path, env={"PATH": f"{tool('amtool').parent}:/bin:/usr/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "its receiver: webhook" in done.stderr
    message = people.wait_for(lambda message: told(message, "AgentTestNotification"))
    assert message["commonLabels"]["severity"] == "warning"


def test_the_test_notification_fails_aloud_when_nobody_takes_it(tmp_path):
    done = run(SEND, "http://127.0.0.1:1")
    assert done.returncode == 1
    assert "Alertmanager at http://127.0.0.1:1 did not take it" in done.stderr


def test_the_test_notification_refuses_a_severity_that_has_no_route():
    done = run(SEND, "--severity", "loud")
    assert done.returncode == 2
    assert "severity is critical, warning or info, not loud" in done.stderr
