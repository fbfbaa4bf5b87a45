"""What the proofs share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from chaos.bodies import new_maker
from chaos.load import Load


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Prints a line of figures past pytest's capture: a proof shows what it measured."""

    def write(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}\n")

    return write


@pytest.fixture
def start_load() -> Iterator[Callable[..., Load]]:
    """Starts loads, `start_load(seed, ports, threads=4)`, and ends those that a failed test left running."""
    with ExitStack() as running:

        def start(seed: int, ports: list[int], **options: float) -> Load:
            load = Load(new_maker(seed), ports, **options)  # type: ignore[arg-type]
            running.callback(load.abandon)
            return load.start()

        yield start
