"""The policy: read from a file, written as a document, read back equal."""

import json

import pytest

from exporter.errors import ConfigError
from exporter.settings.policy import EMPTY_POLICY, POLICY_KEYS, FlatPlan, Rule, policy_digest
from exporter.settings.sections import policy_from_document, read_policy
from exporter.settings.source import parse_document

FULL = """
projects: {payments: {owner: anna, team: core}, search: }
teams: [core, discovery]
attributes: {project: [app.project, project.id], team: squad, geo: [cloud.geo]}
rules:
  - when: {service.name: claude-code, host.name: ci-1}
    set: {team: platform}
tiers: {agents: {reviewer: premium}, models: {gpt-6-sol: premium}}
budgets:
  - {id: b, scope: {project: payments}, limit: 1000 USD, period: month, timezone: Europe/Berlin}
  - {id: a, limit: 2M tokens, period: hour, thresholds: [50]}
prices:
  - {model: house-llama, layer: self_hosted, usd_per_million: {input: 0.2, output: 0.6}}
  - {model: gpt-6-sol, percent_of_list: 85, from: 2026-11-01}
price_context:
  - {when: {service.name: claude-code}, set: {geo: us, org: acme}}
list_equivalent:
  - when: {service.name: claude-code, plan: team}
  - {dialect: claude_code}
  - {dialect: codex, when: {service.name: codex}}
"""


def policy_of(text):
    policy, problems = read_policy(parse_document(text, "a.yml").values)
    assert problems == []
    return policy


def test_every_section_is_read():
    policy = policy_of(FULL)
    assert policy.projects == {"payments": {"owner": "anna", "team": "core"}, "search": {}}
    assert policy.teams == {"core": {}, "discovery": {}}
    assert policy.attributes == {"project": ("app.project", "project.id"), "team": ("squad",), "geo": ("cloud.geo",)}
    assert policy.rules == (Rule({"service.name": "claude-code", "host.name": "ci-1"}, {"team": "platform"}),)
    assert policy.agent_tiers == {"reviewer": "premium"}
    assert policy.model_tiers == {"gpt-6-sol": "premium"}
    assert [(budget.id, budget.limit, budget.unit) for budget in policy.budgets] == [
        ("b", 1000 * 10**9, "nano_usd"),
        ("a", 2_000_000, "tokens"),
    ]
    assert [(row.layer, row.model) for row in policy.prices] == [
        ("self_hosted", "house-llama"),
        ("override", "gpt-6-sol"),
    ]
    assert dict(policy.prices[0].rates) == {"input": 200_000, "output": 600_000}
    assert policy.price_context == (Rule({"service.name": "claude-code"}, {"geo": "us", "org": "acme"}),)
    assert policy.list_equivalent == (
        FlatPlan({"service.name": "claude-code", "plan": "team"}),
        FlatPlan({}, "claude_code"),
        FlatPlan({"service.name": "codex"}, "codex"),
    )


def test_a_policy_survives_the_database():
    policy = policy_of(FULL)
    assert policy_from_document(policy.to_document()) == policy
    assert policy_from_document(EMPTY_POLICY.to_document()) == EMPTY_POLICY


def test_the_document_does_not_depend_on_the_order_or_the_spelling_of_the_file():
    one = policy_of("tiers: {agents: {a: x, b: y}}\nbudgets: [{id: a, limit: 1.50 USD, period: day}]\n")
    other = policy_of(
        "budgets: [{period: day, limit: 1.5 USD, id: a, timezone: UTC, scope: {}, thresholds: [100, 85, 70]}]\n"
        "tiers: {agents: {b: y, a: x}}\nprojects: []\n"
    )
    assert one.to_document() == other.to_document()
    assert policy_digest(one) == policy_digest(other)


def test_another_limit_is_another_digest():
    one = policy_of("budgets: [{id: a, limit: 1 USD, period: day}]\n")
    other = policy_of("budgets: [{id: a, limit: 2 USD, period: day}]\n")
    assert policy_digest(one) != policy_digest(other)


def test_the_document_is_plain_json_of_the_sections_of_a_file():
    document = json.loads(policy_of("teams: [core]\n").to_document())
    assert document == {
        "projects": {},
        "teams": {"core": {}},
        "attributes": {},
        "rules": [],
        "tiers": {"agents": {}, "models": {}},
        "budgets": [],
        "prices": [],
        "price_context": [],
        "list_equivalent": [],
    }


def test_a_document_that_this_version_cannot_use_says_why():
    with pytest.raises(ConfigError) as refused:
        policy_from_document('{"budgets": [{"id": "a", "limit": "1 USD", "period": "year"}], "gates": []}')
    assert refused.value.message.splitlines() == [
        "applied configuration: gates: unknown key, expected one of " + ", ".join(POLICY_KEYS),
        'applied configuration: budgets[0].period: found "year", expected one of hour, day, week, month',
    ]


@pytest.mark.parametrize(
    ("written", "key", "expected"),
    [
        ("[{}]", "list_equivalent[0]", "{when: {service.name: claude-code}}"),
        ("[{when: {}}]", "list_equivalent[0].when", "at least one attribute"),
        ("[{when: {}, dialect: codex}]", "list_equivalent[0].when", "at least one attribute"),
        ("[{dialect: klingon}]", "list_equivalent[0].dialect", "`agent-exporter dialects`"),
        ("[{service.name: coder}]", "list_equivalent[0].service.name", "unknown key"),
        ("{dialect: codex}", "list_equivalent", "a list of"),
    ],
)
def test_a_flat_plan_that_names_no_source_is_refused(written, key, expected):
    _, problems = read_policy(parse_document(f"list_equivalent: {written}\n", "a.yml").values)
    found = [problem for problem in problems if problem.key == key]
    assert expected in str(found[0])
