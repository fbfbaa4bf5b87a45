"""`agent-exporter check-config`: says what a configuration means, or all that is wrong with it."""

from __future__ import annotations

import json
import os
from typing import Any, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table

from exporter.budgets.definition import Budget
from exporter.budgets.limits import Limit, format_limit
from exporter.budgets.scope import format_scope
from exporter.errors import ConfigError
from exporter.settings.document import as_written
from exporter.settings.load import load_settings, require_tokens_beyond_loopback
from exporter.settings.policy import FlatPlan, Policy, policy_digest
from exporter.settings.table import SETTINGS, Setting, Settings

DEFAULT: Final = "default"


@click.command("check-config")
@click.argument("file", required=False, type=click.Path(dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
@click.pass_context
def check_config(ctx: click.Context, file: str | None, *, as_json: bool) -> None:
    """Read a configuration as `serve` would and print what it means.

    FILE is by default what --config or AGENT_EXPORTER_CONFIG names, else agent-exporter.yml if it is there.
    Environment variables count as well.  With a problem the exit status is 1, and each is told on a line of its own.
    """
    try:
        settings = load_settings(file or _option_of_group(ctx), os.environ)
        require_tokens_beyond_loopback(settings)
    except ConfigError as error:
        _refuse(error, as_json=as_json)
    if as_json:
        click.echo(json.dumps(_document(settings), indent=2, ensure_ascii=False, default=str))
    else:
        _print(settings, Console(highlight=False))


def _option_of_group(ctx: click.Context) -> str | None:
    return ctx.parent.params.get("config") if ctx.parent else None


def _refuse(error: ConfigError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"valid": False, "problems": error.message.splitlines()}, indent=2, ensure_ascii=False))
    else:
        click.echo(error.message, err=True)
    raise SystemExit(1)


def _document(settings: Settings) -> dict[str, Any]:
    stated = {row.key: _stated(settings, row) for row in SETTINGS}
    return {
        "valid": True,
        "config": settings.config or None,
        "settings": {key: {"value": value, "origin": origin} for key, (value, origin) in stated.items()},
        "policy": settings.policy.to_mapping(),
        "policy_digest": policy_digest(settings.policy),
    }


def _stated(settings: Settings, row: Setting) -> tuple[Any, str]:
    written = settings.written.get(row.key)
    return (row.mask(row.default), DEFAULT) if written is None else (written.value, written.origin)


def _print(settings: Settings, console: Console) -> None:
    if settings.written:
        console.print(_settings_table(settings))
    console.print(f"{len(SETTINGS) - len(settings.written)} settings have their default.")
    policy = settings.policy
    if policy.budgets:
        console.print(_budgets_table(policy.budgets))
    for line in _counts(policy):
        console.print(line)
    console.print(f"{settings.config or 'No file'}: valid. Policy {policy_digest(policy)}.", soft_wrap=True)


def _settings_table(settings: Settings) -> Table:
    table = _table("setting", "value", "from")
    for row in SETTINGS:
        value, origin = _stated(settings, row)
        if origin != DEFAULT:
            table.add_row(row.key, as_written(value), origin.replace(f"{settings.config}:", "line "))
    return table


def _budgets_table(budgets: tuple[Budget, ...]) -> Table:
    table = _table("budget", "scope", "limit", "period", "time zone", "thresholds")
    for budget in budgets:
        thresholds = ", ".join(f"{one.percent}" for one in budget.thresholds)
        limit = format_limit(Limit(budget.limit, budget.unit))
        scope = format_scope(budget.scope) or "everything"
        table.add_row(budget.id, scope, limit, budget.period, budget.timezone, thresholds)
    return table


def _counts(policy: Policy) -> list[str]:
    """What else was understood, in a line for each section that is not empty."""
    sections = {
        "projects": list(policy.projects),
        "teams": list(policy.teams),
        "attributes": [f"{field} from {', '.join(names)}" for field, names in policy.attributes.items()],
        "rules": [f"{_pairs(rule.when)} sets {_pairs(rule.set)}" for rule in policy.rules],
        "agent tiers": [_pairs(policy.agent_tiers)] if policy.agent_tiers else [],
        "model tiers": [_pairs(policy.model_tiers)] if policy.model_tiers else [],
        "prices": [f"{row.layer} {row.model}" for row in policy.prices],
        "price context": [f"{_pairs(rule.when)} sets {_pairs(rule.set)}" for rule in policy.price_context],
        "list equivalent": [_plan(plan) for plan in policy.list_equivalent],
    }
    return [f"{name}: {'; '.join(said)}" for name, said in sections.items() if said]


def _pairs(values: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in values.items())


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column == columns[0])
    return table


def _plan(plan: FlatPlan) -> str:
    """A source on a flat plan."""
    return " ".join(filter(None, (_pairs(plan.when), plan.dialect and f"dialect {plan.dialect}")))
