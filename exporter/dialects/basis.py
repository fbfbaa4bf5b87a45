"""Which way an emitter counts: the six disjoint classes out of totals that may or may not contain each other.

Two questions decide it.  Does the input count contain the cached tokens (inclusive) or not (exclusive)?
Does the output count contain the reasoning (subset) or not (additive)?  The numbers often prove the answer;
otherwise the emitter's row in `EMITTERS` says it, else the conventions' own reading holds (inclusive, subset).
Source: specification of telemetry dialects, section 5.3, steps A to E.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from exporter.usage import Tokens

CLAMPED: Final = "clamped"
"""A part was larger than what should contain it, although nothing proved another reading."""
BASIS_GUESS: Final = "basis_guess"
"""The provider counts cached tokens apart, and nobody knows how this emitter passes them on."""
HIDDEN_REASONING: Final = "hidden_reasoning"
"""Reasoning that only the total betrayed."""

ANTHROPIC: Final = "anthropic"
BEDROCK: Final = "aws.bedrock"
EXCLUSIVE_PROVIDERS: Final = frozenset({ANTHROPIC, BEDROCK})
"""Their own interfaces count cached tokens beside the input."""
GEMINI_PROVIDERS: Final = frozenset({"gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai"})
"""Their own interfaces count reasoning beside the output."""
_ADDITIVE_PROVIDERS: Final = ("x_ai", "gcp.")


class Counts(NamedTuple):
    """Token counts as reported; an absent one is 0, and None only where that differs from 0."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    """The part of `cache_write` with the long lifetime."""
    reasoning: int = 0
    total: int | None = None
    uncached: int | None = None
    """Input that no cache had a part in, as stated beside the input."""
    visible: int | None = None
    """Output without reasoning, as stated beside the output."""


class Emitter(NamedTuple):
    """How the spans of one instrumentation scope count."""

    scope: str
    """Name of the scope, or the beginning of one up to a dot or slash."""
    exclusive_for: frozenset[str] = frozenset()
    """Providers for which the input leaves cached tokens out."""
    is_additive: bool = False
    """Whether the output leaves reasoning out."""
    is_exclusive: bool = False
    """Whether the input leaves cached tokens out whoever answered."""
    additive_for: frozenset[str] = frozenset()
    """Providers for which it does, where it depends on them."""


VERCEL, VERCEL_BEFORE_6 = "ai", "ai/5"
"""Rows for one scope, whose versions count differently."""

EMITTERS: Final = (
    Emitter(VERCEL),
    Emitter(VERCEL_BEFORE_6, EXCLUSIVE_PROVIDERS),
    Emitter("opentelemetry.instrumentation.genai.bedrock", frozenset({BEDROCK})),
    Emitter("opentelemetry.instrumentation.genai"),
    Emitter("opentelemetry.instrumentation.bedrock", frozenset({BEDROCK, ANTHROPIC})),
    # It hands on what each provider's interface says.
    Emitter("opentelemetry.instrumentation.ag2", EXCLUSIVE_PROVIDERS, additive_for=GEMINI_PROVIDERS),
    Emitter("opentelemetry.instrumentation.anthropic"),
    Emitter("opentelemetry.instrumentation.botocore", frozenset({BEDROCK})),
    Emitter("opentelemetry.instrumentation.langchain"),
    Emitter("opentelemetry.util.genai"),
    Emitter("openlit.instrumentation.claude_agent_sdk"),
    Emitter("openlit", EXCLUSIVE_PROVIDERS),
    Emitter("openlit.instrumentation.google_ai_studio", is_additive=True),
    Emitter("openlit.instrumentation.litellm"),
    Emitter("openlit.instrumentation.vertexai", is_additive=True),
    Emitter("agent_framework", EXCLUSIVE_PROVIDERS),
    Emitter("com.anthropic.sdk"),
    Emitter("com.anthropic.claude_code", is_exclusive=True),
    Emitter("cline", is_exclusive=True),
    Emitter("envoy"),
    Emitter("envoyproxy"),
    Emitter("gemini-cli", is_additive=True),
    Emitter("qwen-code"),
    Emitter("gcp.vertex.agent"),
    Emitter("gen_ai"),
    Emitter("haystack"),
    Emitter("github.copilot"),
    # Langfuse's own keys leave each other out, whoever fills them; what its SDK takes over counts as the provider does.
    Emitter("langfuse", is_exclusive=True, is_additive=True),
    Emitter("langfuse-sdk"),
    Emitter("litellm"),
    Emitter("logfire"),
    Emitter("mlflow"),
    Emitter("openinference"),
    # Agno hands on what Anthropic's interface says, unlike all others of this family.
    Emitter("openinference.instrumentation.agno", frozenset({ANTHROPIC})),
    Emitter("@arizeai"),
    Emitter("@mastra"),
    # Whatever the scope: LangChain makes all providers count alike before LangSmith sees it.
    Emitter("langsmith"),
    Emitter("pydantic-ai"),
    Emitter("strands"),
)
"""A longer scope wins over its beginning.  Shown by recorded telemetry or read in the emitters' sources."""

UNKNOWN_EMITTER: Final = Emitter("")


NUMBERS: Final = "numbers"
"""A part is larger than what should contain it, so it is not contained."""
BY_PARTS: Final = "parts"
"""The part that is not cached, or not reasoning, was reported too."""
BY_TOTAL: Final = "total"
"""One reading alone predicts the total that was reported."""
BY_PROVIDER: Final = "provider"
"""Two readings predict the total, and the provider's own interface counts in one of the two ways."""
BY_EMITTER: Final = "emitter"
"""The emitter's row in `EMITTERS`."""
BY_DEFAULT: Final = "default"
"""Nothing is known of the emitter, so the conventions' own reading holds."""


class Basis(NamedTuple):
    is_exclusive: bool
    is_additive: bool
    rule: str = BY_TOTAL
    """What decided where `NUMBERS` did not."""


CONVENTIONAL: Final = Basis(False, False, BY_DEFAULT)
_AS_LISTED: Final = Basis(False, False, BY_EMITTER)
_READINGS: Final = (Basis(True, False), Basis(False, True), Basis(True, True))
"""Those that a total can prove.  Input plus output proves nothing: some emitters add up exclusive counts that way."""


def split(counts: Counts, emitter: Emitter, *, provider: str, model: str, flags: list[str]) -> Tokens:
    """The disjoint classes of one call.  What had to be guessed or bent is added to `flags`."""
    fresh, visible, read, write, write_1h, reasoning, total = counts[:7]
    cached = read + write
    if cached or reasoning:
        is_exclusive, is_additive, _ = find_basis(counts, emitter, provider, flags)
        if cached and not is_exclusive:
            fresh = _rest(fresh, cached, flags)
        if reasoning and not is_additive:
            visible = _rest(visible, reasoning, flags)
    if total is not None and not reasoning:
        reasoning = _hidden_reasoning(total - fresh - cached - visible, model, flags)
    write_1h = min(write_1h, write) if write_1h else 0
    return Tokens(fresh, read, write - write_1h, write_1h, visible, reasoning)


def find_basis(counts: Counts, emitter: Emitter, provider: str, flags: list[str]) -> Basis:
    """Proofs first, then what is known of the emitter, then the conventions."""
    cached = counts.cache_read + counts.cache_write
    parts_apart = _is_apart(counts.input, cached, counts.uncached)
    thought_apart = _is_apart(counts.output, counts.reasoning, counts.visible)
    is_exclusive = counts.input < cached if parts_apart is None else parts_apart
    is_additive = counts.reasoning > counts.output if thought_apart is None else thought_apart
    if parts_apart is not None and (thought_apart is not None or not counts.reasoning):
        return Basis(is_exclusive, is_additive, BY_PARTS)
    if counts.total is not None:
        fitting = _by_total(counts, Basis(is_exclusive, is_additive))
        if len(fitting) > 1 and emitter is UNKNOWN_EMITTER:
            fitting = _by_provider(provider, fitting)
        if len(fitting) == 1:
            return fitting[0]
    if cached and not is_exclusive and parts_apart is None:
        is_exclusive = emitter.is_exclusive or provider in emitter.exclusive_for
        if emitter is UNKNOWN_EMITTER and provider in EXCLUSIVE_PROVIDERS:
            flags.append(BASIS_GUESS)
    says_additive = emitter.is_additive or provider in emitter.additive_for
    is_additive = is_additive or (says_additive and thought_apart is None)
    if is_exclusive or is_additive:
        return Basis(is_exclusive, is_additive, BY_DEFAULT if emitter is UNKNOWN_EMITTER else BY_EMITTER)
    return CONVENTIONAL if emitter is UNKNOWN_EMITTER else _AS_LISTED


def _is_apart(whole: int, part: int, rest: int | None) -> bool | None:
    """Whether `whole` leaves `part` out, as the stated rest of it proves; None when it proves nothing."""
    if rest is None or not part or rest not in (whole, whole - part):
        return None
    return rest == whole


def _by_total(counts: Counts, proved: Basis) -> list[Basis]:
    """The readings that predict the reported total and contradict no proof; none when plain addition predicts it."""
    cached = counts.cache_read + counts.cache_write
    beyond = (counts.total or 0) - counts.input - counts.output
    return [
        reading
        for reading in _READINGS
        if beyond > 0
        and beyond == cached * reading.is_exclusive + counts.reasoning * reading.is_additive
        and reading.is_exclusive >= proved.is_exclusive
        and reading.is_additive >= proved.is_additive
        # Without cached tokens or reasoning there is nothing to include or to leave out.
        and (cached or not reading.is_exclusive)
        and (counts.reasoning or not reading.is_additive)
    ]


def _by_provider(provider: str, tied: list[Basis]) -> list[Basis]:
    """Cached and reasoning tokens are equally many, so that two readings fit: the provider's own way of counting."""
    if provider in EXCLUSIVE_PROVIDERS:
        return [basis._replace(rule=BY_PROVIDER) for basis in tied if basis.is_exclusive]
    if provider.startswith(_ADDITIVE_PROVIDERS):
        return [basis._replace(rule=BY_PROVIDER) for basis in tied if basis.is_additive]
    return []


@lru_cache(maxsize=1024)
def emitter_of(scope: str) -> Emitter:
    """The row of the longest scope name that `scope` is or lies below; UNKNOWN_EMITTER when there is none."""
    fitting = [row for row in EMITTERS if scope == row.scope or scope.startswith((f"{row.scope}.", f"{row.scope}/"))]
    return max(fitting, key=lambda row: len(row.scope), default=UNKNOWN_EMITTER)


def _rest(whole: int, part: int, flags: list[str]) -> int:
    if part > whole:
        flags.append(CLAMPED)
        return 0
    return whole - part


def _hidden_reasoning(beyond: int, model: str, flags: list[str]) -> int:
    """Gemini's OpenAI-compatible endpoint leaves thinking out of every count but the total."""
    if beyond <= 0 or "gemini" not in model:
        return 0
    flags.append(HIDDEN_REASONING)
    return beyond
