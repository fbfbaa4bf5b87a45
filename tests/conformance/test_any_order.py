"""However recorded telemetry is torn, mixed and repeated, over however many writers: the same ledger."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conformance.recordings import Request, load, recorded_names
from conformance.splitting import split

from support.workers import SECOND, WholeWorker

LATER = 3600 * SECOND
NOW = 1_795_400_000 * SECOND
UNLIMITED = {"AGENT_EXPORTER_ACCEPT_AGE": "unlimited"}
MOST_PIECES = 1_000
OF_DELIVERY = ("id",)
"""Fields of a row that say when it was booked, and nothing of the call."""


def open_worker(url: str, folder) -> WholeWorker:
    return WholeWorker(url, folder, {}, NOW, **UNLIMITED)


def post(worker: WholeWorker, requests: Iterable[Request]) -> None:
    for request in requests:
        answer = worker.client.post(request.path, data=request.body, content_type=request.content_type)
        assert answer.status_code == 200, answer.data


def settled_rows(worker: WholeWorker) -> Counter[str]:
    """All rows, as a set that may hold equal ones, after everything that waited."""
    for _ in range(3):
        worker.now_ns += LATER
        worker.run_jobs()
    worker.assert_audited()
    return Counter(str(sorted(described(row).items())) for row in worker.all_rows())


def described(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in OF_DELIVERY}


def torn(name: str) -> list[Request]:
    """Every record of a recording alone; thousands, nearly all irrelevant, stay as they were sent together."""
    whole = list(load(name).requests)
    pieces = [piece for request in whole for piece in split(request)]
    return pieces if len(pieces) <= MOST_PIECES else whole


def mixed(recordings: Iterable[str], seed: int) -> list[Request]:
    """All records, torn apart, some of them twice, in any order."""
    chance = random.Random(seed)
    pieces = [piece for name in recordings for piece in torn(name)]
    pieces += chance.sample(pieces, len(pieces) // 4)
    chance.shuffle(pieces)
    return pieces


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> Counter[str]:
    """The ledger of all recordings, as they were sent."""
    folder = tmp_path_factory.mktemp("recorded")
    worker = open_worker(f"sqlite:///{folder}/ledger.db", folder)
    try:
        for name in recorded_names():
            post(worker, load(name).requests)
        return settled_rows(worker)
    finally:
        worker.close()


def difference(found: Counter[str], expected: Counter[str]) -> list[str]:
    return [*(f"+ {row}" for row in found - expected), *(f"- {row}" for row in expected - found)]


@pytest.mark.parametrize("seed", [1, 2])
def test_single_records_in_any_order_over_two_workers(seed, expected, tmp_path):
    url = f"sqlite:///{tmp_path}/ledger.db"
    workers = [open_worker(url, tmp_path) for _ in range(2)]
    try:
        pieces = mixed(recorded_names(), seed)
        for number, piece in enumerate(pieces):
            post(workers[number % 2], [piece])
        assert difference(settled_rows(workers[0]), expected) == []
    finally:
        for worker in workers:
            worker.close()


def test_single_records_backwards_and_twice(expected, tmp_path):
    worker = open_worker(f"sqlite:///{tmp_path}/ledger.db", tmp_path)
    try:
        for piece in reversed([piece for name in recorded_names() for piece in torn(name)]):
            post(worker, [piece, piece])
        assert difference(settled_rows(worker), expected) == []
    finally:
        worker.close()


def test_replicas_at_once(expected, postgres_url, tmp_path):
    workers = [open_worker(postgres_url, tmp_path) for _ in range(3)]
    try:
        pieces = mixed(recorded_names(), 3)
        with ThreadPoolExecutor(len(workers)) as pool:
            list(pool.map(post, workers, (pieces[number :: len(workers)] for number in range(len(workers)))))
        assert difference(settled_rows(workers[0]), expected) == []
    finally:
        for worker in workers:
            worker.close()
