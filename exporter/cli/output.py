"""What commands print: tables for people, aligned text for pipes, JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import click
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

NOTHING: Final = "-"
"""A cell of which nothing is known or to be said; never empty, so that a row can be split at blanks."""
_SHADED_BAR: Final = ("█", "░")
_ASCII_BAR: Final = ("#", ".")


class Cell(NamedTuple):
    """A text with a style that only a terminal shows."""

    text: str
    style: str = ""


class Column(NamedTuple):
    """A heading, and how the cells below it stand."""

    name: str
    right: bool = False
    fold: bool = False
    """Whether a terminal that is too narrow may break it over lines."""
    spare: bool = False
    """Whether a terminal that is too narrow may leave it out; the last such column goes first."""


def show(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, last_is_total: bool) -> None:
    """A table in a terminal, aligned text elsewhere."""
    if console.is_terminal:
        console.print(_table(*_fitting(console.width, columns, rows), last_is_total=last_is_total))
    else:
        for line in aligned(columns, rows):
            click.echo(line)


def show_facts(console: Console, facts: Sequence[tuple[str, str]]) -> None:
    """Labels with texts beside them, a label that repeats once; a terminal breaks long texts under their beginning."""
    if not facts:
        return
    width = max(cell_len(label) for label, _ in facts)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(min_width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    last = ""
    for label, text in facts:
        shown = "" if label == last else label
        last = label
        if console.is_terminal:
            grid.add_row(f"  {shown}", Text(printable(text)))
        else:
            click.echo(f"  {shown:<{width}}  {printable(text)}")
    if console.is_terminal:
        console.print(grid)


def say(console: Console, text: str, style: str = "") -> None:
    """A sentence, wrapped in a terminal only."""
    console.print(Text(printable(text), style), soft_wrap=not console.is_terminal)


def print_json(answer: Any) -> None:
    """An answer of the API, readable for people as well."""
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


@contextmanager
def working(on: str) -> Iterator[None]:
    """A spinner beside the output while something lasts; nothing where no terminal would show it."""
    screen = Console(stderr=True)
    if not screen.is_terminal:
        yield
        return
    with screen.status(on):
        yield


def aligned(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Lines in which columns are as wide as their longest cell."""
    texts = [[column.name for column in columns], *([printable(cell.text) for cell in row] for row in rows)]
    widths = _widths(columns, rows)
    for row in texts:
        cells = zip(columns, row, widths, strict=True)
        yield "  ".join(_padded(text, width, right=column.right) for column, text, width in cells).rstrip()


def bar(console: Console, percent: float, width: int) -> str:
    """A bar of a terminal that is full at 100 %; any use at all shows."""
    full, rest = _ASCII_BAR if console.options.ascii_only else _SHADED_BAR
    filled = min(width, max(round(percent * width / 100), int(percent > 0)))
    return full * filled + rest * (width - filled)


def compact(count: int) -> str:
    """A count in three figures, exact below 10,000: `9,999`, `12.3k`, `4.56M`, `789B`."""
    size = float(abs(count))
    if size < 10_000:
        return f"{count:,}"
    for letter in "kMBT":
        size /= 1000
        decimals = 2 if size < 9.995 else 1 if size < 99.95 else 0
        if size < 999.5 or letter == "T":
            break
    return f"{'-' if count < 0 else ''}{size:,.{decimals}f}{letter}"


def share(part: float) -> str:
    """A part of one as a percentage; neither a trace nor the whole is claimed by rounding."""
    if 0 < part < 0.001:
        return "<0.1%"
    if 0.999 < part < 1:
        return ">99.9%"
    return f"{100 * part:.1f}%" if part < 1 else f"{100 * part:.0f}%"


def printable(text: str) -> str:
    """A text without what would control a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    cells = zip(*rows, strict=True) if rows else [()] * len(columns)
    return [
        max(cell_len(column.name), *(cell_len(printable(cell.text)) for cell in below), 0)
        for column, below in zip(columns, cells, strict=True)
    ]


def _fitting(
    width: int, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]
) -> tuple[Sequence[Column], Sequence[Sequence[Cell]]]:
    """The table without as many spare columns as it is too wide for."""
    kept = list(range(len(columns)))
    widths = _widths(columns, rows)
    for number in reversed(range(len(columns))):
        if columns[number].spare and sum(widths[one] + 2 for one in kept) > width:
            kept.remove(number)
    return [columns[one] for one in kept], [[row[one] for one in kept] for row in rows]


def _padded(text: str, width: int, *, right: bool) -> str:
    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], *, last_is_total: bool) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        justify = "right" if column.right else "left"
        table.add_column(column.name, justify=justify, no_wrap=not column.fold, overflow="fold")  # type: ignore[arg-type]
    for number, row in enumerate(rows, start=1):
        if last_is_total and number == len(rows):
            table.add_section()
        table.add_row(*(Text(printable(cell.text), cell.style) for cell in row))
    return table
