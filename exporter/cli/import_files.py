"""Files of JSON lines, read from where the last import ended; only whole lines, and none too long."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from exporter.errors import NotFound
from exporter.ledger.import_marks import Mark

LONGEST_LINE: Final = 64 * 1024 * 1024
"""Bytes of a line that is read; tools may answer with much, and nobody answers with more."""
_HEAD: Final = 4096
_SKIPPED_PIECE: Final = 1024 * 1024


class Line(NamedTuple):
    """A line and where it stands; `text` is None when it is too long."""

    start: int
    end: int
    text: bytes | None


def find_transcripts(paths: Sequence[Path]) -> list[Path]:
    """Transcripts in folders and files, those of sub-agents and side conversations last.

    Those may repeat what the conversation they belong to said, which must be known before.  NotFound for a path
    that is not there.
    """
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(one for one in path.rglob("*.jsonl") if one.is_file())
        elif path.is_file():
            found.add(path)
        else:
            raise NotFound(f"there is no file or folder {path}", path=str(path))
    return sorted(found, key=lambda path: ("subagents" in path.parts or path.name.startswith("agent-"), str(path)))


def default_folders() -> list[Path]:
    """Where Claude Code keeps its transcripts: CLAUDE_CONFIG_DIR, else its folders below the home folder."""
    configured = os.environ.get("CLAUDE_CONFIG_DIR", "")
    homes = [Path(part.strip()).expanduser() for part in configured.split(",") if part.strip()]
    if not homes:
        base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        homes = [Path(base).expanduser() / "claude", Path("~/.claude").expanduser()]
    return [home / "projects" for home in homes if (home / "projects").is_dir()]


def file_key(path: Path) -> bytes:
    """Sixteen bytes that stand for a file's place; its path is not kept."""
    return blake2b(os.fsencode(path.resolve()), digest_size=16).digest()


def resume_at(stream: BinaryIO, size: int, mark: Mark | None) -> int | None:
    """Where to go on in a file; 0 when it is another file than the one marked, None when nothing was added to it."""
    if mark is None or mark.position > size or head_of(stream, mark.position) != mark.head:
        return 0
    return None if mark.size == size else mark.position


def head_of(stream: BinaryIO, position: int) -> bytes:
    """A digest of what stands at the beginning of a file, at most up to a position."""
    stream.seek(0)
    return blake2b(stream.read(min(position, _HEAD)), digest_size=16).digest()


def read_lines(stream: BinaryIO, position: int) -> Iterator[Line]:
    """Whole lines from a position on; what follows the last line end is being written and comes next time."""
    stream.seek(position)
    while text := stream.readline(LONGEST_LINE):
        start, position = position, position + len(text)
        if text.endswith(b"\n"):
            yield Line(start, position, text)
        elif len(text) == LONGEST_LINE:
            end = _skip_line(stream, position)
            if end is None:
                return
            position = end
            yield Line(start, position, None)


def _skip_line(stream: BinaryIO, position: int) -> int | None:
    while piece := stream.readline(_SKIPPED_PIECE):
        position += len(piece)
        if piece.endswith(b"\n"):
            return position
    return None
