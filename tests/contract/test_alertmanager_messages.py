"""What people read of an alert: money as they write it, whom it is about, where to look, and nothing that can do harm."""

from __future__ import annotations

import json

import pytest

from support.alertmanager import TEMPLATES, run

BUDGET = {
    "status": "firing",
    "labels": {
        "alertname": "AgentBudgetThreshold",
        "severity": "critical",
        "budget": "payments-month",
        "period": "month",
        "threshold": "100",
    },
    "annotations": {
        "summary": "A budget has reached a threshold",
        "description": "Budget payments-month (month) has reached 100 % of its limit: $1234.5678 of $1000.00 spent.",
        "dashboard_url": "http://localhost:3000/d/agent-budgets?var-budget=payments-month",
        "runbook_url": "http://localhost:9464/runbook#AgentBudgetThreshold",
    },
    "startsAt": "2026-11-21T12:00:00Z",
    "endsAt": "2026-11-21T13:30:00Z",
}
SPIKE = {
    "status": "firing",
    "labels": {
        "alertname": "AgentCostSpike",
        "severity": "warning",
        "gen_ai_agent_name": "<!channel> & co",
        "project": "p",
    },
    "annotations": {"summary": "An agent spends <b>too much</b>"},
    "startsAt": "2026-11-21T12:00:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
}


def common(alerts, part):
    first, *others = (set(alert[part].items()) for alert in alerts)
    return dict(first.intersection(*others))


@pytest.fixture
def render(tool, tmp_path):
    """The text of one template for a group of alerts, as Alertmanager renders it."""

    def render(name, *alerts, kind="text"):
        group = {
            "receiver": "email",
            "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
            "alerts": alerts,
            "groupLabels": {"alertname": alerts[0]["labels"]["alertname"]},
            "commonLabels": common(alerts, "labels"),
            "commonAnnotations": common(alerts, "annotations"),
            "externalURL": "http://localhost:9093",
        }
        data = tmp_path / "group.json"
        data.write_text(json.dumps(group))
        done = run(
            tool("amtool"), "template", "render", f"--template.glob={TEMPLATES}", f"--template.data={data}",
            f"--template.type={kind}", f'--template.text={{{{ template "{name}" . }}}}',
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.removesuffix("\n") if kind == "text" else done.stdout

    return render


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("$0", "$0"),
        ("$0.00", "$0.00"),
        ("$0.000012", "under $0.0001"),
        ("$0.0012", "$0.0012"),
        ("$0.00129", "$0.0012"),
        ("$0.009", "$0.009"),
        ("$0.2345", "$0.23"),
        ("$0.5", "$0.50"),
        ("$12.345678", "$12.34"),
        ("$12", "$12"),
        ("$999.999", "$999.99"),
        ("$1234.5678", "$1,234"),
        ("$1,234.56", "$1,234"),
        ("$1234567.8", "$1,234,567"),
        ("$12345678901", "$12,345,678,901"),
        ("spent $12.5. Left: $1000", "spent $12.50. Left: $1,000"),
        ("12.3456 hours, 1234 calls", "12.3456 hours, 1234 calls"),
    ],
)
def test_money_is_written_as_people_read_it_and_never_rounded_up(render, written, read):
    alert = {**BUDGET, "labels": {"alertname": "X"}, "annotations": {"summary": written}}
    assert render("agent.subject", alert) == f"[ALERT] {read}"


def test_the_subject_says_how_bad_what_and_whose(render):
    subject = render("agent.subject", BUDGET)
    assert subject == "[CRITICAL] A budget has reached a threshold: payments-month (month) at 100 %"
    assert render("agent.slack.title", BUDGET) == subject


def test_the_subject_of_several_alerts_counts_them(render):
    other = {**BUDGET, "labels": {**BUDGET["labels"], "budget": "search-month"}}
    assert render("agent.subject", BUDGET, other) == "[CRITICAL] 2 alerts, AgentBudgetThreshold"
    assert render("agent.slack.title", BUDGET, other) == "[CRITICAL] 2 alerts, AgentBudgetThreshold"


def test_what_is_over_says_so(render):
    over = {**BUDGET, "status": "resolved"}
    assert render("agent.subject", over).startswith("[RESOLVED] A budget has reached")
    assert "Over since 21 Nov 2026 13:30 UTC" in render("agent.mail.text", over)
    assert render("agent.slack.color", over) == "good"


@pytest.mark.parametrize(
    ("severity", "color"), [("critical", "danger"), ("warning", "warning"), ("info", "#439FE0"), ("none", "#439FE0")]
)
def test_the_colour_in_slack_is_the_severity(render, severity, color):
    assert render("agent.slack.color", {**BUDGET, "labels": {**BUDGET["labels"], "severity": severity}}) == color


def test_a_mail_in_plain_text_has_amounts_whom_since_when_and_both_links(render):
    assert render("agent.mail.text", BUDGET) == (
        "A budget has reached a threshold: payments-month (month) at 100 %\n"
        "Budget payments-month (month) has reached 100 % of its limit: $1,234 of $1,000 spent.\n"
        "Budget: payments-month\n"
        "Period: month\n"
        "Since 21 Nov 2026 12:00 UTC\n"
        "Board: http://localhost:3000/d/agent-budgets?var-budget=payments-month\n"
        "What to do: http://localhost:9464/runbook#AgentBudgetThreshold\n"
        "\n"
        "Silence: http://localhost:9093/#/silences/new?filter=%7Balertname%3D%22AgentBudgetThreshold%22%2C%7D"
    )


def test_a_mail_in_html_says_the_same_and_escapes_what_comes_from_outside(render):
    html = render("agent.mail.html", BUDGET, SPIKE, kind="html")
    assert "$1,234 of $1,000 spent" in html
    assert '<a href="http://localhost:9464/runbook#AgentBudgetThreshold">What to do</a>' in html
    assert '<a href="http://localhost:3000/d/agent-budgets?var-budget=payments-month">Board</a>' in html
    assert "&lt;!channel&gt; &amp; co" in html
    assert "<b>" not in html


def test_a_message_in_slack_links_the_board_and_the_runbook_and_calls_nobody(render):
    text = render("agent.slack.text", BUDGET, SPIKE)
    assert "$1,234 of $1,000 spent" in text
    assert "<http://localhost:3000/d/agent-budgets?var-budget=payments-month|Board>" in text
    assert "<http://localhost:9464/runbook#AgentBudgetThreshold|What to do>" in text
    assert "*An agent spends &lt;b&gt;too much&lt;/b&gt;: &lt;!channel&gt; &amp; co*" in text
    assert "<!channel>" not in text
    assert "<!channel>" not in render("agent.slack.title", SPIKE)


def test_a_title_leads_to_the_board_or_to_alertmanager(render):
    assert render("agent.board", BUDGET) == BUDGET["annotations"]["dashboard_url"]
    assert render("agent.board", SPIKE) == "http://localhost:9093/#/alerts"
