#!/usr/bin/env python3
"""Play 40 days of the demo fleet through the alert rules and compare what fired with what happened.

    .venv/bin/python scripts/replay_rules.py FOLDER > report.md

Makes a ledger in FOLDER (kept for the next run), backfills it into a Prometheus of its own, records the recording
rules over the past and evaluates every alert once a minute.  Needs prometheus and promtool (scripts/install-tools).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from exporter.views.times import parse_time  # noqa: E402 - after the path is set
from scripts.replay.fleet import Past  # noqa: E402
from scripts.replay.incidents import INCIDENTS  # noqa: E402
from scripts.replay.play import play  # noqa: E402
from scripts.replay.report import report, summary  # noqa: E402
from scripts.replay.storage import Programs  # noqa: E402

_TOOLS = ROOT / ".tools" / "bin"


def main() -> int:
    options = _read_arguments()
    past = Past(parse_time(options.until, name="--until"), options.days, options.tasks_per_day, INCIDENTS)
    programs = Programs(options.tools / "prometheus", options.tools / "promtool")
    rules = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
    judged, world = play(programs, options.folder.resolve(), past, rules, say=_say)
    _say(summary(judged.verdicts))
    print(report(judged, world))
    return 0


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="where the ledger, the storage and the logs lie")
    parser.add_argument("--days", type=float, default=40)
    parser.add_argument("--tasks-per-day", type=float, default=150, help="density of the fleet's work")
    parser.add_argument("--until", default="2026-11-21T00:00:00Z", help="where the past ends")
    parser.add_argument("--tools", type=Path, default=_TOOLS, help="folder of prometheus and promtool")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
