"""Which causes belong to which alert; one line for each alert that the past can judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from scripts.replay.causes import coverage_causes, exhaustion_causes, spike_causes, threshold_causes, unpriced_causes
from scripts.replay.firing import Firing, firings_of
from scripts.replay.incidents import Incident
from scripts.replay.judging import Cause, Verdict, judge
from scripts.replay.ledger import Truth
from scripts.replay.rules import Alert, Rules, sources_of
from scripts.replay.storage import Span, Storage

PREDICTIVE: Final = {
    "AgentBudgetFastBurn": ("hour", "day", "week", "month"),
    "AgentBudgetBurn": ("day", "week", "month"),
    "AgentBudgetSlowBurn": ("week", "month"),
    "AgentBudgetExhaustion": ("hour", "day", "week", "month"),
    "AgentBudgetForecast": ("day", "week", "month"),
}
"""Alerts that tell of a limit before it is reached, and the periods of the budgets that they watch."""
WATCHDOG: Final = "Watchdog"
ANY_OF: Final = "any of these five"


class World(NamedTuple):
    """What there is to judge by."""

    truth: Truth
    incidents: Sequence[Incident]
    end_ns: int
    span: Span


class Judged(NamedTuple):
    verdicts: tuple[Verdict, ...]
    unfounded: tuple[Cause, ...]
    """Bursts of agents that had no habit yet, which no alert is expected to tell."""
    without_input: tuple[str, ...]
    """Alerts that read only what no ledger knows."""


def judge_rules(rules: Rules, storage: Storage, world: World) -> Judged:
    """Evaluate every alert over the past and compare it with what happened."""
    there = storage.names()
    judged = [alert for alert in rules.alerts if sources_of(alert.expression, rules.recordings) & there]
    always = [alert for alert in rules.alerts if alert.name == WATCHDOG]
    fired = [(alert, firings_of(alert, storage, world.span)) for alert in (*judged, *always)]
    verdicts = [judge(title_of(alert), firings, causes_of(alert, world)) for alert, firings in fired]
    predicted = [firing for alert, firings in fired if alert.name in PREDICTIVE for firing in firings]
    verdicts.append(_judge_together(predicted, world))
    without = dict.fromkeys(alert.name for alert in rules.alerts if alert not in judged and alert not in always)
    _, unfounded = spike_causes(world.truth, world.incidents, world.end_ns, world.span)
    return Judged(tuple(verdicts), tuple(unfounded), tuple(without))


def title_of(alert: Alert) -> str:
    return f"{alert.name} ({alert.severity})"


def causes_of(alert: Alert, world: World) -> list[Cause]:
    """Empty for alerts that must stay silent over the whole past."""
    makers: dict[str, Callable[[], list[Cause]]] = {
        "AgentBudgetThreshold": lambda: threshold_causes(world.truth, alert.severity, world.span),
        "AgentCostSpike": lambda: spike_causes(world.truth, world.incidents, world.end_ns, world.span)[0],
        "AgentUsageUnpriced": lambda: unpriced_causes(world.truth, world.span),
        "AgentPriceCoverageLow": lambda: coverage_causes(world.truth, world.span),
        WATCHDOG: lambda: [Cause({}, world.span.start, world.span.start, world.span.start, "always")],
    }
    if alert.name in PREDICTIVE:
        return exhaustion_causes(world.truth, PREDICTIVE[alert.name], world.span)
    return makers.get(alert.name, list)()


def _judge_together(firings: Iterable[Firing], world: World) -> Verdict:
    """Whether anything told of a limit before it was reached, and the first that did."""
    in_order = sorted(firings, key=lambda one: one.fired_at)
    causes = exhaustion_causes(world.truth, ("hour", "day", "week", "month"), world.span)
    return judge(ANY_OF, in_order, causes)
