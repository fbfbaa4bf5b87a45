"""The shipped rules as data."""

from __future__ import annotations

import pytest

from scripts.replay.rules import Recording, levels_of, names_in, read_rules, seconds_of, sources_of
from support.tools import ROOT

RULES = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))


def recording(name, expression):
    return Recording(name, expression, {})


def test_each_level_reads_what_earlier_ones_recorded():
    rules = [recording("c:x", "b:x + a:x"), recording("b:x", "sum(a:x)"), recording("a:x", "rate(x[5m])")]
    assert [[one.name for one in level] for level in levels_of(rules)] == [["a:x"], ["b:x"], ["c:x"]]


def test_rules_that_read_one_another_are_an_error():
    with pytest.raises(ValueError, match="a:x, b:x"):
        levels_of([recording("a:x", "b:x"), recording("b:x", "a:x")])


def test_matchers_and_texts_name_no_metric():
    assert names_in('label_replace(up{job="a:b"} == 1, "c:d", "x", "", "")') == {"label_replace", "up"}


def test_sources_go_through_recordings():
    rules = [recording("a:x", "rate(base_total[5m])"), recording("b:x", "a:x * 2")]
    assert "base_total" in sources_of("b:x > 1", rules)


@pytest.mark.parametrize(("text", "seconds"), [("0s", 0), ("90s", 90), ("1h30m", 5_400), ("1w", 604_800)])
def test_durations_are_seconds(text, seconds):
    assert seconds_of(text) == seconds


def test_the_shipped_rules_have_an_order_and_every_alert_a_severity():
    rules = read_rules(RULES)
    assert sum(map(len, levels_of(rules.recordings))) == len(rules.recordings) > 20
    assert {alert.severity for alert in rules.alerts} == {"info", "warning", "critical", "none"}
