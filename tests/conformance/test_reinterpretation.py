"""What was just read is read again as the same: the evidence that is kept of recorded telemetry is enough."""

from __future__ import annotations

from collections import Counter

import pytest
from conformance.recordings import load, recorded_names

from exporter.configuration import build_book, policy_in_force
from exporter.ledger.config_store import latest_versions
from exporter.reinterpretation import Chosen, can_reinterpret, read_chosen
from exporter.views.explain import Asked, explain
from exporter.views.reinterpretation import survey
from support.workers import SECOND, WholeWorker

NOW = 1_795_400_000 * SECOND
EVERYTHING = Chosen()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A ledger of all recordings."""
    folder = tmp_path_factory.mktemp("recorded")
    whole = WholeWorker(f"sqlite:///{folder}/ledger.db", folder, {}, NOW, AGENT_EXPORTER_ACCEPT_AGE="unlimited")
    for name in recorded_names():
        for request in load(name).requests:
            answer = whole.client.post(request.path, data=request.body, content_type=request.content_type)
            assert answer.status_code == 200, answer.data
    yield whole
    whole.close()


def book_of(connection):
    return build_book(connection, policy_in_force(connection, latest_versions(connection)[0]))


def test_every_recorded_record_is_read_again_as_it_is_booked(ledger):
    with ledger.database.read() as connection:
        found = survey(connection, book_of(connection), EVERYTHING, shown=20)
    assert found["examined"] > 500
    assert found["examples"] == []
    assert found["differing"] == 0


def test_enough_is_kept_of_every_record_but_points_of_metrics(ledger):
    with ledger.database.read() as connection:
        rows = read_chosen(connection, EVERYTHING, after=0)
    kept = Counter((row["d_signal"], can_reinterpret(row)) for row in rows)
    assert {signal for signal, can in kept if not can} <= {"metric"}


def test_every_recorded_trace_can_be_explained_and_its_products_add_up(ledger):
    from exporter.configuration import books_by_age

    with ledger.database.read() as connection:
        traces = {bytes(row["trace_id"]) for row in read_chosen(connection, EVERYTHING, after=0)}
        explained = [
            record
            for trace_id in sorted(traces)
            for record in explain(connection, Asked(trace_id), books_by_age)["data"]
        ]
    assert explained
    for record in explained:
        price, verdict = record["price"], record["verdict"]
        if price["components"]:
            assert sum(part["amount_nano_usd"] for part in price["components"]) == price["cost_nano_usd"]
            assert price["rows"], price["price_version"]
        elif price["cost_nano_usd"]:
            assert price["cost_status"] == "reported"
        if verdict["billing"] in ("superseded", "duplicate"):
            assert verdict["counts_instead"], record
