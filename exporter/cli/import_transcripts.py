"""Transcripts of Claude Code, file by file: lines put together to calls, calls booked, places remembered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from exporter.cli.import_files import Line, file_key, head_of, read_lines, resume_at
from exporter.dialects.providers import provider_of_model
from exporter.importing import Importer, Tally
from exporter.imports.fields import Unreadable
from exporter.imports.transcripts import Call, item_of, merge_lines, read_call
from exporter.ledger.engine import Database
from exporter.ledger.import_marks import Mark, read_mark, write_mark

CALLS_TOGETHER: Final = 500
"""Booked in one transaction."""
_KEPT: Final = 50
"""Of the last calls read so many wait for further lines, which follow one another closely."""
_MARK: Final = b'"usage"'


@dataclass(slots=True)
class FileTally:
    """What became of files and lines."""

    files: int = 0
    unchanged: int = 0
    unreadable_files: int = 0
    unreadable_lines: int = 0
    tally: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class _Reading:
    """Calls of a file that are not booked yet, each with the place of its first line."""

    calls: dict[str, tuple[int, Call]] = field(default_factory=dict)

    def add(self, start: int, call: Call) -> None:
        earlier = self.calls.get(call.key)
        self.calls[call.key] = (earlier[0], merge_lines(earlier[1], call)) if earlier else (start, call)

    def take(self, *, keep: int) -> list[Call]:
        """All calls but the last ones, in order."""
        keys = list(self.calls)[: max(len(self.calls) - keep, 0)]
        return [self.calls.pop(key)[1] for key in keys]

    def begins(self, otherwise: int) -> int:
        """Where the first call that is not booked begins."""
        return min((start for start, _ in self.calls.values()), default=otherwise)


class TranscriptImport:
    """Imports files one after the other; stopped at any time, it goes on where it ended."""

    def __init__(
        self,
        importer: Importer,
        database: Database,
        clock_ns: Callable[[], int],
        *,
        dry_run: bool,
        progress: Callable[[int], None] = lambda _bytes: None,
    ) -> None:
        self._importer = importer
        self._database = database
        self._clock_ns = clock_ns
        self._dry_run = dry_run
        self._progress = progress
        self.result = FileTally()

    def take(self, path: Path) -> None:
        """Import what a file has more than last time."""
        try:
            with path.open("rb") as stream:
                self._take_stream(stream, path.stat().st_size, file_key(path))
        except OSError:
            self.result.unreadable_files += 1

    def _take_stream(self, stream: BinaryIO, size: int, key: bytes) -> None:
        with self._database.read() as connection:
            mark = read_mark(connection, key)
        position = resume_at(stream, size, mark)
        if position is None:
            self.result.unchanged += 1
            self._progress(size)
            return
        self.result.files += 1
        self._progress(position)
        self._take_lines(stream, position, size, key)

    def _take_lines(self, stream: BinaryIO, position: int, size: int, key: bytes) -> None:
        reading, last, shown = _Reading(), position, position
        for line in read_lines(stream, position):
            last = line.end
            self._read(line, reading)
            if len(reading.calls) >= CALLS_TOGETHER + _KEPT:
                self._book(reading.take(keep=_KEPT))
                self._remember(stream, key, Mark(b"", 0, reading.begins(last)))
                stream.seek(last)
                self._progress(last - shown)
                shown = last
        # The last call may get further lines, so it is read again next time.
        final = max((start for start, _ in reading.calls.values()), default=last)
        self._book(reading.take(keep=0))
        self._remember(stream, key, Mark(b"", size, final))
        self._progress(max(size - shown, 0))

    def _read(self, line: Line, reading: _Reading) -> None:
        if line.text is not None and _MARK not in line.text:
            return
        try:
            if line.text is None:
                raise Unreadable("the line is too long")
            call = read_call(orjson.loads(line.text))
        except (Unreadable, orjson.JSONDecodeError):
            self.result.unreadable_lines += 1
            return
        if call is not None:
            reading.add(line.start, call)

    def _book(self, calls: list[Call]) -> None:
        for start in range(0, len(calls), CALLS_TOGETHER):
            part = calls[start : start + CALLS_TOGETHER]
            self.result.tally.add(self._importer.take([item_of(call, provider_of_model) for call in part]))

    def _remember(self, stream: BinaryIO, key: bytes, mark: Mark) -> None:
        if self._dry_run:
            return
        mark = mark._replace(head=head_of(stream, mark.position))
        with self._database.write() as connection:
            write_mark(connection, key, mark, self._clock_ns())
