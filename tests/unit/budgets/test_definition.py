"""Budgets as people write them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.budgets.definition import SEVERITIES, Budget, Threshold
from exporter.budgets.periods import PERIODS, WEEKDAYS
from exporter.budgets.reading import BUDGET_KEYS, budget_from_mapping, read_budget
from exporter.budgets.scope import SCOPE_FIELDS, format_scope, matches
from exporter.errors import InvalidRequest

SHORTEST = {"id": "payments-month", "limit": "1000 USD", "period": "month"}


def problems_of(**changes):
    source = {**SHORTEST, **changes}
    with pytest.raises(InvalidRequest) as refused:
        budget_from_mapping({key: value for key, value in source.items() if value != "absent"})
    return [f"{problem['key']}: {problem['message']}" for problem in refused.value.details["problems"]]


def test_the_shortest_budget_has_the_documented_defaults():
    assert budget_from_mapping(SHORTEST) == Budget(
        id="payments-month",
        scope={},
        limit=1_000_000_000_000,
        unit="nano_usd",
        period="month",
        timezone="UTC",
        week_start="monday",
        month_day=1,
        thresholds=(Threshold(70, "info"), Threshold(85, "warning"), Threshold(100, "critical")),
    )


def test_own_thresholds_are_sorted_and_get_the_severity_of_their_share():
    budget = budget_from_mapping({**SHORTEST, "thresholds": [100, {"percent": 50, "severity": "warning"}, 85]})
    assert budget.thresholds == (Threshold(50, "warning"), Threshold(85, "warning"), Threshold(100, "critical"))


def test_an_empty_list_of_thresholds_means_none():
    assert budget_from_mapping({**SHORTEST, "thresholds": []}).thresholds == ()


def test_the_document_of_a_budget_is_what_a_file_would_say():
    budget = budget_from_mapping({**SHORTEST, "scope": {"team": "core", "project": " payments "}, "thresholds": [90]})
    assert budget.to_mapping() == {
        "id": "payments-month",
        "scope": {"project": "payments", "team": "core"},
        "limit": "1000 USD",
        "period": "month",
        "timezone": "UTC",
        "week_start": "monday",
        "month_day": 1,
        "thresholds": [{"percent": 90, "severity": "warning"}],
        "include_list_equivalent": False,
    }


texts = st.text(min_size=1, max_size=20).map(str.strip).filter(lambda text: bool(text) and text.isprintable())
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(("1 USD", "day", "UTC")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
budgets = st.builds(
    Budget,
    id=st.from_regex(r"[a-z0-9][a-z0-9-]{0,62}", fullmatch=True),
    scope=st.dictionaries(st.sampled_from(SCOPE_FIELDS), texts),
    limit=st.integers(min_value=1, max_value=2**63 - 1),
    unit=st.sampled_from(("nano_usd", "tokens")),
    period=st.sampled_from(PERIODS),
    timezone=st.sampled_from(("UTC", "Europe/Berlin", "Asia/Kathmandu")),
    week_start=st.sampled_from(WEEKDAYS),
    month_day=st.integers(min_value=1, max_value=31),
    thresholds=st.dictionaries(st.integers(min_value=1, max_value=500), st.sampled_from(SEVERITIES), max_size=5).map(
        lambda found: tuple(Threshold(percent, found[percent]) for percent in sorted(found))
    ),
)


@given(budgets)
def test_a_budget_survives_being_written_as_json_and_read(budget):
    assert budget_from_mapping(json.loads(json.dumps(budget.to_mapping()))) == budget


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"id": "absent"}, "id: missing, expected 1 to 63 of a-z, 0-9 and -, as payments-month"),
        ({"id": "Payments"}, 'id: found "Payments", expected 1 to 63 of a-z, 0-9 and -, as payments-month'),
        ({"id": "-x"}, 'id: found "-x", expected 1 to 63 of a-z, 0-9 and -, as payments-month'),
        (
            {"limit": "absent"},
            'limit: missing, expected an amount above 0 as "1000 USD", "0.50 USD", "2M tokens" or "500k tokens"',
        ),
        (
            {"limit": 1000},
            'limit: found 1000, expected an amount above 0 as "1000 USD", "0.50 USD", "2M tokens" or "500k tokens"',
        ),
        ({"limit": "0.5 tokens"}, 'limit: found "0.5 tokens", expected whole tokens'),
        ({"period": "absent"}, "period: missing, expected one of hour, day, week, month"),
        ({"period": "year"}, 'period: found "year", expected one of hour, day, week, month'),
        ({"timezone": "Berlin"}, 'timezone: found "Berlin", expected an IANA time zone as Europe/Berlin'),
        (
            {"week_start": "mon"},
            'week_start: found "mon", expected one of monday, tuesday, wednesday, thursday, friday, saturday, sunday',
        ),
        ({"month_day": 32}, "month_day: found 32, expected a day of the month, 1 to 31"),
        ({"month_day": True}, "month_day: found true, expected a day of the month, 1 to 31"),
        ({"limits": "1 USD"}, "limits: unknown key, did you mean limit?"),
        ({"scope": {"projct": "a"}}, "scope.projct: unknown key, did you mean project?"),
        ({"scope": {"project": ""}}, 'scope.project: found "", expected a text of 1 to 128 characters'),
        (
            {"scope": {"project": "a\0\ud800"}},
            'scope.project: found "a\\u0000\\ud800", expected a text of 1 to 128 characters',
        ),
        ({"\ud800" * 200: 1}, "\\ud800" * 79 + "…: unknown key, expected one of " + ", ".join(BUDGET_KEYS)),
        ({"scope": {"project": 7}}, "scope.project: found 7, expected a text of 1 to 128 characters"),
        (
            {"scope": "all"},
            'scope: found "all", expected names by ' + ", ".join(SCOPE_FIELDS) + ", or {} for everything",
        ),
        ({"include_list_equivalent": "yes"}, 'include_list_equivalent: found "yes", expected true or false'),
        ({"thresholds": 70}, "thresholds: found 70, expected a list as [70, 85, 100]"),
        ({"thresholds": [70, 70]}, "thresholds: found 70, expected each percentage once"),
        (
            {"thresholds": [0]},
            "thresholds[0]: found 0, expected a percentage as 85, or {percent: 85, severity: warning}",
        ),
        (
            {"thresholds": [70, "high"]},
            'thresholds[1]: found "high", expected a percentage as 85, or {percent: 85, severity: warning}',
        ),
        (
            {"thresholds": [{"percent": 70, "severity": "page"}]},
            'thresholds[0].severity: found "page", expected one of info, warning, critical',
        ),
    ],
)
def test_a_fault_is_named_with_its_key_its_value_and_what_was_expected(changes, expected):
    assert problems_of(**changes) == [expected]


@given(st.dictionaries(st.sampled_from(BUDGET_KEYS) | st.text(max_size=8), json_values, max_size=9))
def test_whatever_json_says_is_a_budget_or_a_refusal_that_can_be_sent(source):
    budget, problems = read_budget(source, "")
    assert (budget is None) == bool(problems)
    assert json.dumps([str(problem) for problem in problems], ensure_ascii=False).encode()


def test_all_faults_are_told_at_once():
    assert [line.partition(":")[0] for line in problems_of(id="A", period="year", month_day=0)] == [
        "id",
        "period",
        "month_day",
    ]


def test_an_unhashable_value_is_refused_like_any_other():
    assert problems_of(period=["month"]) == ['period: found ["month"], expected one of hour, day, week, month']


def shape(**changes):
    return budget_from_mapping({**SHORTEST, **changes}).shape


def test_a_new_limit_or_threshold_leaves_the_shape():
    assert shape(limit="2000 USD", thresholds=[50]) == shape()


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": {"team": "core"}},
        {"limit": "5 tokens"},
        {"period": "day"},
        {"timezone": "Asia/Tokyo"},
        {"month_day": 2},
    ],
)
def test_another_scope_unit_or_calendar_is_another_shape(changes):
    assert shape(**changes) != shape()


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({}, True),
        ({"project": "payments"}, True),
        ({"project": "payments", "agent": "reviewer"}, True),
        ({"project": "payments", "agent": "writer"}, False),
        ({"project": "pay"}, False),
        ({"task": "T-1"}, False),
    ],
)
def test_a_scope_covers_the_calls_that_have_all_its_values(scope, covered):
    call = {
        "project": "payments",
        "team": "core",
        "agent": "reviewer",
        "model": "gpt-6-sol",
        "task": "",
        "environment": "",
    }
    assert matches(scope, call) is covered


def test_a_scope_is_labelled_in_the_order_of_its_fields():
    assert format_scope({"model": "m", "project": "p"}) == "project=p,model=m"
    assert format_scope({}) == ""


def test_whether_flat_plans_count_is_another_shape_and_survives_the_document():
    asking = budget_from_mapping({**SHORTEST, "include_list_equivalent": True})
    assert asking.include_list_equivalent
    assert asking.shape != budget_from_mapping(SHORTEST).shape
    assert budget_from_mapping(asking.to_mapping()) == asking
