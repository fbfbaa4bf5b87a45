"""`agent-exporter audit`: proves that every sum equals the ledger; exit status 1 when one does not."""

from __future__ import annotations

from typing import Any, Final

import click
from rich.console import Console

from exporter.cli.context import CommandContext
from exporter.cli.output import NOTHING, Cell, Column, print_json, say, show, working
from exporter.ledger.audit import MAX_FINDINGS, AuditResult, Finding, audit
from exporter.views.days import date_text
from exporter.views.times import format_time

FAILED: Final = 1
"""Exit status when a sum differs from the ledger."""
_MEANING: Final = {
    "totals": "cost and tokens of each series, less what was taken back",
    "calls": "calls of each series, less what was taken back",
    "components": "the parts of each cost and the cost",
    "rollups": "each day, by every combination of labels",
    "budgets": "what each budget spent in each of its periods",
    "messages": "messages between agents, their errors and gates",
    "quality": "calls, tokens and cost of usage that is missing or estimated",
}
_CHECKS: Final = (
    Column("check"),
    Column("compared", right=True),
    Column("differ", right=True),
    Column("what", fold=True),
)
_FINDINGS: Final = (
    Column("check"),
    Column("of", fold=True),
    Column("measure"),
    Column("ledger", right=True),
    Column("shown", right=True),
    Column("difference", right=True),
)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The result for programs.")
@click.pass_obj
def command(context: CommandContext, *, as_json: bool) -> None:
    """Prove that the totals equal the ledger.

    Adds every row up again and compares, exactly, with all sums that metrics, reports and budgets are made from.  Any
    difference is listed, and the exit status is 1.  It reads one snapshot and holds nobody up.
    """
    with working("Adding up the ledger"), context.database.read() as connection:
        result = audit(connection)
    if as_json:
        print_json(document(result))
    else:
        _print(context.console, result)
    if not result.ok:
        raise SystemExit(FAILED)


def document(result: AuditResult) -> dict[str, Any]:
    """The result as JSON; of more than `max_findings` differences the first are given."""
    return {
        "ok": result.ok,
        "rows": result.rows,
        "compared": dict(result.compared),
        "findings": [finding._asdict() for finding in result.findings],
        "max_findings": MAX_FINDINGS,
    }


def _print(console: Console, result: AuditResult) -> None:
    show(console, _CHECKS, [_check_cells(check, result) for check in result.compared], last_is_total=False)
    say(console, "")
    if result.findings:
        show(console, _FINDINGS, [_finding_cells(finding) for finding in result.findings], last_is_total=False)
        say(console, "")
    say(console, _verdict(result), "green" if result.ok else "bold red")


def _check_cells(check: str, result: AuditResult) -> list[Cell]:
    differ = sum(finding.check == check for finding in result.findings)
    return [
        Cell(check),
        Cell(f"{result.compared[check]:,}"),
        Cell(f"{differ:,}", "bold red" if differ else "green"),
        Cell(_MEANING[check]),
    ]


def _finding_cells(finding: Finding) -> list[Cell]:
    about = ", ".join(f"{name}={_spelled(name, value)}" for name, value in finding.subject.items() if value)
    return [
        Cell(finding.check),
        Cell(about or NOTHING),
        Cell(finding.measure),
        Cell(f"{finding.ledger:,}"),
        Cell(f"{finding.shown:,}"),
        Cell(f"{finding.shown - finding.ledger:+,}", "bold red"),
    ]


def _spelled(name: str, value: str) -> str:
    """Days and instants as people write them."""
    if name == "day":
        return date_text(int(value))
    return format_time(int(value)) if name == "period_start" else value


def _verdict(result: AuditResult) -> str:
    if not result.rows and result.ok:
        return "The ledger is empty, and so are the totals."
    if result.ok:
        comparisons = sum(result.compared.values())
        return f"The totals equal the ledger: {result.rows:,} rows, {comparisons:,} comparisons, no difference."
    count = len(result.findings)
    many = f"{count:,} or more" if count >= MAX_FINDINGS else f"{count:,}"
    return f"The totals do not equal the ledger of {result.rows:,} rows: {many} difference{'s' if count > 1 else ''}."
