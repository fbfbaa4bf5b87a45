"""Who works in the demo fleet: its projects, models and agents."""

from __future__ import annotations

from typing import Final, NamedTuple

PREMIUM: Final = "premium"
STANDARD: Final = "standard"
ECONOMY: Final = "economy"


class Project(NamedTuple):
    name: str
    team: str
    """Empty where the agents do not say it; a rule of the configuration then knows (demo.yml)."""
    environment: str


class Model(NamedTuple):
    """A model as a provider serves it.  `provider` is spelled as the OpenTelemetry conventions do."""

    name: str
    answered_as: str
    """What the response calls it; providers answer with a dated name."""
    provider: str
    server: str
    writes_cache: bool = False
    """The provider reports prompt tokens that it wrote to its cache, as Anthropic does."""
    reasons: bool = False
    """The provider reports reasoning tokens."""


class Agent(NamedTuple):
    name: str
    project: Project
    role: str
    tier: str
    model: Model
    runs_away: bool = False
    """Loops on a growing prompt until its budget is gone; takes no part in ordinary tasks."""
    embeds: bool = False


PAYMENTS: Final = Project("payments", "platform", "production")
SEARCH: Final = Project("search", "discovery", "production")
ONBOARDING: Final = Project("onboarding", "", "staging")

_ANTHROPIC, _OPENAI, _GOOGLE = "api.anthropic.com", "api.openai.com", "generativelanguage.googleapis.com"

OPUS: Final = Model("claude-opus-5-5", "claude-opus-5-5", "anthropic", _ANTHROPIC, writes_cache=True)
SONNET: Final = Model("claude-sonnet-5-5", "claude-sonnet-5-5", "anthropic", _ANTHROPIC, writes_cache=True)
HAIKU: Final = Model("claude-haiku-5-5", "claude-haiku-5-5", "anthropic", _ANTHROPIC, writes_cache=True)
SOL: Final = Model("gpt-6-sol", "gpt-6-sol", "openai", _OPENAI, reasons=True)
LUNA: Final = Model("gpt-6-luna", "gpt-6-luna", "openai", _OPENAI, reasons=True)
GEMINI_PRO: Final = Model("gemini-2.5-pro", "gemini-2.5-pro", "gcp.gemini", _GOOGLE, reasons=True)
GEMINI_FLASH: Final = Model("gemini-2.5-flash", "gemini-2.5-flash", "gcp.gemini", _GOOGLE, reasons=True)
EMBEDDING: Final = Model("text-embedding-3-small", "text-embedding-3-small", "openai", _OPENAI)
UNPRICED: Final = Model("forge-coder-7b", "forge-coder-7b", "self_hosted", "models.demo.internal")
"""In no price book, so that the fleet also shows what unpriced usage looks like."""

ROSTER: Final = (
    Agent("payments-architect", PAYMENTS, "planner", PREMIUM, OPUS),
    Agent("search-ranker", SEARCH, "developer", STANDARD, SONNET),
    Agent("onboarding-translator", ONBOARDING, "writer", ECONOMY, HAIKU),
    Agent("night-crawler", ONBOARDING, "researcher", PREMIUM, SOL, runs_away=True),
    Agent("payments-builder", PAYMENTS, "developer", STANDARD, SONNET),
    Agent("search-indexer", SEARCH, "indexer", ECONOMY, LUNA, embeds=True),
    Agent("onboarding-coder", ONBOARDING, "developer", ECONOMY, UNPRICED),
    Agent("payments-reviewer", PAYMENTS, "reviewer", STANDARD, GEMINI_PRO),
    Agent("search-strategist", SEARCH, "planner", PREMIUM, SOL),
    Agent("payments-scribe", PAYMENTS, "writer", ECONOMY, HAIKU),
    Agent("search-tester", SEARCH, "tester", ECONOMY, GEMINI_FLASH),
    Agent("onboarding-guide", ONBOARDING, "planner", STANDARD, SONNET),
)


def recruit(count: int) -> tuple[Agent, ...]:
    """The first `count` agents; beyond the roster each post is filled again, as `search-tester-2`.

    There is one runaway agent at most.
    """
    posts = [agent for agent in ROSTER if not agent.runs_away]
    staff = list(ROSTER[:count])
    while len(staff) < count:
        shift, post = divmod(len(staff) - len(ROSTER), len(posts))
        staff.append(posts[post]._replace(name=f"{posts[post].name}-{shift + 2}"))
    return tuple(staff)
