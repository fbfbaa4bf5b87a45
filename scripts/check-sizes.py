#!/usr/bin/env python3
"""Holds the sizes that keep the code readable; exit status 1 when one is exceeded.

File: at most 400 lines, a note above 250.  Function: at most 60 lines.  At most five parameters that may be given by
position; further ones are keyword-only (a test gets all of its by name).
Migrations are generated from the tables and frozen, so they are not counted.
"""

from __future__ import annotations

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("exporter", "tests", "scripts", "bench", "grafana")
FILE_NOTE = 250
FILE_LIMIT = 400
FUNCTION_LIMIT = 60
POSITIONAL_LIMIT = 5

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Finding(NamedTuple):
    """A size at a place; `breach` says whether it is over a limit or only worth a look."""

    place: str
    what: str
    breach: bool


class Sizes(NamedTuple):
    """What one file holds: its lines, the lines of each function, and what is too large."""

    lines: int
    functions: list[int]
    findings: list[Finding]


def measure_file(path: Path, source: str) -> Sizes:
    """Sizes of one Python source; `path` only names it in findings."""
    lines = source.count("\n")
    functions = list(_functions(ast.parse(source)))
    findings = [*_judge_file(path, lines)]
    for function in functions:
        findings += _judge_function(f"{path}:{function.lineno} {function.name}", function)
    return Sizes(lines, [_lines_of(function) for function in functions], findings)


def _functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _lines_of(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _judge_file(path: Path, lines: int) -> Iterator[Finding]:
    if lines > FILE_NOTE:
        over = lines > FILE_LIMIT
        yield Finding(str(path), f"{lines} lines, {f'at most {FILE_LIMIT}' if over else f'aim at {FILE_NOTE}'}", over)


def _judge_function(place: str, function: Function) -> Iterator[Finding]:
    if (lines := _lines_of(function)) > FUNCTION_LIMIT:
        yield Finding(place, f"{lines} lines, at most {FUNCTION_LIMIT}", breach=True)
    if not function.name.startswith("test_") and (count := _positional(function)) > POSITIONAL_LIMIT:
        yield Finding(place, f"{count} positional parameters, at most {POSITIONAL_LIMIT}", breach=True)


def _positional(function: Function) -> int:
    names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def _sources() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if path.parent.name != "versions")


def _print_medians(folder: str, sizes: list[Sizes]) -> None:
    files = [size.lines for size in sizes if size.lines]
    functions = [lines for size in sizes for lines in size.functions]
    if files and functions:
        ninth = sorted(functions)[len(functions) * 9 // 10]
        print(
            f"{folder:<9}{len(files):>4} files, median {statistics.median(files):.0f}, largest {max(files)}; "
            f"{len(functions)} functions, median {statistics.median(functions):.0f}, 90 % within {ninth}, "
            f"longest {max(functions)}"
        )


def main() -> int:
    measured = {path: measure_file(path.relative_to(ROOT), path.read_text()) for path in _sources()}
    for folder in FOLDERS:
        _print_medians(folder, [size for path, size in measured.items() if path.is_relative_to(ROOT / folder)])
    findings = [finding for size in measured.values() for finding in size.findings]
    for finding in sorted(findings, key=lambda finding: finding.breach):
        print(f"{'breach' if finding.breach else 'note'}: {finding.place}: {finding.what}")
    return int(any(finding.breach for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
