"""A developer's script that runs beside the test: what it prints, and the processes below it."""

from __future__ import annotations

from typing import IO


def read_until(stream: IO[str], text: str) -> str:
    """What is printed up to the line that holds `text`, or all of it when none does."""
    lines = []
    for line in stream:
        lines.append(line)
        if text in line:
            break
    return "".join(lines)


def children_of(pid: int) -> list[int]:
    """The processes that this one has started."""
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def family_of(pid: int) -> list[int]:
    """Every process below this one."""
    children = children_of(pid)
    return children + [descendant for child in children for descendant in family_of(child)]


def command_of(pid: int) -> str:
    """The program of a process, as it was started."""
    with open(f"/proc/{pid}/cmdline") as file:
        return file.read().split("\0")[0]
