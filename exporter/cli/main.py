"""The command `agent-exporter`.  A subcommand is imported when it is called, so that help is quick."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final, NamedTuple

import click

from exporter import __version__
from exporter.cli.context import CommandContext
from exporter.errors import ExporterError


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
    "prices": Entry("prices", "command", "Look prices up, set them, and find what has none."),
    "cost": Entry("cost", "command", "What was spent, by project, model, day and more."),
    "budgets": Entry("budgets", "command", "The state of every budget."),
    "audit": Entry("audit", "command", "Prove that the totals equal the ledger."),
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


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="agent-exporter")
@click.option("--config", type=click.Path(dir_okay=False), help="Configuration file; else AGENT_EXPORTER_CONFIG.")
@click.pass_context
def cli(ctx: click.Context, config: str | None) -> None:
    """The ledger and the Prometheus/OpenTelemetry exporter for what AI agents cost."""
    ctx.obj = CommandContext(config)


def main() -> None:
    """Entry point: expected trouble is one message and exit status 2."""
    try:
        cli.main(standalone_mode=False, prog_name="agent-exporter")
    except ExporterError as error:
        click.echo(error.message, err=True)
        sys.exit(2)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
