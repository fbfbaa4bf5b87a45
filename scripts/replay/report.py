"""The outcome as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from exporter.views.times import format_time
from scripts.replay.causes import HOUR_S, Spending
from scripts.replay.firing import Firing
from scripts.replay.judging import Verdict
from scripts.replay.ledger import SECOND_NS, Truth
from scripts.replay.verdicts import Judged, World

_HEAD: Final = (
    "| alert | causes | told | missed | median lead | lead from, to | firings | without cause | of these close |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)
_CLOSE: Final = 0.85
"""From here on a period that ended within its limit came close to it."""


def report(judged: Judged, world: World) -> str:
    """The table, then every miss and every firing without a cause."""
    parts = [_HEAD + "".join(_row(one, world.truth) for one in judged.verdicts)]
    parts += [_listing(one, world) for one in judged.verdicts if one.missed or one.groundless]
    if judged.unfounded:
        lines = "".join(f"- {cause.text}\n" for cause in judged.unfounded)
        parts.append(f"Bursts of agents that had no habit yet (two weeks), of which no alert can tell:\n\n{lines}")
    parts.append(f"Not in the past, because no ledger knows it: {', '.join(judged.without_input)}.\n")
    return "\n".join(parts)


def _row(one: Verdict, truth: Truth) -> str:
    leads = sorted(match.lead_s for match in one.matches)
    lead = duration_text(one.lead_s) if one.lead_s is not None else "-"
    spread = f"{duration_text(leads[0])} to {duration_text(leads[-1])}" if leads else "-"
    close = sum(_used(truth, firing) >= _CLOSE for firing in one.groundless)
    counts = (one.causes, len(one.matches), len(one.missed), lead, spread, one.firings, len(one.groundless), close)
    return f"| {' | '.join(map(str, (one.alert, *counts)))} |\n"


def _used(truth: Truth, firing: Firing) -> float:
    """The share of its limit that the budget of a firing had used when the period ended; 0 for other alerts."""
    name = firing.named.get("budget")
    budget = next((one for one in truth.budgets if one.id == name), None)
    if budget is None:
        return 0.0
    return truth.used.get((budget.id, budget.period_at(firing.fired_at * SECOND_NS).start_ns), 0.0)


def duration_text(seconds: float) -> str:
    """Two figures of a time, with its sign: `4 min`, `-30 s`, `2 h 10 min`, `3 d 4 h`."""
    sign, whole = "-" if seconds < 0 else "", abs(round(seconds))
    days, hours, minutes = whole // 86_400, whole % 86_400 // 3_600, whole % 3_600 // 60
    if whole < 120:
        return f"{sign}{whole} s"
    if days:
        return f"{sign}{days} d {hours} h" if hours else f"{sign}{days} d"
    if hours:
        return f"{sign}{hours} h {minutes} min" if minutes else f"{sign}{hours} h"
    return f"{sign}{minutes} min"


def _listing(one: Verdict, world: World) -> str:
    return f"{one.alert}\n\n" + "".join(_lines(one, world))


def _lines(one: Verdict, world: World) -> Iterator[str]:
    for cause in one.missed:
        yield f"- missed: {cause.text}\n"
    for firing in one.groundless:
        yield f"- without cause: {_described(firing, world)}\n"


def _described(firing: Firing, world: World) -> str:
    named = {name: value for name, value in firing.labels if name in {"budget", "threshold", "gen_ai_agent_name"}}
    subject = ", ".join(named.values()) or ", ".join(f"{name}={value}" for name, value in firing.labels)
    lasted = duration_text(firing.resolved_at - firing.fired_at) if firing.resolved_at else "to the end"
    when = format_time(firing.fired_at * SECOND_NS)[:16].replace("T", " ")
    return f"{subject} at {when}, {lasted}{_circumstance(firing, world)}"


def _circumstance(firing: Firing, world: World) -> str:
    """What became of the budget, or what the agent spent."""
    labels = firing.named
    if "budget" in labels:
        return f"; its {labels['period']} ended at {_used(world.truth, firing):.0%}"
    if "gen_ai_agent_name" in labels:
        return _spending(Spending(world.truth), labels["gen_ai_agent_name"], firing)
    return ""


def _spending(spending: Spending, agent: str, firing: Firing) -> str:
    until = firing.resolved_at or firing.fired_at + HOUR_S
    hours = range(firing.pending_at, until, 60)
    dearest = max(hours, key=lambda at: spending.hour_before(agent, at))
    habit = spending.habit(agent, dearest) or 0
    return f"; ${spending.hour_before(agent, dearest) / 1e9:.2f} in an hour, usually ${habit / 1e9:.2f}"


def summary(verdicts: Sequence[Verdict]) -> str:
    """One line for a terminal."""
    missed, groundless = (sum(len(getattr(one, name)) for one in verdicts) for name in ("missed", "groundless"))
    return f"{len(verdicts)} alerts judged: {missed} causes missed, {groundless} firings without a cause"
