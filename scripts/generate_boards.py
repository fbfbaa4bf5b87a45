#!/usr/bin/env python3
"""Writes grafana/dashboards/ from grafana/boards/.

With --check nothing is written, and the exit status is 1 when a file is not what the code would write.
Names of boards (their uid) limit it to these.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "grafana" / "dashboards"


def expected_files(only: list[str]) -> dict[Path, str]:
    """Every board's file with the text that it must have."""
    from grafana.boards.board import document_of
    from grafana.boards.normalise import written
    from grafana.boards.registry import BOARDS

    return {
        FOLDER / f"{board.uid}.json": written(document_of(board)) for board in BOARDS if board.uid in only or not only
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is out of step")
    parser.add_argument("boards", nargs="*", metavar="UID", help="boards to write; all by default")
    options = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    files = expected_files(options.boards)
    stale = [path for path, text in files.items() if not path.exists() or path.read_text() != text]
    orphans = [] if options.boards else [path for path in FOLDER.glob("*.json") if path not in files]
    for path in stale:
        _report(path, "out of step; run make boards" if options.check else "written")
        if not options.check:
            path.write_text(files[path])
    for path in orphans:
        _report(path, "belongs to no board; run make boards" if options.check else "removed")
        if not options.check:
            path.unlink()
    return int(options.check and bool(stale or orphans))


def _report(path: Path, what: str) -> None:
    print(f"{path.relative_to(ROOT)}: {what}")


if __name__ == "__main__":
    sys.exit(main())
