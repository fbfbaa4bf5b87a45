"""The whole replay, step by step; what an earlier run left in the folder is used again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from exporter.views.times import format_time
from scripts.replay.fleet import Past, fill_ledger, ledger_environment, run_exporter
from scripts.replay.ledger import SECOND_NS, read_truth
from scripts.replay.rules import read_rules
from scripts.replay.storage import Programs, Span, record, running
from scripts.replay.verdicts import Judged, World, judge_rules

STEP_S: Final = 60
_WARM_UP_S: Final = 3_600
"""The first hour has no hour before it."""


def play(
    programs: Programs, folder: Path, past: Past, rule_files: Sequence[Path], *, say: Callable[[str], None]
) -> tuple[Judged, World]:
    """Ledger, blocks, recordings, alerts, verdicts."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / "ledger.db"
    if not ledger.exists():
        say(f"pushing {past.days:g} days of the fleet")
        fill_ledger(ledger, past)
    if not (folder / "past").exists():
        say("backfilling")
        backfill(programs, ledger, folder / "past", past)
    say("recording rules over the past")
    rules = read_rules(rule_files)
    shutil.rmtree(folder / "data", ignore_errors=True)
    shutil.copytree(folder / "past", folder / "data")
    span = Span(past.start_ns // SECOND_NS + _WARM_UP_S, past.end_ns // SECOND_NS, STEP_S)
    moment = record(programs, folder, rules.recordings, span._replace(start=past.start_ns // SECOND_NS))
    span = span._replace(start=span.start + moment, end=span.end - STEP_S + moment)
    say("evaluating alerts")
    world = World(read_truth(ledger), past.incidents, past.end_ns, span)
    with running(programs, folder) as storage:
        return judge_rules(rules, storage, world), world


def backfill(programs: Programs, ledger: Path, storage: Path, past: Past) -> None:
    """The ledger's past as blocks, with the command that users have."""
    options = {
        "--storage": str(storage),
        "--promtool": str(programs.promtool),
        "--start": format_time(past.start_ns),
        "--end": "now",
        "--step": f"{STEP_S}s",
    }
    flat = [word for pair in options.items() for word in pair]
    unfinished = storage.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    flat[1] = str(unfinished)
    run_exporter("backfill", *flat, **ledger_environment(ledger))
    unfinished.rename(storage)
