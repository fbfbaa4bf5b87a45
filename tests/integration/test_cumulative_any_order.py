"""Exports of processes under one identity, torn, shuffled, repeated and joined over two workers: the most that each said
is charged, once, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from integration.test_signal_paths import MINUTE, NOW, charged, joined, points, settle
from support.threads import at_once
from support.workers import SECOND, WholeWorker

KINDS = {
    "input": "input_uncached", "output": "output_visible", "cacheRead": "cache_read", "cacheCreation": "cache_write_5m",
}  # fmt: skip
PROCESSES, BEGUN, WORKERS = 3, NOW - 100 * MINUTE, 2


@pytest.fixture
def workers(database_url, tmp_path) -> Iterator[list[WholeWorker]]:
    made = []
    for number in range(WORKERS):
        folder = tmp_path / str(number)
        folder.mkdir()
        made.append(WholeWorker(database_url, folder, {}, NOW))
    yield made
    made[0].assert_audited()
    for worker in made:
        worker.close()


def exports(dice: random.Random) -> tuple[list[bytes], dict[str, int]]:
    """Pieces of all exports, and what was used of each kind."""
    pieces: list[bytes] = []
    used = dict.fromkeys(KINDS, 0)
    for process in range(PROCESSES):
        starts = {kind: BEGUN + (10 * process + dice.randrange(3)) * SECOND for kind in KINDS}
        counts = dict.fromkeys(KINDS, 0)
        for export in range(dice.randint(1, 5)):
            end = BEGUN + (5 + export) * MINUTE + process
            torn: dict[int, list[bytes]] = {}
            for kind in KINDS:
                counts[kind] += dice.choice((0, 0, 3, 7))
                one = points({kind: counts[kind]}, start=starts[kind], end=end, delta=False)
                torn.setdefault(dice.randrange(3), []).append(one)
            pieces += map(joined, torn.values())
        used = {kind: used[kind] + counts[kind] for kind in KINDS}
    return pieces, used


def requests(dice: random.Random, pieces: list[bytes]) -> list[bytes]:
    """The pieces in some order, some of them again, some of them together in one request."""
    left = [*pieces, *dice.choices(pieces, k=5)]
    dice.shuffle(left)
    made: list[bytes] = []
    while left:
        size = dice.randint(1, 4)
        made.append(joined(left[:size]))
        left = left[size:]
    return made


def deliver(worker: WholeWorker, body: bytes) -> None:
    """As a sender does: again when the answer is to try later."""
    status = 503
    while status == 503:
        status = worker.client.post("/v1/metrics", data=body, content_type="application/x-protobuf").status_code
    assert status == 200


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_pieces_and_their_order_the_most_that_each_process_said_is_charged(workers, seed):
    dice = random.Random(seed)
    pieces, used = exports(dice)
    sent = requests(dice, pieces)

    def sending(number: int) -> None:
        for body in sent[number::WORKERS]:
            deliver(workers[number], body)

    assert at_once(sending, WORKERS) == []
    settle(workers[0])
    rows = charged(workers[0])
    assert {kind: sum(row["tokens"][name] for row in rows) for kind, name in KINDS.items()} == used
