"""Rule R0: one record for each span, whatever the number of its deliveries.

Of several copies the one with more token classes wins, then the later end, then the larger
canonical form.  That is a total order, so the outcome does not depend on the order of arrival.
Source: double-count rule R0 of the project's telemetry notes; OTLP 1.11, "Duplicate Data".
"""

from __future__ import annotations

from exporter.settle.skeleton import CLASSES, Node


def supersedes_copy(new: Node, old: Node) -> bool:
    """Whether `new` replaces `old`, another delivery of the same span."""
    return new != old and _rank(new) > _rank(old)


def _rank(node: Node) -> tuple[int, int, int, bytes, int, int, int]:
    return (
        (node.marks & CLASSES).bit_count(),
        node.end_ns,
        node.digest,
        node.parent_id,
        node.marks,
        node.kind,
        node.start_ns,
    )
