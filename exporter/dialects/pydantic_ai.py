"""pydantic-ai: the conventions, with what a provider counts apart under `gen_ai.usage.details`.

Most of the details repeat what the conventions' names say; some splits stand nowhere else.  Version 2 sums up the
run of an agent under `gen_ai.aggregated_usage`, which is no usage of its own; version 1 under the names of a call's
usage, where rule R4 finds it.  Sources: pydantic-ai 1.107 and 2.68; specification of telemetry dialects, sections
3.2 and 5.2.
"""

from __future__ import annotations

from typing import Final

from exporter.dialects import conventions
from exporter.dialects.base import Dialect
from exporter.dialects.kinds import operation_of
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import Reading

NAME: Final = "pydantic_ai"
SCOPE: Final = "pydantic-ai"

_DETAILS: Final = "gen_ai.usage.details."
OWN: Final = Spellings(
    write_5m=(f"{_DETAILS}ephemeral_5m_input_tokens",),
    write_1h=(f"{_DETAILS}ephemeral_1h_input_tokens",),
    reasoning=(f"{_DETAILS}reasoning_tokens", f"{_DETAILS}thoughts_tokens"),
)
SPELLINGS: Final = conventions.SPELLINGS.followed_by(OWN)


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span of pydantic-ai."""
    return read_usage(span, present, NAME, operation_of(span))


def _claims(keys: frozenset[str], scope: str) -> bool:
    return scope == SCOPE or not OWN.all_names().isdisjoint(keys)


DIALECT: Final = Dialect(
    name=NAME,
    marks=conventions.MARKS | OWN.all_names(),
    wanted=conventions.WANTED | OWN.all_names(),
    spellings=SPELLINGS,
    read=read,
    claims=_claims,
)
