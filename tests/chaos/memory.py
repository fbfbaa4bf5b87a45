"""Resident memory of a server with its workers."""

from __future__ import annotations

from pathlib import Path


def group_memory_mib(process_group: int) -> float:
    """MiB that the processes of a group hold; shared pages count once for each process."""
    return sum(_resident_kib(folder) for folder in _members(process_group)) / 1024


def _members(process_group: int) -> list[Path]:
    return [folder for folder in Path("/proc").glob("[0-9]*") if _group_of(folder) == process_group]


def _group_of(folder: Path) -> int | None:
    try:
        # The name of a program may hold spaces and brackets, so fields are counted after its last bracket.
        return int((folder / "stat").read_text().rpartition(")")[2].split()[2])
    except OSError:
        return None


def _resident_kib(folder: Path) -> int:
    try:
        lines = (folder / "status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
