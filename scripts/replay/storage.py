"""A Prometheus over blocks of the past, which scrapes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from scripts.replay.fleet import free_port
from scripts.replay.rules import Recording, levels_of
from scripts.stack.processes import Processes, Trouble

_MOST_STEPS: Final = 10_000
"""Prometheus answers 11,000 at most."""
_SOON_S: Final = 5
_TRIAL_S: Final = 600
_BLOCK: Final = "162h"
"""The largest of Prometheus' own ranges of which one block has fewer steps of a minute than that."""

Labels = tuple[tuple[str, str], ...]


class Span(NamedTuple):
    """Unix seconds of evaluations: from, to and between."""

    start: int
    end: int
    step: int


class Programs(NamedTuple):
    prometheus: Path
    promtool: Path


class Storage:
    """Asks the Prometheus that runs over a folder of blocks."""

    def __init__(self, url: str) -> None:
        self.url = url

    def present(self, expression: str, span: Span) -> dict[Labels, list[int]]:
        """For each series of an expression the evaluations at which it is there."""
        found: dict[Labels, list[int]] = {}
        for start in range(span.start, span.end + 1, _MOST_STEPS * span.step):
            end = min(start + (_MOST_STEPS - 1) * span.step, span.end)
            asked = {"query": expression, "start": str(start), "end": str(end), "step": str(span.step)}
            for series in self._ask("query_range", asked)["result"]:
                key = tuple(sorted(series["metric"].items()))
                found.setdefault(key, []).extend(int(at) for at, _ in series["values"])
        return found

    def names(self) -> set[str]:
        """Of all metrics."""
        return set(self._ask("label/__name__/values", {}))

    def _ask(self, what: str, parameters: dict[str, str]) -> Any:
        with urllib.request.urlopen(
            f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}", timeout=600
        ) as got:
            return json.load(got)["data"]


@contextmanager
def running(programs: Programs, folder: Path) -> Iterator[Storage]:
    """A Prometheus over `folder`/data."""
    listen = f"127.0.0.1:{free_port()}"
    config = folder / "prometheus.yml"
    config.write_text("{}\n")
    command: list[str | Path] = [
        programs.prometheus, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=100y", "--query.timeout=10m", f"--web.listen-address={listen}",
    ]  # fmt: skip
    processes = Processes(folder)
    try:
        processes.start("prometheus", command, environment=dict(os.environ))
        ready = f"http://{listen}/-/ready"
        processes.wait_until_answers("prometheus", ready, within_seconds=120, ended=threading.Event())
        yield Storage(f"http://{listen}")
    finally:
        processes.stop("prometheus")


def record(programs: Programs, folder: Path, recordings: Iterable[Recording], span: Span) -> int:
    """Record rules over the past, level by level, into `folder`/data.

    Answers the second within a step at which they were evaluated: alerts must be evaluated then too, to read values of
    that very moment, as they do in a group of Prometheus.
    """
    file = folder / "level.yml"
    levels = levels_of(recordings)
    group, moment = _name_group(programs, folder, file, levels[0][:1], span)
    for level in levels:
        _write_group(file, group, level)
        with running(programs, folder) as storage:
            blocks = _make_blocks(programs.promtool, storage, file, span)
        for block in blocks:
            block.rename(folder / "data" / block.name)
    return moment


def _name_group(
    programs: Programs, folder: Path, file: Path, level: Sequence[Recording], span: Span
) -> tuple[str, int]:
    """A name with which rules are evaluated soon after the samples of a step, and how soon.

    Prometheus spreads groups over the interval by a hash of the names of file and group; with scrapes every 15 seconds
    that is no matter, but samples of a minute would be up to a minute old.
    """
    with running(programs, folder) as storage:
        for number in count():
            group = f"past-{number}"
            _write_group(file, group, level)
            trial = span._replace(start=span.end - 4 * _TRIAL_S, end=span.end - 3 * _TRIAL_S)
            moment = min(
                (_first_second(block) % span.step for block in _make_blocks(programs.promtool, storage, file, trial)),
                default=span.step,
            )
            shutil.rmtree(_blocks_beside(file))
            if moment <= _SOON_S:
                return group, moment
    raise Trouble("no name was found")


def _first_second(block: Path) -> int:
    found: int = json.loads((block / "meta.json").read_text())["minTime"] // 1_000
    return found


def _write_group(file: Path, group: str, level: Iterable[Recording]) -> None:
    rules = [{"record": one.name, "expr": one.expression, "labels": dict(one.labels)} for one in level]
    file.write_text(yaml.safe_dump({"groups": [{"name": group, "rules": rules}]}))


def _blocks_beside(file: Path) -> Path:
    return file.with_suffix(".blocks")


def _make_blocks(promtool: Path, storage: Storage, file: Path, span: Span) -> list[Path]:
    blocks = _blocks_beside(file)
    command: list[str | Path] = [
        promtool, "tsdb", "create-blocks-from", "rules", f"--max-block-duration={_BLOCK}", f"--url={storage.url}",
        f"--start={span.start}", f"--end={span.end}", f"--eval-interval={span.step}s", f"--output-dir={blocks}", file,
    ]  # fmt: skip
    blocks.mkdir(exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"promtool recorded nothing of {file.name}:\n{done.stderr[-2000:]}")
    return sorted(blocks.iterdir())
