"""The shipped configuration files as the native stack runs them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from scripts.stack.addresses import SERVICES, SHIPPED, Ports
from scripts.stack.configuration import (
    ALERTMANAGER_FILE,
    COLLECTOR_FILE,
    EXPORTER_FILE,
    PROMETHEUS_FILE,
    Choices,
    Pace,
    Place,
    alertmanager_configuration,
    collector_environment,
    exporter_configuration,
    prometheus_configuration,
)
from scripts.stack.preparing import MAKE_SECRETS
from scripts.stack.rewriting import read_document, texts_of, write_document

SHIPPED_FILES = {
    "exporter": (exporter_configuration, EXPORTER_FILE),
    "prometheus": (prometheus_configuration, PROMETHEUS_FILE),
    "alertmanager": (alertmanager_configuration, ALERTMANAGER_FILE),
}
PORTS = Ports(20_001, 20_002, 20_003, 20_004, 20_005, 20_006, 20_007)
PACE = Pace(scrape="1s", evaluation="2s", group_wait="3s", group_interval="4s")
ONLY_THERE = "|".join({*SERVICES.values(), "grafana", "tempo", "postgres"})
OF_CONTAINERS = re.compile(rf"0\.0\.0\.0|localhost|(?<![\w.-])(/etc|/run|/var)/|\b({ONLY_THERE}):\d")
"""Hosts and folders that exist in compose only."""


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "stack", PORTS, receiver_secrets=tmp_path / "receivers")


def rewritten(program, place, choices=None):
    rewrite, path = SHIPPED_FILES[program]
    return rewrite(read_document(path), place, choices or Choices())


@pytest.mark.parametrize("program", SHIPPED_FILES)
def test_nothing_of_the_containers_is_left(program, place):
    left = [text for text in texts_of(rewritten(program, place)) if OF_CONTAINERS.search(text)]
    assert [text for text in left if text != "http://localhost:3000"] == []


@pytest.mark.parametrize("program", SHIPPED_FILES)
def test_only_hosts_ports_and_paths_change(program, place):
    shipped = read_document(SHIPPED_FILES[program][1])
    before, after = list(leaves(shipped)), list(leaves(rewritten(program, place)))
    assert [key for key, _ in before] == [key for key, _ in after]
    changed = [old for (_, old), (_, new) in zip(before, after, strict=True) if old != new]
    assert changed
    ports = "|".join(map(str, SHIPPED))
    assert [old for old in changed if not re.search(rf":({ports})\b|/", old)] == []


def leaves(document, key=()):
    """Every value of a document with the keys that lead to it."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from leaves(value, (*key, name))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from leaves(value, (*key, number))
    else:
        yield key, document


def test_prometheus_takes_what_is_made_of_its_file(place, tool):
    subprocess.run([MAKE_SECRETS, place.secrets], check=True, capture_output=True)
    path = write_document(place.configuration("prometheus"), rewritten("prometheus", place, Choices(pace=PACE)))
    checked = subprocess.run([tool("promtool"), "check", "config", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "rules found" in checked.stdout


def test_alertmanager_takes_what_is_made_of_its_file(place, tool):
    choices = Choices(pace=PACE, receiver="webhook")
    path = write_document(place.configuration("alertmanager"), rewritten("alertmanager", place, choices))
    checked = subprocess.run([tool("amtool"), "check-config", path], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_links_in_alerts_lead_to_the_exporter_of_this_stack(place):
    links = rewritten("prometheus", place)["global"]["external_labels"]
    assert links["exporter_url"] == "http://127.0.0.1:20001"


def test_prometheus_scrapes_this_stack_with_its_token(place):
    jobs = {job["job_name"]: job for job in rewritten("prometheus", place)["scrape_configs"]}
    assert {name: job["static_configs"][0]["targets"] for name, job in jobs.items()} == {
        "agent-exporter": ["127.0.0.1:20001"],
        "otel-collector": ["127.0.0.1:20005"],
        "prometheus": ["127.0.0.1:20006"],
        "alertmanager": ["127.0.0.1:20007"],
    }
    assert jobs["agent-exporter"]["authorization"]["credentials_file"] == str(place.secrets / "read")


def test_a_job_of_a_service_that_only_compose_runs_is_left_out(place):
    shipped = {
        "scrape_configs": [
            {"job_name": "grafana", "static_configs": [{"targets": ["grafana:3000"]}]},
            {"job_name": "agent-exporter", "static_configs": [{"targets": ["exporter:9464"]}]},
            {"job_name": "discovered", "file_sd_configs": [{"files": ["targets/*.yml"]}]},
        ]
    }
    made = prometheus_configuration(shipped, place, Choices())
    assert [job["job_name"] for job in made["scrape_configs"]] == ["agent-exporter", "discovered"]


def test_a_quicker_pace_replaces_every_interval_of_prometheus(place):
    shipped = {
        "global": {"scrape_interval": "15s", "external_labels": {"a": "b"}},
        "scrape_configs": [{"job_name": "own", "scrape_interval": "1m"}, {"job_name": "common"}],
    }
    assert prometheus_configuration(shipped, place, Choices(pace=PACE)) == {
        "global": {
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "evaluation_interval": "2s",
            "external_labels": {"a": "b"},
        },
        "scrape_configs": [
            {"job_name": "own", "scrape_interval": "1s", "scrape_timeout": "1s"},
            {"job_name": "common"},
        ],
    }


def test_a_quicker_pace_holds_on_every_route_and_repeats_stay(place):
    shipped = {"route": {"receiver": "screen", "routes": [{"group_wait": "10m", "repeat_interval": "1h"}]}}
    assert alertmanager_configuration(shipped, place, Choices(pace=PACE)) == {
        "route": {
            "receiver": "screen",
            "group_wait": "3s",
            "group_interval": "4s",
            "routes": [{"group_wait": "3s", "group_interval": "4s", "repeat_interval": "1h", "routes": []}],
        }
    }


def test_a_chosen_receiver_is_told_and_the_dead_mans_switch_keeps_its_own(place):
    shipped = read_document(ALERTMANAGER_FILE)["route"]
    made = rewritten("alertmanager", place, Choices(receiver="webhook"))["route"]
    assert made["receiver"] == "webhook"
    assert made["routes"] == shipped["routes"]


def test_sections_of_the_exporters_configuration_can_be_replaced(place):
    made = rewritten("exporter", place, Choices(exporter={"budgets": []}))
    assert made["budgets"] == []
    assert made["listen"] == "127.0.0.1:20001"
    assert {Path(token["file"]).parent for token in made["tokens"]} == {place.secrets}


def test_the_collector_is_told_every_place_that_its_file_leaves_open(place):
    variables = dict(re.findall(r"\$\{env:(\w+):-([^}]*)\}", COLLECTOR_FILE.read_text()))
    of_containers = {name for name, default in variables.items() if OF_CONTAINERS.search(default)}
    given = collector_environment(place)
    assert of_containers | {"COLLECTOR_METRICS_PORT"} == given.keys()
    assert [text for text in given.values() if OF_CONTAINERS.search(text)] == []
