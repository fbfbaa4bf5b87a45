"""GitHub Copilot, in the editor and on the command line: the conventions' spans, event and metrics under one name.

A span is believed first, then the event, then the metrics.  `invoke_agent` spans repeat the calls below them, and the
editor's `copilot_chat.agent.turn` events the calls of a turn, so those are left out.  `github.copilot.cost` counts
requests of a plan, not USD.  Sources: recorded telemetry of Copilot CLI 1.0.102; vscode-copilot-chat of March 2026.
"""

from __future__ import annotations

from typing import Final

from exporter.dialects.base import Dialect, Logs, Metrics
from exporter.dialects.conventional import (
    COUNTERS,
    EVENT,
    HISTOGRAM,
    KIND_OF_TOKEN,
    MODALITY,
    read_details,
    read_sums,
)
from exporter.dialects.conventions import INSTANCE, OPERATION, SPELLINGS, WANTED
from exporter.dialects.kinds import operation_of
from exporter.dialects.points import Values
from exporter.dialects.reading import read_usage
from exporter.dialects.records import ALONE, sent_as_span, with_attributes
from exporter.dialects.spellings import Spellings
from exporter.signals import Span
from exporter.usage import Reading

NAME: Final = "copilot"

_SCOPES: Final = ("github.copilot", "copilot-chat", "copilot_chat")
_PROCESS: Final = (INSTANCE, "session.id")
"""On the resource: the command line is one process a session, the editor names its session there."""
_PROVIDER: Final = SPELLINGS.provider[0]
_RESELLER: Final = "github"


def claims_scope(scope: str) -> bool:
    """Whether telemetry comes from Copilot, as its instrumentation scope says."""
    return scope.startswith(_SCOPES)


def claims(_keys: frozenset[str], scope: str) -> bool:
    """Whether a span comes from Copilot."""
    return claims_scope(scope)


def read(span: Span, present: Spellings) -> Reading:
    """Kind and usage of a span."""
    return sent_as_span(read_usage(span, present, NAME, operation_of(span)), span, _PROCESS, ALONE)


def read_event(span: Span, present: Spellings) -> Reading:
    """Usage of a call; the editor's events leave out that GitHub answered for somebody's model."""
    if not present.provider:
        span = with_attributes(span, {_PROVIDER: _RESELLER})
        present = SPELLINGS.present_in(span.attributes)
    return read_details(span, present, NAME, _PROCESS)


def read_metric(span: Span, values: Values) -> Reading:
    """What a process used of a model."""
    return read_sums(span, values, NAME, _PROCESS)


DIALECT: Final = Dialect(
    name=NAME,
    marks=frozenset({OPERATION, *SPELLINGS.input, *SPELLINGS.output}),
    wanted=WANTED,
    spellings=SPELLINGS,
    read=read,
    claims=claims,
)
LOGS: Final = Logs(
    dialect=NAME,
    events=frozenset({EVENT}),
    wanted=WANTED,
    spellings=SPELLINGS,
    read=read_event,
    claims=claims_scope,
)
HISTOGRAMS: Final = Metrics(
    dialect=NAME,
    metrics=frozenset({HISTOGRAM}),
    wanted=WANTED,
    types=(KIND_OF_TOKEN,),
    read=read_metric,
    claims=claims_scope,
)
COUNTED: Final = Metrics(
    dialect=NAME, metrics=COUNTERS, wanted=WANTED, types=(MODALITY,), read=read_metric, claims=claims_scope
)
