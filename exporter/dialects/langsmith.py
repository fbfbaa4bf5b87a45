"""LangSmith's OpenTelemetry export: the conventions' totals, their parts in texts, and a kind of its own.

The parts are what LangChain calls usage metadata: JSON under `langsmith.metadata.usage_metadata`, the printed form of a
Python dictionary under `gen_ai.usage.*_token_details`.  They are parts of the totals.  Chains and agents repeat what
calls within them used.  Sources: langsmith 0.14.17; specification of telemetry dialects, section 3.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.fields import short_text
from exporter.dialects.kinds import OPERATIONS, Operation, find_operation
from exporter.dialects.literals import read_object
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Lift, Span, Value
from exporter.usage import OTHER, STEP, Reading

NAME: Final = "langsmith"

_KIND: Final = "langsmith.span.kind"
_SAID: Final = "langsmith.metadata."
_METADATA: Final = f"{_SAID}usage_metadata"
_INPUT_DETAILS, _OUTPUT_DETAILS = (f"gen_ai.usage.{side}_token_details" for side in ("input", "output"))
_LIFETIME: Final = "anthropic.usage.cache_creation.ephemeral_"

OWN: Final = Spellings(
    operation=(_KIND,),
    provider=(f"{_SAID}ls_provider",),
    request_model=(f"{_SAID}ls_model_name",),
    conversation=(f"{_SAID}session_id", f"{_SAID}thread_id", f"{_SAID}conversation_id"),
    agent=(f"{_SAID}lc_agent_name",),
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)

_KINDS: Final = {
    "llm": OPERATIONS["chat"],
    "embedding": OPERATIONS["embeddings"],
    "tool": OPERATIONS["execute_tool"],
    "retriever": OPERATIONS["retrieval"],
    # The emitter calls the next ones embeddings and chat under the conventions' name, which they are not.
    "prompt": Operation("prompt", STEP),
    "parser": Operation("parser", STEP),
    "chain": Operation("chain", STEP),
    "agent": OPERATIONS["invoke_agent"],
}
_TIERS: Final = ("", "priority_", "flex_")
"""Before the name of a part that another service tier bills."""
_INPUT_PARTS: Final = (
    ("cache_read", "gen_ai.usage.cache_read.input_tokens"),
    ("cache_creation", "gen_ai.usage.cache_write.input_tokens"),
    ("ephemeral_5m_input_tokens", f"{_LIFETIME}5m_input_tokens"),
    ("ephemeral_1h_input_tokens", f"{_LIFETIME}1h_input_tokens"),
    ("audio", "gen_ai.usage.audio.input_tokens"),
)
_OUTPUT_PARTS: Final = (
    ("reasoning", "gen_ai.usage.reasoning.output_tokens"),
    ("audio", "gen_ai.usage.audio.output_tokens"),
)
_TOTALS: Final = tuple((f"{side}_tokens", f"gen_ai.usage.{side}_tokens") for side in ("input", "output", "total"))


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span that LangSmith exported."""
    attributes = span.attributes
    operation = _operation(short_text(attributes.get(_KIND)), short_text(attributes.get(conventions.OPERATION)))
    return read_usage(span, present, NAME, operation, counted_as=NAME)


@lru_cache(maxsize=256)
def _operation(kind: str, stated: str) -> Operation:
    own = _KINDS.get(kind.strip().lower())
    operation = find_operation(stated)
    return own or (operation if operation.kind != OTHER else Operation(operation.name, OTHER))


def _take(attributes: Mapping[str, Value]) -> dict[str, Value]:
    if attributes.get(_KIND) not in ("llm", "embedding"):
        return {}
    whole = read_object(attributes.get(_METADATA))
    found = dict(_parts(whole, _TOTALS))
    for details, key, parts in (
        (_INPUT_DETAILS, "input_token_details", _INPUT_PARTS),
        (_OUTPUT_DETAILS, "output_token_details", _OUTPUT_PARTS),
    ):
        found |= dict(_parts(whole.get(key), parts)) | dict(_parts(read_object(attributes.get(details)), parts))
    return found


def _parts(said: Any, names: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, Value]]:
    """Counts by the names of the conventions; of one part, that of the tier that has one."""
    if not isinstance(said, dict):
        return
    for own, name in names:
        counts = [said.get(f"{tier}{own}") for tier in _TIERS]
        count = next((count for count in counts if type(count) is int and count > 0), None)
        if count is not None:
            yield name, count


DIALECT: Final = Dialect(
    name=NAME,
    marks=frozenset({_KIND}),
    wanted=conventions.WANTED | OWN.all_names(),
    spellings=SPELLINGS,
    read=read,
    lift=Lift(frozenset({_METADATA, _INPUT_DETAILS, _OUTPUT_DETAILS}), _take),
)
