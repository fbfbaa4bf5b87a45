"""The catalogue keeps the promises that names, labels and documents make."""

from __future__ import annotations

import pytest

from exporter.telemetry.catalog import CATALOG, shown_families
from exporter.telemetry.document import metrics_page
from exporter.telemetry.family import COUNTER, CURRENT, OLD, prometheus_name
from exporter.telemetry.gather import Gatherer
from support.fleet_rows import make_fleet
from support.metric_rows import NOW
from support.tools import ROOT

PER_WORK = {"task", "session", "user", "trace_id", "span_id", "conversation_id", "gen_ai_conversation_id"}
by_name = pytest.mark.parametrize("family", CATALOG, ids=lambda family: family.name)


def test_every_name_is_declared_once():
    names = [name for family in CATALOG for name in (family.name, family.otel)]
    assert len(set(names)) == len(names)


@by_name
def test_a_pushed_family_gets_the_name_of_the_scraped_one(family):
    assert prometheus_name(family.otel, family.unit, family.kind) == family.name


@by_name
def test_a_counter_is_called_total_and_nothing_else_is(family):
    assert family.name.endswith("_total") == (family.kind == COUNTER)


@by_name
def test_help_needs_no_escaping_and_ends_without_a_full_stop(family):
    assert family.help
    assert not set(family.help) & set('\\\n"')
    assert not family.help.endswith(".")


@by_name
def test_no_lasting_series_is_labelled_by_a_single_piece_of_work(family):
    allowed = {"task"} if family.name == "agent_task_cost_usd" else set()
    assert not (set(family.label_names) & PER_WORK) - allowed


def test_every_family_has_a_reading_and_every_reading_a_family(sqlite_url):
    database = make_fleet(sqlite_url)
    gatherer = Gatherer(database, version="1", price_books=lambda: [("7", "shipped")], clock_ns=lambda: NOW)
    assert set(gatherer.gather()) == {family.feed for family in CATALOG if family.feed}
    database.close()


@by_name
def test_every_reading_has_as_many_label_values_as_the_family_has_labels(family, fleet_points):
    if family.feed:
        points = fleet_points[family.feed]
        assert {len(labels) for labels in points.labels} <= {len(family.labels)}
        assert len(points.labels) == len(points.values) == len(set(points.labels))


@pytest.fixture(scope="module")
def fleet_points(tmp_path_factory):
    database = make_fleet(f"sqlite:///{tmp_path_factory.mktemp('fleet') / 'ledger.db'}")
    yield Gatherer(database, version="1", price_books=lambda: [("7", "shipped")], clock_ns=lambda: NOW).gather()
    database.close()


@pytest.mark.parametrize(
    ("generations", "shown"),
    [
        ({OLD, CURRENT}, 7),
        ({OLD}, 2),
        ({CURRENT}, 5),
        (set(), 0),
    ],
)
def test_each_generation_of_the_conventions_can_be_switched_off(generations, shown):
    names = [family.name for family in shown_families(generations)]
    assert len([name for name in names if name.startswith("gen_ai_")]) == shown
    assert "agent_cost_usd_total" in names


def test_the_page_about_metrics_is_in_step_with_the_catalogue():
    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == metrics_page(), "make docs writes it"
