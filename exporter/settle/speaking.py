"""Which spans of a trace count in the place of one that rules R3 to R5 supersede: the reasons of `tree`, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from exporter.settle.skeleton import CARRIER, LEAF_CODES, NO_PARENT, Node
from exporter.settle.tree import TOLERANCE_NS, WRAPPER, Nodes, find_silent_speakers, find_speakers, find_superseded

_BELOW, _BROKEN, _APART = "below", "broken", "apart"


class Speaking:
    """Who speaks for whom in one trace; walks are memoised, so each question costs what the trace is long."""

    def __init__(self, nodes: Nodes) -> None:
        self._nodes = nodes

    @cached_property
    def superseded(self) -> dict[bytes, str]:
        """As `tree.find_superseded`."""
        return find_superseded(self._nodes)

    @cached_property
    def _speakers(self) -> dict[bytes, list[bytes]]:
        return {**find_speakers(self._nodes), **find_silent_speakers(self._nodes, self.superseded)}

    def counting_for(self, span_id: bytes) -> list[bytes]:
        """Carriers that nothing in the trace supersedes and that speak for a superseded span, in order of time."""
        if span_id not in self.superseded:
            return []
        is_wrapper = self.superseded[span_id] == WRAPPER
        speakers = self._calls_in_place(span_id) if is_wrapper else self._told_within(self._nodes[span_id])
        found = [self._nodes[one] for one in speakers if one not in self.superseded]
        return [one.span_id for one in sorted(found, key=lambda one: (one.start_ns, one.span_id))]

    def _calls_in_place(self, span_id: bytes) -> Iterator[bytes]:
        """Rule R3, followed through calls that are superseded themselves."""
        waiting, seen = [span_id], {span_id}
        while waiting:
            for speaker in self._speakers.get(waiting.pop(), ()):
                if speaker not in seen:
                    seen.add(speaker)
                    yield speaker
                    if speaker in self.superseded:
                        waiting.append(speaker)

    def _told_within(self, aggregate: Node) -> Iterator[bytes]:
        """Rule R4: carriers below; rule R5: model calls within its time whose ancestors have not all been seen."""
        known: dict[bytes, str] = {aggregate.span_id: _BELOW}
        for node in self._nodes.values():
            if not node.marks & CARRIER or node.span_id == aggregate.span_id:
                continue
            where = self._walk_up(node.parent_id, known)
            if where == _BELOW or (where == _BROKEN and node.kind in LEAF_CODES and _contains(aggregate, node)):
                yield node.span_id

    def _walk_up(self, parent_id: bytes, known: dict[bytes, str]) -> str:
        """Where the way up from a parent leads: to what is known as below, to an end that was not seen, or past it."""
        path: list[bytes] = []
        while parent_id != NO_PARENT:
            if parent_id in known:
                break
            # A circle of parents ends like one that was not seen.
            known[parent_id] = _BROKEN
            path.append(parent_id)
            parent = self._nodes.get(parent_id)
            if parent is None:
                break
            parent_id = parent.parent_id
        answer = known[parent_id] if parent_id != NO_PARENT else _APART
        known.update(dict.fromkeys(path, answer))
        return answer


def _contains(aggregate: Node, node: Node) -> bool:
    starts_within = node.start_ns >= aggregate.start_ns - TOLERANCE_NS
    return starts_within and node.end_ns <= aggregate.end_ns + TOLERANCE_NS
