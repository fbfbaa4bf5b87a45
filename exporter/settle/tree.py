"""Rules R3, R4 and R5: of nested reports of the same usage, which one counts.

R3, wrapper: a model call around another one, with no tool or agent between them, is the same call
seen twice; the report with more token classes stays, the inner one on a tie, and of several inner
calls all stay and the wrapper goes.  A call that says nothing of its usage, around or within one that
does, or around another such, is the same call too.  R4, aggregate: an agent, workflow or step that reports
usage goes as soon as anything below it carries usage, and so does a report of unknown kind, and one that sums up
what the tools and agents beside it used as soon as their spans tell that themselves.  R5, broken chain:
a model call whose ancestors have not all been seen counts as below every aggregate whose time contains it.

All walks are memoised, so the cost grows linearly with the spans of a trace, and a cycle of
parents, which only a hostile sender makes, ends like an unseen parent.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Mapping
from typing import Final

from exporter.settle.skeleton import (
    AGGREGATE_CODES,
    BARRIER_CODES,
    CARRIER,
    CLASSES,
    LEAF_CODES,
    NO_PARENT,
    QUIET,
    ROLLUP,
    UNKNOWN_CODE,
    Node,
)

WRAPPER: Final = "wrapper"
AGGREGATE: Final = "aggregate"
_REPORTS: Final = CARRIER | QUIET
TOLERANCE_NS: Final = 1_000_000_000

Nodes = Mapping[bytes, Node]


def find_superseded(nodes: Nodes) -> dict[bytes, str]:
    """The reports of a trace that another one speaks for, with the rule that says so."""
    reports = [node for node in nodes.values() if node.marks & _REPORTS]
    if len(reports) < 2:
        return {}
    carriers = [node for node in reports if node.marks & CARRIER]
    leaves = [node for node in carriers if node.kind in LEAF_CODES]
    wrapped = _wrapped_calls(nodes, leaves)
    superseded = _superseded_wrappers(nodes, wrapped)
    aggregates = [node for node in carriers if node.kind in AGGREGATE_CODES]
    # What wraps calls without a barrier between has been judged by rule R3.
    unknown = [node for node in leaves if node.kind == UNKNOWN_CODE and node.span_id not in wrapped]
    if aggregates or unknown:
        above = _ancestors_of(nodes, carriers)
        superseded.update((node.span_id, AGGREGATE) for node in unknown if node.span_id in above)
        superseded.update(_superseded_aggregates(nodes, above, leaves, aggregates))
        superseded.update(_superseded_rollups(nodes, above, aggregates))
    if len(carriers) < len(reports):
        quiet = [node for node in reports if not node.marks & CARRIER]
        superseded.update(_superseded_silences(nodes, quiet, leaves, superseded))
    return superseded


def find_speakers(nodes: Nodes) -> dict[bytes, list[bytes]]:
    """For each call that rule R3 supersedes, the calls that count in its place."""
    wrapped = _wrapped_calls(nodes, [node for node in nodes.values() if _is_leaf_carrier(node)])
    speakers: dict[bytes, list[bytes]] = {}
    for wrapper, inner in wrapped.items():
        if _is_richer_than_only(nodes, wrapper, inner, wrapped):
            speakers[inner[0]] = [wrapper]
        else:
            speakers[wrapper] = inner
    return speakers


def find_silent_speakers(nodes: Nodes, superseded: Container[bytes]) -> dict[bytes, list[bytes]]:
    """For each call without usage, the other reports of the same call: within it, and the nearest one around it."""
    leaves = [node for node in nodes.values() if _is_leaf_carrier(node)]
    quiet = [node for node in nodes.values() if node.marks & QUIET]
    found: dict[bytes, list[bytes]] = {}
    nearest: dict[bytes, bytes] = {}
    for inner in (*leaves, *quiet) if quiet else ():
        above = _nearest_call_above(nodes, inner, nearest, QUIET)
        if above:
            found.setdefault(above, []).append(inner.span_id)
    nearest = {}
    for node in quiet:
        above = _nearest_call_above(nodes, node, nearest, CARRIER)
        if above and above not in superseded:
            found.setdefault(node.span_id, []).append(above)
    return found


def _superseded_wrappers(nodes: Nodes, wrapped: Mapping[bytes, list[bytes]]) -> dict[bytes, str]:
    superseded = {}
    for wrapper, inner in wrapped.items():
        superseded[inner[0] if _is_richer_than_only(nodes, wrapper, inner, wrapped) else wrapper] = WRAPPER
    return superseded


def _is_richer_than_only(
    nodes: Nodes, wrapper: bytes, inner: list[bytes], wrapped: Mapping[bytes, list[bytes]]
) -> bool:
    only = inner[0]
    return len(inner) == 1 and only not in wrapped and _classes(nodes[wrapper]) > _classes(nodes[only])


def _is_leaf_carrier(node: Node) -> bool:
    return bool(node.marks & CARRIER) and node.kind in LEAF_CODES


def _wrapped_calls(nodes: Nodes, leaves: list[Node]) -> dict[bytes, list[bytes]]:
    """For each model call, the nearest model calls below it with no barrier between."""
    found: dict[bytes, list[bytes]] = {}
    nearest: dict[bytes, bytes] = {}
    for leaf in leaves:
        above = _nearest_call_above(nodes, leaf, nearest, CARRIER)
        if above:
            found.setdefault(above, []).append(leaf.span_id)
    return found


def _superseded_silences(
    nodes: Nodes, quiet: list[Node], leaves: list[Node], superseded: Mapping[bytes, str]
) -> dict[bytes, str]:
    """Calls without usage that another report of the same call speaks for."""
    nearest: dict[bytes, bytes] = {}
    around = {_nearest_call_above(nodes, inner, nearest, QUIET) for inner in (*leaves, *quiet)}
    nearest = {}
    within = {node.span_id: _nearest_call_above(nodes, node, nearest, CARRIER) for node in quiet}
    # A wrapper that is no report of this call, but of others below it, does not speak for it.
    spoken_for = {span_id for span_id, above in within.items() if above and above not in superseded}
    return dict.fromkeys((around - {b""}) | spoken_for, WRAPPER)


def _nearest_call_above(nodes: Nodes, leaf: Node, nearest: dict[bytes, bytes], mark: int) -> bytes:
    """The nearest model call with this mark above another one, or b"" when a barrier or nothing comes first."""
    path: list[bytes] = []
    parent_id, answer = leaf.parent_id, b""
    while True:
        parent = nodes.get(parent_id)
        if parent is None or parent.kind in BARRIER_CODES:
            break
        if parent.marks & mark and parent.kind in LEAF_CODES:
            answer = parent_id
            break
        known = nearest.get(parent_id)
        if known is not None:
            answer = known
            break
        nearest[parent_id] = b""
        path.append(parent_id)
        parent_id = parent.parent_id
    for span_id in path:
        nearest[span_id] = answer
    # In a circle a call would find itself; what the others remember must not depend on who walked first.
    return b"" if answer == leaf.span_id else answer


def _superseded_aggregates(
    nodes: Nodes, above: Container[bytes], leaves: list[Node], aggregates: list[Node]
) -> dict[bytes, str]:
    if not aggregates:
        return {}
    walked: dict[bytes, bool] = {}
    starts, earliest_ends = _ends_by_start([leaf for leaf in leaves if _is_chain_broken(nodes, leaf, walked)])
    return {
        node.span_id: AGGREGATE
        for node in aggregates
        if node.span_id in above or _contains_any(node, starts, earliest_ends)
    }


def _superseded_rollups(nodes: Nodes, above: Container[bytes], aggregates: list[Node]) -> dict[bytes, str]:
    rollups = [node for node in aggregates if node.marks & ROLLUP]
    if not rollups:
        return {}
    told = (node for node in nodes.values() if node.kind in BARRIER_CODES)
    around = _ancestors_of(nodes, [node for node in told if node.span_id in above or node.marks & CARRIER])
    return {node.span_id: AGGREGATE for node in rollups if node.parent_id in around}


def _ancestors_of(nodes: Nodes, carriers: list[Node]) -> set[bytes]:
    above: set[bytes] = set()
    for carrier in carriers:
        parent_id = carrier.parent_id
        if parent_id == carrier.span_id:
            continue
        while parent_id not in above:
            parent = nodes.get(parent_id)
            if parent is None:
                break
            above.add(parent_id)
            parent_id = parent.parent_id
    return above


def _is_chain_broken(nodes: Nodes, leaf: Node, broken: dict[bytes, bool]) -> bool:
    path: list[bytes] = []
    parent_id, answer = leaf.parent_id, False
    while parent_id != NO_PARENT:
        known = broken.get(parent_id)
        if known is not None:
            answer = known
            break
        broken[parent_id] = True
        path.append(parent_id)
        parent = nodes.get(parent_id)
        if parent is None:
            answer = True
            break
        parent_id = parent.parent_id
    for span_id in path:
        broken[span_id] = answer
    return answer


def _ends_by_start(leaves: list[Node]) -> tuple[list[int], list[int]]:
    """Start times in order, and for each the earliest end of it and all later ones."""
    spans = sorted((leaf.start_ns, leaf.end_ns) for leaf in leaves)
    earliest = [end for _, end in spans]
    for i in range(len(earliest) - 2, -1, -1):
        earliest[i] = min(earliest[i], earliest[i + 1])
    return [start for start, _ in spans], earliest


def _contains_any(aggregate: Node, starts: list[int], earliest_ends: list[int]) -> bool:
    first = bisect_left(starts, aggregate.start_ns - TOLERANCE_NS)
    return first < len(starts) and earliest_ends[first] <= aggregate.end_ns + TOLERANCE_NS


def _classes(node: Node) -> int:
    return (node.marks & CLASSES).bit_count()
