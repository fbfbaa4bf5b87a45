"""The command `agent-exporter` in this process: at a pipe, or at a terminal of 100 columns without colours."""

from __future__ import annotations

import io

from click.testing import CliRunner, Result
from rich.console import Console

from exporter.cli.context import CommandContext
from exporter.cli.main import cli

WIDTH = 100


def run(url: str, *arguments: str, now: int | None = None, **environment: str) -> Result:
    """What a pipe and the error output get, and the exit status."""
    return _invoke(url, arguments, _context(now), environment)


def run_at_terminal(url: str, *arguments: str, now: int | None = None) -> list[str]:
    """The lines that a person sees; the command must succeed or fail an audit."""
    context, screen = _context(now), io.StringIO()
    context.console = Console(file=screen, force_terminal=True, color_system=None, width=WIDTH, highlight=False)
    result = _invoke(url, arguments, context, {})
    assert result.exit_code in (0, 1), result.output
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def _context(now: int | None) -> CommandContext:
    return CommandContext() if now is None else CommandContext(clock_ns=lambda: now)


def _invoke(url: str, arguments: tuple[str, ...], context: CommandContext, environment: dict[str, str]) -> Result:
    variables = {"AGENT_EXPORTER_DATABASE_URL": url, **environment}
    return CliRunner().invoke(cli, arguments, obj=context, env=variables, prog_name="agent-exporter")
