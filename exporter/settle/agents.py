"""Whose work a span is: the nearest agent above it that has a name.

Emitters name the agent on the agent's span and seldom on the calls below it, which are sent first.
Source: specification of telemetry dialects, sections 5.1 and 5.2 ("agent").
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from exporter.settle.skeleton import AGENT_CODE, Node

NOBODY = 0
Nodes = Mapping[bytes, Node]


def name_ref(name: str) -> int:
    """A number that stands for a name, never NOBODY."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True) or 1


def has_agents(nodes: Iterable[Node]) -> bool:
    """Whether any of these is an agent with a name."""
    return any(node.call and node.kind == AGENT_CODE for node in nodes)


class Agents:
    """The agents of a trace.  Walks are remembered, and a circle of parents ends like an unseen one."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes
        self._above: dict[bytes, int] = {}

    def knows(self, span_id: bytes) -> bool:
        """Whether the span is one of the trace as it is known."""
        return span_id in self._nodes

    def above(self, span_id: bytes) -> int:
        """Identity of the name of the nearest agent above a span, NOBODY when none has been seen."""
        path: list[bytes] = []
        walked: set[bytes] = set()
        found = NOBODY
        while span_id not in walked:
            known = self._above.get(span_id)
            if known is not None:
                found = known
                break
            node = self._nodes.get(span_id)
            if node is None:
                break
            path.append(span_id)
            walked.add(span_id)
            parent = self._nodes.get(node.parent_id)
            if parent is not None and parent.call and parent.kind == AGENT_CODE:
                found = parent.call
                break
            span_id = node.parent_id
        for step in path:
            self._above[step] = found
        return found
