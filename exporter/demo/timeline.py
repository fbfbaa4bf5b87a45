"""What happens when: N days of history hour by hour, or an endless present at a given rate."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Final

from exporter.demo.planned import CLIENT, PlannedTrace, seeded
from exporter.demo.rhythm import HOUR_NS, SECOND_NS, tasks_in_hour
from exporter.demo.tasks import MAX_TASK_NS, Crew, plan_runaway, plan_task

_LOOPS_PER_HOUR: Final = 1 / 40
"""How often the runaway agent loses itself in the history."""
_LIVE_LOOP_EVERY: Final = 20
"""In the present every twentieth piece of work is such a loop, so that nobody waits long to see one."""
_SAMPLE: Final = 60


def plan_history(crew: Crew, *, start_ns: int, end_ns: int, tasks_per_day: float) -> Iterator[PlannedTrace]:
    """The sessions that lie wholly in [start, end], in the order of their start.

    An hour holds the same sessions whatever the bounds are, so a history that is pushed again later
    only adds what is new.
    """
    hours = range((start_ns - MAX_TASK_NS) // HOUR_NS, end_ns // HOUR_NS + 1)
    planned = (((hour + 1) * HOUR_NS, plan_hour(crew, hour, tasks_per_day=tasks_per_day)) for hour in hours)
    return (trace for trace in _in_order(planned) if trace.start_ns >= start_ns and trace.end_ns <= end_ns)


def plan_hour(crew: Crew, hour: int, *, tasks_per_day: float) -> list[PlannedTrace]:
    """The sessions of all work that begins in an hour, counted from 1970-01-01T00:00Z."""
    rng = seeded(crew.seed, "hour", hour)
    begins = [hour * HOUR_NS + rng.randrange(HOUR_NS) for _ in range(tasks_in_hour(rng, hour, per_day=tasks_per_day))]
    traces = [trace for n, at_ns in enumerate(begins) for trace in plan_task(crew, f"{hour}-{n}", at_ns)]
    if rng.random() < _LOOPS_PER_HOUR:
        traces += plan_runaway(crew, str(hour), hour * HOUR_NS + rng.randrange(HOUR_NS))
    return traces


def plan_present(crew: Crew, *, start_ns: int, calls_per_second: float) -> Iterator[PlannedTrace]:
    """Endless sessions in the order of their start, with `calls_per_second` model calls on average."""
    gap_ns = int(_calls_per_piece(crew) / calls_per_second * SECOND_NS)
    begins = ((n, start_ns + n * gap_ns) for n in count())
    return _in_order((at_ns + gap_ns, _plan_piece(crew, f"{start_ns}-{n}", n, at_ns)) for n, at_ns in begins)


def _plan_piece(crew: Crew, key: str, number: int, start_ns: int) -> list[PlannedTrace]:
    loops = number % _LIVE_LOOP_EVERY == 5 and any(agent.runs_away for agent in crew.agents)
    return plan_runaway(crew, key, start_ns) if loops else plan_task(crew, key, start_ns)


def _calls_per_piece(crew: Crew) -> float:
    sample = [trace for n in range(_SAMPLE) for trace in _plan_piece(crew, f"sample-{n}", n, 0)]
    return sum(span.kind == CLIENT for trace in sample for span in trace.spans) / _SAMPLE


def _in_order(batches: Iterable[tuple[int, list[PlannedTrace]]]) -> Iterator[PlannedTrace]:
    """Sort by start across batches; each says before which time nothing of a later batch starts."""
    waiting: list[tuple[int, int, PlannedTrace]] = []
    for horizon_ns, traces in batches:
        for trace in traces:
            heapq.heappush(waiting, (trace.start_ns, trace.trace_id, trace))
        while waiting and waiting[0][0] < horizon_ns:
            yield heapq.heappop(waiting)[2]
    yield from (heapq.heappop(waiting)[2] for _ in range(len(waiting)))
