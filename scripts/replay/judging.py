"""Firings against causes: what was found, how early, what was missed, and what fired for nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from scripts.replay.firing import Firing


class Cause(NamedTuple):
    """Why an alert should fire; times in Unix seconds."""

    subject: dict[str, str]
    """Labels that the alert must have."""
    since: int
    """From here on a firing counts."""
    until: int
    """Up to here; a firing that begins later is no answer to it."""
    due: int
    """What the lead is measured from: a firing before it is early, one after it late."""
    text: str


class Match(NamedTuple):
    cause: Cause
    firing: Firing
    lead_s: int
    """Above 0: so long before the cause was due."""


class Verdict(NamedTuple):
    """What one alert was worth."""

    alert: str
    firings: int
    matches: tuple[Match, ...]
    missed: tuple[Cause, ...]
    groundless: tuple[Firing, ...]
    """Firings that answer no cause."""

    @property
    def causes(self) -> int:
        return len(self.matches) + len(self.missed)

    @property
    def lead_s(self) -> float | None:
        """The median."""
        return median(match.lead_s for match in self.matches) if self.matches else None


def judge(
    alert: str,
    firings: Sequence[Firing],
    causes: Sequence[Cause],
    *,
    excused: Callable[[Firing], bool] = lambda _: False,
) -> Verdict:
    """Match each cause with the first firing that answers it.

    `excused` firings are not groundless although no cause asks for them.
    """
    matches: list[Match] = []
    missed: list[Cause] = []
    answering: set[Firing] = set()
    for cause in causes:
        answers = [firing for firing in firings if answers_cause(firing, cause)]
        answering.update(answers)
        if answers:
            matches.append(Match(cause, answers[0], cause.due - max(answers[0].fired_at, cause.since)))
        else:
            missed.append(cause)
    groundless = tuple(one for one in firings if one not in answering and not excused(one))
    return Verdict(alert, len(firings), tuple(matches), tuple(missed), groundless)


def answers_cause(firing: Firing, cause: Cause) -> bool:
    """Whether a firing is of the cause's subject, and lasts into its time and begins before its end."""
    if any(firing.named.get(name, "") != value for name, value in cause.subject.items()):
        return False
    return firing.fired_at <= cause.until and (firing.resolved_at is None or firing.resolved_at > cause.since)
