"""The work that the fleet does: tasks with their phases, and the loops of the runaway agent."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from exporter.demo.planned import Attribute, PlannedTrace, seeded
from exporter.demo.rhythm import SECOND_NS
from exporter.demo.roster import ECONOMY, PREMIUM, STANDARD, Agent, Project
from exporter.demo.session import Session

_TYPES: Final = ("feature", "bugfix", "refactoring", "research", "documentation")
MAX_TASK_NS: Final = 8 * 3_600 * SECOND_NS
"""No task lasts longer, from the start of its first phase to the end of its last one."""


class Phase(NamedTuple):
    name: str
    tier: str
    """The tier that does it where the project has one."""
    turns: tuple[int, int]
    opening: int


PHASES: Final = (
    Phase("discover", ECONOMY, (2, 5), 3_000),
    Phase("plan", PREMIUM, (1, 4), 12_000),
    Phase("build", STANDARD, (4, 10), 9_000),
    Phase("verify", ECONOMY, (2, 5), 5_000),
)
_SIZE: Final = {"low": 1, "medium": 2, "high": 4}
"""How much longer the prompts of a more complex task are."""


class Crew(NamedTuple):
    """The agents at hand, and how long a project rests between the phases of a task."""

    seed: int
    agents: tuple[Agent, ...]
    rest_s: tuple[int, int] = (60, 3_600)

    def projects(self) -> tuple[Project, ...]:
        return tuple(dict.fromkeys(agent.project for agent in self.agents if not agent.runs_away))

    def of(self, project: Project) -> tuple[Agent, ...]:
        return tuple(agent for agent in self.agents if agent.project == project and not agent.runs_away)


def plan_task(crew: Crew, key: str, start_ns: int) -> list[PlannedTrace]:
    """One task: a session for each phase.  The same crew, key and start give the same spans."""
    rng = seeded(crew.seed, "task", key)
    project = rng.choice(crew.projects())
    work = _describe_task(rng, project)
    traces: list[PlannedTrace] = []
    at_ns = start_ns
    for phase in PHASES:
        trace = _plan_phase(rng, crew.of(project), phase, at_ns, work)
        traces.append(trace)
        at_ns = trace.end_ns + rng.randrange(*crew.rest_s) * SECOND_NS
    return [trace for trace in traces if trace.end_ns <= start_ns + MAX_TASK_NS]


def plan_runaway(crew: Crew, key: str, start_ns: int) -> list[PlannedTrace]:
    """One loop of the runaway agent: dozens of calls on a prompt that grows and is never found in a cache."""
    rng = seeded(crew.seed, "runaway", key)
    traces = []
    for agent in (agent for agent in crew.agents if agent.runs_away):
        session = Session(rng, agent, start_ns, {**_describe_task(rng, agent.project), "agent.phase": "build"})
        session.converse(turns=rng.randrange(25, 50), opening=80_000, growth=(2_000, 9_000), reuse=False)
        traces.append(session.finish())
    return traces


def _describe_task(rng: random.Random, project: Project) -> dict[str, Attribute]:
    number = rng.getrandbits(32)
    return {
        "agent.project": project.name,
        **({"agent.team": project.team} if project.team else {}),
        "agent.task.id": f"{project.name[:3].upper()}-{number:08x}",
        "agent.task.type": rng.choice(_TYPES),
        "agent.task.complexity": rng.choices(tuple(_SIZE), weights=(5, 3, 1))[0],
        "agent.task.importance": rng.choice(tuple(_SIZE)),
        "agent.task.impact": rng.choice(tuple(_SIZE)),
        "agent.experiment.id": "short-prompts",
        "agent.experiment.variant": "variant" if number & 1 else "control",
    }


def _choose_agent(rng: random.Random, agents: Sequence[Agent], tier: str) -> Agent:
    fitting = [agent for agent in agents if agent.tier == tier]
    return rng.choice(fitting or agents)


def _plan_phase(
    rng: random.Random, colleagues: Sequence[Agent], phase: Phase, start_ns: int, work: Mapping[str, Attribute]
) -> PlannedTrace:
    agent = _choose_agent(rng, colleagues, phase.tier)
    session = Session(rng, agent, start_ns, {**work, "agent.phase": phase.name})
    if agent.embeds:
        session.embed(calls=rng.randrange(1, 4))
    opening = phase.opening * _SIZE[str(work["agent.task.complexity"])]
    session.converse(turns=rng.randrange(*phase.turns), opening=opening, growth=(400, 6_000))
    others = [colleague for colleague in colleagues if colleague != agent]
    if phase.name == "build" and others and rng.random() < 0.5:
        session.delegate(rng.choice(others), turns=rng.randrange(1, 3))
    return session.finish()
