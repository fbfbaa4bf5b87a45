"""The command `agent-exporter`.  A subcommand is imported when it is called, so that help is quick."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import Any, Final, NamedTuple, NoReturn

import click

from exporter import __version__
from exporter.cli.context import CommandContext
from exporter.errors import ExporterError

TROUBLE: Final = 2
"""Exit status of expected trouble: a wrong option, a database that is not there."""
_INTERRUPTED: Final = 130


class Entry(NamedTuple):
    """Where a subcommand is, and the line that help shows without importing it."""

    module: str
    attribute: str
    help: str


COMMANDS: Final = {
    "serve": Entry("serve", "command", "Receive telemetry, book it, and answer."),
    "migrate": Entry("migrate", "command", "Create the database's schema, or bring it up to date."),
    "check-config": Entry("check_config", "check_config", "Say what a configuration means, or what is wrong with it."),
    "demo": Entry("demo", "demo", "Push the telemetry of a simulated fleet of agents."),
    "dialects": Entry("dialects", "command", "In which telemetry is understood, and how emitters count."),
    "prices": Entry("prices", "command", "Look prices up, set them, and find what has none."),
    "cost": Entry("cost", "command", "What was spent, by project, model, day and more."),
    "explain": Entry("explain", "command", "Why a trace costs what it costs."),
    "budgets": Entry("budgets", "command", "The state of every budget."),
    "audit": Entry("audit", "command", "Prove that the totals equal the ledger."),
    "messages": Entry("messages", "command", "Judge messages between agents as the intake would."),
    "completeness": Entry("completeness", "command", "Who sends calls without saying what they used, and what to do."),
    "import": Entry("imports", "command", "Book what is already on disk: transcripts and reports of usage."),
    "reinterpret": Entry("reinterpret", "command", "Read booked records again by today's rules."),
    "backfill": Entry("backfill", "command", "Write the past for a Prometheus that was not there."),
    "metrics": Entry("metrics", "command", "The metrics as a scrape would show them."),
}


class _Commands(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        entry = COMMANDS.get(name)
        if entry is None:
            return None
        found: click.Command = getattr(import_module(f"exporter.cli.{entry.module}"), entry.attribute)
        return found

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def main(self, *arguments: Any, **options: Any) -> NoReturn:
        """Run a command line to its exit status: expected trouble is one message and status 2."""
        _write_what_the_terminal_cannot_show_as_escapes()
        try:
            status = super().main(*arguments, **{**options, "standalone_mode": False})
        except ExporterError as error:
            _fail(error.message)
        except click.UsageError as error:
            _fail(f"{error.format_message().rstrip('.')}.{_where_help_is(error.ctx)}")
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(_INTERRUPTED)
        # Without its standalone mode, click returns the status of `ctx.exit`, and else what the command returned.
        sys.exit(status if isinstance(status, int) else 0)


def _write_what_the_terminal_cannot_show_as_escapes() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str) -> NoReturn:
    click.echo(message, err=True)
    sys.exit(TROUBLE)


def _where_help_is(ctx: click.Context | None) -> str:
    return f" See `{ctx.command_path} --help`." if ctx else ""


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, prog_name="agent-exporter")
@click.option("--config", type=click.Path(dir_okay=False), help="Configuration file; else AGENT_EXPORTER_CONFIG.")
@click.pass_context
def cli(ctx: click.Context, config: str | None) -> None:
    """The ledger and the Prometheus/OpenTelemetry exporter for what AI agents cost."""
    ctx.obj = ctx.obj or CommandContext(config)
    ctx.call_on_close(ctx.obj.close)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Entry point of the command."""
    cli.main(prog_name="agent-exporter")


if __name__ == "__main__":
    main()
