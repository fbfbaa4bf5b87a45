"""The official GenAI conventions of OpenTelemetry; their names are in `conventions`."""

from __future__ import annotations

from typing import Final

from exporter.dialects.base import Dialect
from exporter.dialects.conventions import OPERATION, SPELLINGS, WANTED
from exporter.dialects.kinds import UNNAMED, find_operation, operation_of_name
from exporter.dialects.reading import read_usage
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import Reading

NAME: Final = "genai"

_NOT_MARKS: Final = frozenset(
    {*SPELLINGS.address, *SPELLINGS.agent, *SPELLINGS.conversation, *SPELLINGS.tier, *SPELLINGS.context}
)
MARKS: Final = SPELLINGS.all_names() - _NOT_MARKS


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span that follows any generation of the conventions."""
    operation = find_operation(span.attributes.get(OPERATION))
    if operation is UNNAMED:
        operation = operation_of_name(span.name)
    return read_usage(span, present, NAME, operation)


DIALECT: Final = Dialect(name=NAME, marks=MARKS, wanted=WANTED, spellings=SPELLINGS, read=read)
