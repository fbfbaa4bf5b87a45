"""Shipped configuration moved to another machine: what changes, and that nothing else does."""

from __future__ import annotations

import pytest

from scripts.stack.addresses import SHIPPED, Ports, address_moves
from scripts.stack.rewriting import move_texts, read_document, root_paths, texts_of, write_document

PORTS = Ports(1, 2, 3, 4, 5, 6, 7)


@pytest.mark.parametrize(
    ("shipped", "moved"),
    [
        ("exporter:9464", "127.0.0.1:1"),
        ("http://exporter:9464/v1/traces", "http://127.0.0.1:1/v1/traces"),
        ("http://localhost:9464", "http://127.0.0.1:1"),
        ("0.0.0.0:4317", "127.0.0.1:2"),
        ("${env:OTLP_HTTP:-0.0.0.0:4318}", "${env:OTLP_HTTP:-127.0.0.1:3}"),
        ("otel-collector:13133", "127.0.0.1:4"),
        ("otel-collector:8888", "127.0.0.1:5"),
        ("localhost:9090", "127.0.0.1:6"),
        ("alertmanager:9093", "127.0.0.1:7"),
    ],
)
def test_an_address_of_the_compose_stack_moves_to_its_own_port(shipped, moved):
    assert move_texts(shipped, address_moves(PORTS)) == moved


@pytest.mark.parametrize(
    "text", ["agent-exporter:9464", "exporter:94640", "exporter:9090", "my.exporter:9464", "exporter", "grafana:3000"]
)
def test_what_only_looks_like_such_an_address_stays(text):
    assert move_texts(text, address_moves(PORTS)) == text


def test_the_default_ports_move_the_host_only():
    assert move_texts("exporter:9464", address_moves(SHIPPED)) == "127.0.0.1:9464"


def test_the_longer_of_two_paths_wins_and_a_path_is_moved_as_a_whole():
    moves = {"/etc/am": "/here", "/etc/am/secrets": "/there"}
    assert move_texts(["/etc/am/a", "/etc/am/secrets/b", "/etc/amber"], moves) == ["/here/a", "/there/b", "/etc/amber"]


def test_texts_are_moved_wherever_they_stand_and_keys_and_other_values_stay():
    document = {"exporter:9464": [{"a": "exporter:9464"}], "b": 9464, "c": True, "d": None}
    moved = {"exporter:9464": [{"a": "127.0.0.1:1"}], "b": 9464, "c": True, "d": None}
    assert move_texts(document, address_moves(PORTS)) == moved


def test_paths_beside_the_shipped_file_become_absolute(tmp_path):
    document = {
        "rule_files": ["rules/*.yml", "/abs/*.yml"],
        "receivers": [{"url_file": "secrets/url", "url": "secrets/url"}],
    }
    assert root_paths(document, tmp_path) == {
        "rule_files": [f"{tmp_path}/rules/*.yml", "/abs/*.yml"],
        "receivers": [{"url_file": f"{tmp_path}/secrets/url", "url": "secrets/url"}],
    }


def test_a_file_keeps_what_yaml_1_1_would_turn_into_numbers_and_dates(tmp_path):
    written = tmp_path / "a.yml"
    written.write_text("times: [17:00, 2026-11-21, 0123, 1_000]\nnumbers: [8888, 0.8, -3]\nswitch: true\nnothing:\n")
    document = read_document(written)
    assert document == {
        "times": ["17:00", "2026-11-21", "0123", "1_000"],
        "numbers": [8888, 0.8, -3],
        "switch": True,
        "nothing": None,
    }
    assert read_document(write_document(tmp_path / "b" / "b.yml", document)) == document
    assert list(texts_of(document)) == ["17:00", "2026-11-21", "0123", "1_000"]
