"""What goes wrong in the replayed past besides the runaway agent of the demo: bursts, and a model without a price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from exporter.demo.planned import PlannedTrace, seeded
from exporter.demo.rhythm import HOUR_NS
from exporter.demo.roster import ROSTER, Agent, Model
from exporter.demo.session import Session

DAY_NS: Final = 24 * HOUR_NS
SPIKE: Final = "spike"
SMALL: Final = "small"
UNPRICED: Final = "unpriced"
NEW_MODEL: Final = Model("forge-writer-30b", "forge-writer-30b", "self_hosted", "models.demo.internal")


class Incident(NamedTuple):
    """Sessions of one agent beyond its usual work."""

    kind: str
    agent: str
    day: int
    """Days before the end of the past."""
    hour: int
    """Of that day, UTC."""
    hours: int
    sessions_an_hour: int
    opening: int
    """Tokens of the first prompt of a session."""

    def start_ns(self, end_ns: int) -> int:
        return end_ns - self.day * DAY_NS + self.hour * HOUR_NS

    def end_ns(self, end_ns: int) -> int:
        return self.start_ns(end_ns) + self.hours * HOUR_NS


INCIDENTS: Final = (
    Incident(SPIKE, "search-ranker", day=10, hour=9, hours=3, sessions_an_hour=8, opening=60_000),
    Incident(SPIKE, "payments-builder", day=8, hour=2, hours=2, sessions_an_hour=5, opening=60_000),
    Incident(SPIKE, "onboarding-guide", day=4, hour=14, hours=4, sessions_an_hour=10, opening=40_000),
    Incident(SPIKE, "payments-architect", day=2, hour=10, hours=1, sessions_an_hour=6, opening=50_000),
    Incident(SPIKE, "search-strategist", day=36, hour=11, hours=2, sessions_an_hour=6, opening=50_000),
    Incident(SMALL, "payments-scribe", day=6, hour=3, hours=2, sessions_an_hour=4, opening=4_000),
    Incident(UNPRICED, "payments-scribe", day=15, hour=8, hours=6, sessions_an_hour=12, opening=30_000),
)


def plan(incident: Incident, end_ns: int) -> Iterator[PlannedTrace]:
    """The sessions of an incident, spread evenly; the same for the same end."""
    rng = seeded("incident", *incident, end_ns)
    agent = _agent_of(incident)
    gap_ns = HOUR_NS // incident.sessions_an_hour
    for number in range(incident.hours * incident.sessions_an_hour):
        work = {
            "agent.project": agent.project.name,
            **({"agent.team": agent.project.team} if agent.project.team else {}),
            "agent.task.id": f"INC-{rng.getrandbits(32):08x}",
            "agent.phase": "build",
        }
        session = Session(rng, agent, incident.start_ns(end_ns) + number * gap_ns, work)
        session.converse(turns=8, opening=incident.opening, growth=(1_000, 6_000), reuse=False)
        yield session.finish()


def _agent_of(incident: Incident) -> Agent:
    agent = next(one for one in ROSTER if one.name == incident.agent)
    return agent._replace(model=NEW_MODEL) if incident.kind == UNPRICED else agent
