"""The causes of each alert, from the ledger's rows and the incidents: nothing here knows Prometheus."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from statistics import median
from typing import Final

from exporter.views.times import format_time
from scripts.replay.incidents import SPIKE, Incident
from scripts.replay.judging import Cause
from scripts.replay.ledger import SECOND_NS, Crossing, Episode, Truth, episodes
from scripts.replay.storage import Span

HOUR_S: Final = 3_600
RUNAWAY: Final = "night-crawler"
WEEK_S: Final = 7 * 24 * HOUR_S
_LOOP_PAUSE_NS: Final = 30 * 60 * SECOND_NS
_COVERAGE: Final = 0.9
_COVERAGE_FLOOR: Final = 100_000
_COVERAGE_FOR_S: Final = 30 * 60


def threshold_causes(truth: Truth, severity: str, span: Span) -> list[Cause]:
    """A threshold must be told from the call that reached it until its period ends."""
    return [
        Cause(
            {"budget": one.budget.id, "threshold": str(one.percent)},
            since=one.at_ns // SECOND_NS,
            until=one.period.end_ns // SECOND_NS,
            due=one.at_ns // SECOND_NS,
            text=f"{one.budget.id} reached {one.percent} % at {_clock(one.at_ns)}",
        )
        for one in truth.crossings
        if one.severity == severity and _is_within(one, span)
    ]


def exhaustion_causes(truth: Truth, periods: Iterable[str], span: Span) -> list[Cause]:
    """A limit that will be reached must be told between the start of the period and the call that reached it."""
    return [
        Cause(
            {"budget": one.budget.id},
            since=one.period.start_ns // SECOND_NS,
            until=one.at_ns // SECOND_NS,
            due=one.at_ns // SECOND_NS,
            text=f"{one.budget.id} was used up at {_clock(one.at_ns)}",
        )
        for one in truth.crossings
        if one.percent == 100 and one.budget.period in periods and _is_within(one, span)
    ]


def _is_within(one: Crossing, span: Span) -> bool:
    return span.start <= one.at_ns // SECOND_NS <= span.end


def loops_of(truth: Truth, agent: str) -> list[Episode]:
    """The loops of the runaway agent: its calls, with a pause between one loop and the next."""
    starts = ((agent, call.at_ns) for call in truth.calls if call.where["agent"] == agent)
    return episodes(starts, _LOOP_PAUSE_NS)


def unpriced_causes(truth: Truth, span: Span) -> list[Cause]:
    """Each stretch of calls without a price, of one model, told while it lasts or within an hour after it."""
    unpriced = ((call.where["model"], call.at_ns) for call in truth.calls if call.cost is None)
    return [
        Cause(
            {"gen_ai_response_model": one.subject},
            since=one.start_ns // SECOND_NS,
            until=one.end_ns // SECOND_NS + HOUR_S,
            due=one.start_ns // SECOND_NS,
            text=f"{one.subject} without a price from {_clock(one.start_ns)}",
        )
        for one in episodes(unpriced, HOUR_S * SECOND_NS)
        if span.start <= one.start_ns // SECOND_NS <= span.end
    ]


def coverage_causes(truth: Truth, span: Span) -> list[Cause]:
    """Stretches of half an hour and more in which less than 90 % of an hour's tokens had a price."""
    times = [call.at_ns // SECOND_NS for call in truth.calls]
    every = [0, *accumulate(call.tokens for call in truth.calls)]
    unpriced = [0, *accumulate(call.tokens if call.cost is None else 0 for call in truth.calls)]

    def is_low(at: int) -> bool:
        first, last = bisect_right(times, at - HOUR_S), bisect_right(times, at)
        tokens = every[last] - every[first]
        return tokens > _COVERAGE_FLOOR and unpriced[last] - unpriced[first] > (1 - _COVERAGE) * tokens

    found = []
    for first, last in _stretches(is_low, span):
        if last - first >= _COVERAGE_FOR_S - span.step:
            text = f"less than 90 % priced from {format_time(first * SECOND_NS)[:16]}"
            found.append(Cause({}, since=first, until=last + span.step, due=first, text=text))
    return found


def _stretches(holds: Callable[[int], bool], span: Span) -> Iterator[tuple[int, int]]:
    first = None
    for at in range(span.start, span.end + span.step, span.step):
        if holds(at) and at <= span.end:
            first = at if first is None else first
        elif first is not None:
            yield first, at - span.step
            first = None


def spike_causes(
    truth: Truth, incidents: Iterable[Incident], end_ns: int, span: Span
) -> tuple[list[Cause], list[Cause]]:
    """Bursts of an agent that has a habit already, and those of one that has none yet, which nobody can tell."""
    spending = Spending(truth)
    known: list[Cause] = []
    unknown: list[Cause] = []
    for agent, start, end in sorted(_bursts(truth, incidents, end_ns), key=lambda burst: burst[1]):
        if not span.start <= start <= span.end:
            continue
        text = f"{agent} from {_clock(start * SECOND_NS)}"
        cause = Cause({"gen_ai_agent_name": agent}, since=start, until=end + HOUR_S, due=start, text=text)
        (unknown if spending.habit(agent, start) is None else known).append(cause)
    return known, unknown


def _bursts(truth: Truth, incidents: Iterable[Incident], end_ns: int) -> Iterator[tuple[str, int, int]]:
    """Agent, start and end of the incidents, and of the loops of the runaway agent, which cost dollars each."""
    for one in incidents:
        if one.kind == SPIKE:
            yield one.agent, one.start_ns(end_ns) // SECOND_NS, one.end_ns(end_ns) // SECOND_NS
    for loop in loops_of(truth, RUNAWAY):
        yield loop.subject, loop.start_ns // SECOND_NS, loop.end_ns // SECOND_NS


class Spending:
    """What each agent spent in any hour, and what it usually spends in that hour of the week."""

    def __init__(self, truth: Truth) -> None:
        self._times: dict[str, list[int]] = {}
        self._sums: dict[str, list[int]] = {}
        for call in truth.calls:
            agent = call.where["agent"]
            self._times.setdefault(agent, []).append(call.at_ns // SECOND_NS)
            sums = self._sums.setdefault(agent, [0])
            sums.append(sums[-1] + (call.cost or 0))

    def hour_before(self, agent: str, at: int) -> int:
        """Nano-USD of the hour up to an instant."""
        times, sums = self._times.get(agent, []), self._sums.get(agent, [0])
        return sums[bisect_right(times, at)] - sums[bisect_right(times, at - HOUR_S)]

    def habit(self, agent: str, at: int) -> float | None:
        """The median of the same hour one to four weeks before, as far as the agent was there; None below two."""
        times = self._times.get(agent)
        weeks = [at - n * WEEK_S for n in (1, 2, 3, 4) if times and at - n * WEEK_S > times[0]]
        return median([self.hour_before(agent, one) for one in weeks]) if len(weeks) >= 2 else None


def _clock(at_ns: int) -> str:
    return format_time(at_ns // SECOND_NS * SECOND_NS)[:16].replace("T", " ")
