"""When alerts fire: Prometheus' own states (rules/alerting.go), over evaluations that are all known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scripts.replay.rules import Alert
from scripts.replay.storage import Labels, Span, Storage


class Firing(NamedTuple):
    """One alert from its firing to its end, in Unix seconds."""

    labels: Labels
    pending_at: int
    """The first evaluation of those in a row that held."""
    fired_at: int
    resolved_at: int | None
    """The first evaluation at which it no longer fired; None when it fired at the end of the past."""

    @property
    def named(self) -> dict[str, str]:
        return dict(self.labels)


def firings_of(alert: Alert, storage: Storage, span: Span) -> list[Firing]:
    """All firings of an alert, oldest first."""
    found = [
        firing
        for labels, held in storage.present(alert.expression, span).items()
        for firing in fire(labels, held, alert, span)
    ]
    return sorted(found, key=lambda firing: (firing.fired_at, firing.labels))


def fire(labels: Labels, held: Sequence[int], alert: Alert, span: Span) -> Iterator[Firing]:
    """The firings of one series, given the evaluations at which its expression held.

    It becomes active when it holds, fires when that is `for` ago, and ends at the first evaluation that does not hold,
    or `keep_firing_for` after it when it does not hold again until then.
    """
    current: Firing | None = None
    for first, last in _runs(held, span.step):
        if current is not None and first > _ended(current):
            yield current
            current = None
        if current is None:
            fired_at = first + _whole_steps(alert.for_s, span.step)
            if fired_at > last:
                continue
            current = Firing(labels, first, fired_at, None)
        current = current._replace(resolved_at=last + span.step + _whole_steps(alert.keep_s, span.step))
    if current is not None:
        yield current if _ended(current) <= span.end else current._replace(resolved_at=None)


def _ended(firing: Firing) -> int:
    return firing.resolved_at if firing.resolved_at is not None else 0


def _whole_steps(seconds: float, step: int) -> int:
    return int(-(-seconds // step)) * step


def _runs(held: Sequence[int], step: int) -> Iterator[tuple[int, int]]:
    """The first and the last of evaluations in a row."""
    first = last = None
    for at in held:
        if last is not None and first is not None and at - last > step:
            yield first, last
            first = at
        first = at if first is None else first
        last = at
    if first is not None and last is not None:
        yield first, last
