"""`agent-exporter messages`: judges messages between agents as the intake would; exit status 1 when one is refused."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, BinaryIO, Final, NamedTuple

import click
from rich.console import Console

from exporter.cli.context import CommandContext
from exporter.cli.output import Cell, Column, print_json, say, show
from exporter.errors import InvalidRequest
from exporter.messages.message import TOO_LARGE, Message, Problem
from exporter.messages.reading import read_messages

REFUSED: Final = 1
"""Exit status when a message is not valid."""
LARGEST: Final = 1024 * 1024
"""Bytes of a body that the intake takes."""
_COLUMNS: Final = (
    Column("file"),
    Column("line", right=True),
    Column("outcome"),
    Column("message", fold=True),
)


class _Judged(NamedTuple):
    """One message of a file, or the file when it is refused as a whole."""

    file: str
    line: int
    message: Message | None
    problems: tuple[Problem, ...]


@click.group()
def command() -> None:
    """Messages between agents in the XML form agent-message."""


@command.command()
def schema() -> None:
    """Print the XML schema of messages."""
    click.echo(files("exporter.messages").joinpath("data/agent-message.xsd").read_text(encoding="utf-8"), nl=False)


@command.command()
@click.argument("streams", metavar="FILE...", nargs=-1, required=True, type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="The result for programs.")
@click.pass_obj
def check(context: CommandContext, streams: tuple[BinaryIO, ...], *, as_json: bool) -> None:
    """Say of each message in FILE (- for standard input) whether the intake would count it.

    Nothing is booked.  When a message is not valid, the exit status is 1, and each fault is told with its line.
    """
    judged = [one for stream in streams for one in _judge(stream)]
    refused = sum(one.message is None for one in judged)
    if as_json:
        print_json({"valid": len(judged) - refused, "refused": refused, "messages": [_document(one) for one in judged]})
    else:
        _print(context.console, judged, refused)
    if refused:
        raise SystemExit(REFUSED)


def _judge(stream: BinaryIO) -> list[_Judged]:
    name = getattr(stream, "name", "-")
    file = "-" if name == "<stdin>" else str(name)
    body = stream.read(LARGEST + 1)
    if len(body) > LARGEST:
        return [_Judged(file, 1, None, (Problem(1, TOO_LARGE, "", f"larger than {LARGEST} bytes"),))]
    try:
        return [_Judged(file, one.line, one.message, one.problems) for one in read_messages(body)]
    except InvalidRequest as error:
        line = int(error.details["line"])
        return [_Judged(file, line, None, (Problem(line, str(error.details["reason"]), "", error.message),))]


def _document(one: _Judged) -> dict[str, Any]:
    found = one.message
    kept = {} if found is None else {
        "sender": found.sender,
        "recipient": found.recipient,
        "type": found.type,
        "action": found.action,
        "priority": found.priority,
        "project": found.project or None,
        "task": found.task or None,
        "error_level": found.error_level or None,
        "error_category": found.error_category or None,
        "gates": {gate.name: gate.result for gate in found.gates},
    }  # fmt: skip
    problems = [problem._asdict() for problem in one.problems]
    return {"file": one.file, "line": one.line, "valid": found is not None, **kept, "problems": problems}


def _print(console: Console, judged: list[_Judged], refused: int) -> None:
    show(console, _COLUMNS, [row for one in judged for row in _rows(one)], last_is_total=False)
    say(console, "")
    valid = len(judged) - refused
    say(console, f"{valid:,} valid, {refused:,} refused.", "bold red" if refused else "green")


def _rows(one: _Judged) -> list[list[Cell]]:
    if one.message is None:
        return [
            [Cell(one.file), Cell(f"{found.line}"), Cell(found.reason, "red"), Cell(_told(found))]
            for found in one.problems
        ]
    return [[Cell(one.file), Cell(f"{one.line}"), Cell("valid", "green"), Cell(_summary(one.message))]]


def _told(found: Problem) -> str:
    return f"{found.path}: {found.text}" if found.path else found.text


def _summary(found: Message) -> str:
    error = f", error level {found.error_level}" if found.error_level else ""
    gates = f", {len(found.gates)} gate{'s' if len(found.gates) > 1 else ''}" if found.gates else ""
    return f"{found.sender} to {found.recipient}: {found.type}, {found.action}, {found.priority}{error}{gates}"
