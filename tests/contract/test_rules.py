"""prometheus/: valid for the real promtool, and each alert tested, documented and linked."""

from __future__ import annotations

import re
import subprocess

import click
import pytest
import yaml

from exporter.cli.main import cli
from exporter.intake.reasons import OF_BODIES, OF_LOGS, OF_POINTS, OF_SPANS
from support import rules
from support.rules import CONFIG, PROMETHEUS, RULE_FILES, RUNBOOK, TEST_FILES, Rule, all_groups, all_rules, judge

RULES = all_rules()
ALERTS = sorted({rule.name for rule in RULES if rule.alert})
PARTS = ["Meaning", "Impact", "Look", "Act"]


@pytest.fixture
def promtool(tool):
    program = tool("promtool")

    def run(*arguments):
        return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)

    return run


# ------------------------------------------------------------------------------------------- by promtool
def test_the_configuration_is_valid_with_the_rules_that_it_names(promtool, tmp_path):
    (tmp_path / "read").write_text("token")
    config = CONFIG.read_text().replace("/etc/prometheus/rules", str(PROMETHEUS / "rules"))
    config = config.replace("/run/agent-exporter/secrets", str(tmp_path))
    (tmp_path / "prometheus.yml").write_text(config)
    checked = promtool("check", "config", "--lint=all", "--lint-fatal", tmp_path / "prometheus.yml")
    assert checked.returncode == 0, checked.stderr
    assert f"{len(RULE_FILES)} rule files found" in checked.stdout


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_promtool_finds_nothing_to_blame_in(path, promtool):
    checked = promtool("check", "rules", "--lint=all", "--lint-fatal", path)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_the_unit_tests_of_the_rules_pass(path, promtool):
    tested = promtool("test", "rules", path)
    assert tested.returncode == 0, tested.stdout + tested.stderr


# ---------------------------------------------------------------------------------------- the configuration
def test_links_have_their_addresses_from_external_labels_that_no_alert_keeps():
    config = yaml.safe_load(CONFIG.read_text())
    used = {name for rule in RULES for text in rule.annotations.values() for name in _external_labels(text)}
    assert set(config["global"]["external_labels"]) == used
    (dropping,) = config["alerting"]["alert_relabel_configs"]
    assert dropping["action"] == "labeldrop"
    assert all(re.fullmatch(dropping["regex"], name) for name in (*used, "replica"))
    assert not any(re.fullmatch(dropping["regex"], name) for name in ("severity", "budget", "instance", "job"))


def test_jobs_are_those_that_rules_ask_for_and_intervals_keep_series_alive():
    config = yaml.safe_load(CONFIG.read_text())
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert set(jobs) == {"agent-exporter", "otel-collector", "prometheus", "alertmanager"}
    assert {name for rule in RULES for name in re.findall(r'\bjob="([^"]+)"', rule.expr)} <= set(jobs)
    intervals = [config["global"]["scrape_interval"], config["global"]["evaluation_interval"]]
    intervals += [job["scrape_interval"] for job in jobs.values() if "scrape_interval" in job]
    assert intervals == ["15s", "15s"]


def test_the_exporter_is_scraped_with_a_token_and_within_limits():
    config = yaml.safe_load(CONFIG.read_text())
    job = next(job for job in config["scrape_configs"] if job["job_name"] == "agent-exporter")
    assert job["authorization"] == {"type": "Bearer", "credentials_file": "/run/agent-exporter/secrets/read"}
    assert job["metric_name_validation_scheme"] == "legacy"
    assert job["metric_name_escaping_scheme"] == "underscores"
    # The scope of a budget joins six values of 128 characters; a name counts towards the limit too.
    assert job["label_value_length_limit"] >= 6 * (128 + len("environment=,"))


# ------------------------------------------------------------------------------------------------ the rules
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.topic}-{rule.name}-{rule.labels.get('severity', '')}")
def test_nothing_is_wrong_with_the_rule(rule):
    assert judge(rule) == []


def test_each_file_holds_one_group_of_its_name_and_no_interval_of_its_own():
    for name, group in all_groups():
        assert name in {f"{group['name']}.alerts.yml", f"{group['name']}.recording.yml"}
        assert "interval" not in group
    assert [name for name, _ in all_groups()] == [path.name for path in RULE_FILES]


def test_no_two_rules_are_the_same():
    assert len({(rule.name, rule.expr) for rule in RULES}) == len(RULES)
    recorded = [rule.name for rule in RULES if not rule.alert]
    assert len(set(recorded)) == len(recorded)


def test_every_counter_of_the_ledger_is_watched_for_falling():
    (rule,) = (rule for rule in RULES if rule.name == "AgentCounterFell")
    assert rules.metric_names(rule.tree) == rules.ledger_counters()
    told = re.findall(r'resets\((\w+)\[15m\]\)\), "family", "(\w+)"', rule.expr)
    assert len(told) == len(rules.ledger_counters())
    assert all(family == name for family, name in told)


def test_money_is_written_the_same_way_in_every_description():
    texts = {}
    for rule in RULES:
        found = re.findall(
            r'\{\{-? define "(\w+)" -?\}\}(.*?)\{\{- end -\}\}', rule.annotations.get("description", ""), re.DOTALL
        )
        for name, text in found:
            texts.setdefault(name, set()).add(text)
    assert {name: len(variants) for name, variants in texts.items()} == {"usd": 1, "standing": 1}


def test_the_job_that_shows_whether_jobs_run_is_one_of_ours():
    source = (rules.ROOT / "exporter" / "jobs.py").read_text()
    (watched,) = re.findall(r'exported_job="(\w+)"', next(r for r in RULES if r.name == "AgentExporterJobStalled").expr)
    assert f'Job("{watched}", PRUNE_EVERY_NS' in source


# --------------------------------------------------------------------------------------- the checks themselves
def broken(expr, **changes):
    links = {
        "summary": "It broke",
        "description": "{{ humanize $value }} of it broke",
        "runbook_url": "{{ $externalLabels.exporter_url }}/runbook#AgentBroke",
        "dashboard_url": "{{ $externalLabels.grafana_url }}/d/agent-cost",
    }
    given = {"labels": {"severity": "warning"}, "annotations": links | changes.pop("annotations", {})}
    return Rule(topic="broken", name=changes.pop("name", "AgentBroke"), expr=expr, **(given | changes))


SOUND = "max without (instance) (increase(agent_cost_usd_total[1h])) > 2"


def test_a_sound_rule_is_not_blamed():
    assert judge(broken(SOUND)) == []


@pytest.mark.parametrize(
    ("rule", "finding"),
    [
        (broken("max without (instance) (agent_costs_usd_total) > 2"), "unknown metric agent_costs_usd_total"),
        (broken("budget:agent_budget_utilization:ratio > 2"), "unknown metric budget:agent_budget_utilization:ratio"),
        (broken("sum(rate(agent_exporter_inflight_bytes[5m])) > 2"), "rate() of agent_exporter_inflight_bytes, which is no counter"),
        (broken("rate(sum(agent_exporter_received_total)[5m:1m]) > 2"), "rate() of something else than a series"),
        (broken("sum(rate(agent_exporter_received_total[30s])) > 2"), "rate() over less than four scrapes"),
        (broken("max without (instance) (predict_linear(agent_budget_spent_usd[1h], 3600)) > 2"), "predict_linear() is wrong where a period ends"),
        (broken("sum(increase(agent_cost_usd_total[1h])) > 2"), "agent_cost_usd_total is not collapsed over replicas"),
        (broken("max without (instance) (agent_budget_spent_usd)"), "yields more than what passed a comparison"),
        (broken("up == 0 or up"), "yields more than what passed a comparison"),
        (broken("up unless up > 0"), "yields more than what passed a comparison"),
        (broken("up > bool 0"), "yields more than what passed a comparison"),
        (broken(SOUND, labels={"severity": "warning", "value": "{{ $value }}"}), "has other labels than severity"),
        (broken(SOUND, labels={"severity": "none"}), "has severity none"),
        (broken(f"topk(3, {SOUND}) > 0"), "ranks with topk"),
        (broken(SOUND, annotations={"summary": "{{ $value }} broke"}), "has a value in its summary"),
        (broken(SOUND, annotations={"description": "{{ $value }} broke"}), "shows a bare value"),
        (broken(SOUND, annotations={"description": '{{ with query (printf "agent_gone%s" $x) }}{{ end }}'}), "unknown metric agent_gone"),
        (broken(SOUND, annotations={"dashboard_url": "{{ $externalLabels.grafana_url }}/d/mine"}), "links to no board of ours"),
        (broken(SOUND, annotations={"runbook_url": "{{ $externalLabels.exporter_url }}/runbook#Else"}), "links to another heading"),
        (broken('absent(up{job="agent-exporter"}) == 1', wait="15s"), "has absent() without for"),
        (broken(SOUND, keeps_firing="15m"), "keeps firing"),
        (broken("up == 0 and budget:agent_budget_seconds_left:max > 900", keeps_firing="16m", earlier=frozenset({"budget:agent_budget_seconds_left:max"})), "keeps firing"),
        (broken(SOUND, name="agent_broke", annotations={"runbook_url": "{{ $externalLabels.exporter_url }}/runbook#agent_broke"}), "is named otherwise than the rest"),
        (broken(SOUND, name="budget:cost", alert=False), "is named otherwise than the rest"),
    ],
)  # fmt: skip
def test_a_rule_is_blamed_for(rule, finding):
    assert judge(rule) == [finding]


# ------------------------------------------------------------------------------------------ tests of alerts
def test_every_alert_is_seen_firing_with_its_text_and_quiet_nearby():
    seen = {name: _cases(name) for name in ALERTS}
    assert {name for name, (firing, _) in seen.items() if not firing} == set()
    # The watchdog is never quiet.
    assert {name for name, (_, quiet) in seen.items() if not quiet} == {"Watchdog"}


def test_every_firing_case_compares_all_annotations():
    expected = [alert for _, case in _alert_cases() for alert in case["exp_alerts"]]
    assert len(expected) >= len(ALERTS)
    assert [alert for alert in expected if set(alert["exp_annotations"]) != rules.ANNOTATIONS] == []


def test_every_test_file_fixes_the_order_of_groups_and_the_links():
    for path in TEST_FILES:
        tests = yaml.safe_load(path.read_text())
        assert tests["group_eval_order"], path.name
        assert all(set(group["external_labels"]) == {"exporter_url", "grafana_url"} for group in tests["tests"]), (
            path.name
        )


@pytest.mark.parametrize("what", ["period reset", "limit of 0", "two replicas", "tokens"])
def test_budget_alerts_are_tested_with(what):
    texts = {path.name: path.read_text() for path in TEST_FILES if path.name.startswith("budgets_")}
    signs = {
        "period reset": r"values: '\d+x\d+ 0x|0\+0\.5x287 0\+|1x\d+ 0x20",
        "limit of 0": r"agent_budget_limit_usd\{[^}]+\}', values: '0x",
        "two replicas": r'instance="b"',
        "tokens": r"agent_budget_spent_tokens",
    }
    without = [name for name, text in texts.items() if not re.search(signs[what], text)]
    # A burn counts what never resets, so one file shows it for all.
    assert without == (["budgets_slow_burn_test.yml"] if what in {"period reset", "limit of 0"} else [])


# ---------------------------------------------------------------------------------------------- the runbook
def test_the_runbook_has_a_heading_for_each_alert_and_for_nothing_else():
    assert sorted(re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE)) == ALERTS


@pytest.mark.parametrize("alert", ALERTS)
def test_the_runbook_says_what_it_means_what_it_does_where_to_look_and_what_to_do(alert):
    assert re.findall(r"^\*\*(\w+)\.\*\*", _section(alert), re.MULTILINE) == PARTS


def test_every_metric_of_the_runbook_exists():
    known = rules.known_names() | {rule.name for rule in RULES if not rule.alert}
    queries = re.findall(r"^```promql\n(.+?)^```", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    assert len(queries) >= 10
    named = set().union(*(rules.metric_names(rules.promql.parse(query)) for query in queries))
    assert sorted(named - known - {"ALERTS"}) == []


def test_every_command_of_the_runbook_exists():
    group = click.Context(cli)
    called = [words.split() for words in re.findall(r"agent-exporter ((?:[a-z-]+ ?)+)", RUNBOOK.read_text())]
    assert len(called) >= 10
    for first, *rest in called:
        command = cli.get_command(group, first)
        assert command is not None, first
        assert not isinstance(command, click.Group) or rest[0] in command.commands, rest


def test_the_runbook_explains_every_reason_of_a_refusal():
    assert set(re.findall(r"`([a-z_]+)`", _section("AgentIntakeRejected"))) >= {
        *OF_SPANS,
        *OF_LOGS,
        *OF_POINTS,
        *OF_BODIES,
    }


def test_the_readme_lists_every_alert_with_its_severities():
    readme = (PROMETHEUS / "README.md").read_text()
    listed = dict(re.findall(r"^\| `(\w+)` \| ([a-z, ]+) \|", readme, re.MULTILINE))
    severities = {}
    for rule in RULES:
        if rule.alert:
            severities.setdefault(rule.name, []).append(rule.labels["severity"])
    assert {name: text.split(", ") for name, text in listed.items()} == severities


# ------------------------------------------------------------------------------------------------ reading
def _external_labels(text):
    return re.findall(r"\$externalLabels\.(\w+)", text)


def _groups():
    for path in TEST_FILES:
        yield from yaml.safe_load(path.read_text())["tests"]


def _alert_cases():
    for group in _groups():
        for case in group.get("alert_rule_test", []):
            yield case["alertname"], case


def _cases(alert):
    """How often tests see the alert firing with its text, and how often quiet."""
    cases = [case for name, case in _alert_cases() if name == alert]
    firing = sum(bool(case["exp_alerts"]) for case in cases)
    return firing, len(cases) - firing


def _section(alert):
    return RUNBOOK.read_text().partition(f"## {alert}\n")[2].partition("\n## ")[0]
