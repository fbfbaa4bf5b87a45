"""Blocks for a Prometheus: made by promtool, and kept apart from what the storage holds already."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

import click

HEAD_NS: Final = 3 * 3_600 * 10**9
"""So much of the present a Prometheus keeps outside its blocks (its documentation on backfilling says so)."""
_MS_NS: Final = 10**6
_BLOCK: Final = "18h"
"""As long as a window of views.history, which so becomes one block."""


class Stored(NamedTuple):
    """What a folder of Prometheus' data holds; times in Unix nanoseconds."""

    blocks: tuple[tuple[int, int], ...]
    """The start and the end of each block, oldest first."""
    has_head: bool
    """Whether there are samples that are in no block yet."""


def read_storage(folder: Path | None) -> Stored:
    """What is in a folder; nothing when there is none."""
    if folder is None or not folder.is_dir():
        return Stored((), has_head=False)
    metas = [json.loads(path.read_text()) for path in folder.glob("*/meta.json")]
    blocks = sorted((meta["minTime"] * _MS_NS, meta["maxTime"] * _MS_NS) for meta in metas)
    heads = [path for name in ("wal", "chunks_head") for path in folder.glob(f"{name}/[0-9]*") if path.stat().st_size]
    return Stored(tuple(blocks), has_head=bool(heads))


def find_promtool(given: str | None) -> str:
    """The program's path; UsageError when it is not there."""
    found = shutil.which(given or "promtool")
    if found is None:
        raise click.UsageError(
            f"there is no program {given or 'promtool'}: it comes with Prometheus; name it with --promtool,"
            " or write text with --out and make the blocks elsewhere."
        )
    return found


def make_blocks(promtool: str, text: Path, storage: Path) -> None:
    """Turn a file into blocks within a storage; ClickException with what promtool said when it fails."""
    storage.mkdir(parents=True, exist_ok=True)
    command = [promtool, *_arguments(), "--quiet", str(text), str(storage)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - what the user named
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise click.ClickException(f"{promtool} made no blocks: {said[-1] if said else 'it said nothing'}")


def command_text(folder: Path) -> str:
    """The command that makes blocks of every file in a folder, for people to copy."""
    return f'for file in {folder}/*.om; do promtool {" ".join(_arguments())} "$file" DATA_FOLDER; done'


def _arguments() -> list[str]:
    # Without the (undocumented) length promtool makes blocks of two hours and reads the file again for each.
    return ["tsdb", "create-blocks-from", "openmetrics", f"--max-block-duration={_BLOCK}"]
