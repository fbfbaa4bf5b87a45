"""Attributes of spans in protobuf, each distinct one read once.

The spans of a request say the same over and over: model, agent, project, conversation.  So a request is parsed with
its attributes left as bytes, and these are the key under which what they say is remembered until its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from exporter.intake.repair import Repairing
from exporter.intake.retyping import retyped
from exporter.intake.values import Allowance, lift_content, read_pair
from exporter.signals import Value

_UNREAD: Final = frozenset({"attributes", "events", "links"})
UNREAD_TRACES: Final = cast(
    type[ExportTraceServiceRequest],
    retyped(ExportTraceServiceRequest.DESCRIPTOR, lambda field: field.name in _UNREAD),
)
"""The request with bytes in place of attributes, and of events and links, which nobody reads."""

_MOST_BYTES: Final = 256
"""Of an attribute that is remembered; longer ones are hardly ever the same."""
_MOST_REMEMBERED: Final = 4_096


class Attributes:
    """The attributes of one request."""

    def __init__(self, allowance: Allowance) -> None:
        self._allowance = allowance
        self._known: dict[bytes, tuple[str, Value] | None] = {}
        self._repairing = Repairing(allowance.limits.max_repaired)

    def read(self, attributes: Iterable[bytes]) -> dict[str, Value]:
        """Wanted attributes of a span or resource; the last of equal keys wins.  InvalidRequest for what is none."""
        known = self._known
        found: dict[str, Value] = {}
        for one in attributes:
            pair = known[one] if one in known else self._read(one)
            if pair is not None:
                found[pair[0]] = pair[1]
        if not self._allowance.lift.content.isdisjoint(found):
            lift_content(found, self._allowance)
        return found

    def _read(self, attribute: bytes) -> tuple[str, Value] | None:
        pair = read_pair(self._repairing.parse(KeyValue, attribute), self._allowance)
        if len(attribute) <= _MOST_BYTES:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[attribute] = pair
        return pair
