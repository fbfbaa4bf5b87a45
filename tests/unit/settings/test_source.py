"""YAML to plain values: the 1.2 core schema, exact decimals, lines."""

from decimal import Decimal

import pytest

from exporter.errors import ConfigError
from exporter.settings.source import parse_document


def value_of(text):
    return parse_document(f"key: {text}\n", "a.yml").values["key"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("10_000", 10_000),
        ("010", 10),
        ("0.1", Decimal("0.1")),
        ("1e3", Decimal("1e3")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("off", "off"),
        ("no", "no"),
        ("2026-11-21", "2026-11-21"),
        ("0x10", "0x10"),
        ("12:30", "12:30"),
        (".inf", ".inf"),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("127.0.0.1:4318", "127.0.0.1:4318"),
        ("[a, 1]", ["a", 1]),
        ("{a: {b: 0.5}}", {"a": {"b": Decimal("0.5")}}),
    ],
)
def test_a_scalar_is_what_yaml_1_2_says(text, value):
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


def test_an_anchor_may_be_used_again():
    document = parse_document("a: &limits [70, 85]\nb: *limits\n", "a.yml")
    assert document.values == {"a": [70, 85], "b": [70, 85]}


def test_a_merge_key_is_a_key_like_any_other():
    assert parse_document("a: {<<: {b: 1}}\n", "a.yml").values == {"a": {"<<": {"b": 1}}}


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("a", 1),
        ("budgets[0].id", 3),
        ("budgets[0].scope.project", 4),
        ("budgets[0].limit", 3),
        ("elsewhere", None),
        ("", None),
    ],
)
def test_a_key_is_found_in_its_line_or_in_that_of_what_is_around_it(key, line):
    text = "a: 1\nbudgets:\n  - id: x\n    scope: {project: p}\n"
    assert parse_document(text, "a.yml").line_of(key) == line


def test_a_number_that_its_tag_cannot_read_is_refused():
    with pytest.raises(ConfigError) as refused:
        value_of("!!int four")
    assert refused.value.message == "a.yml:1: key: four is not a value of the tag tag:yaml.org,2002:int"


def test_a_control_character_is_refused():
    with pytest.raises(ConfigError) as refused:
        value_of("\x00")
    assert (
        refused.value.message
        == "a.yml: not valid YAML: unacceptable character #x0000: special characters are not allowed"
    )
