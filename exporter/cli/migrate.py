"""`agent-exporter migrate`: create the schema or bring it up to date."""

from __future__ import annotations

import click

from exporter.app import open_database
from exporter.cli.context import CommandContext
from exporter.ledger import schema


@click.command()
@click.pass_obj
def command(context: CommandContext) -> None:
    """Create the database's schema, or bring it up to this version."""
    database = open_database(context.settings)
    schema.upgrade(database.engine)
    database.close()
    click.echo(f"schema {schema.HEAD} is in place")
