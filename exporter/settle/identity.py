"""Rule R0: one record for each span, whatever the number of its deliveries.

Of several copies the one with more token classes wins, then one with a cost or other units, then one
with a usage record at all, then the span before a log record of the same ids, then the later end, then
the larger canonical form.  That is a total order, so the outcome does not depend on the order of arrival.
Source: double-count rule R0 of the project's telemetry notes; OTLP 1.11, "Duplicate Data".
"""

from __future__ import annotations

from exporter.settle.skeleton import CARRIER, CLASSES, NOT_A_SPAN, SHARED, Node


def supersedes_copy(new: Node, old: Node) -> bool:
    """Whether `new` replaces `old`, another delivery of the same span."""
    return new != old and _rank(new) > _rank(old)


def _rank(node: Node) -> tuple[int, int, bool, bool, int, int, bytes, int, int, int, int, int]:
    return (
        (node.marks & CLASSES).bit_count(),
        node.marks & CARRIER,
        # A span without a usage record has no canonical form, and leaves no row that a richer copy could lose to.
        node.digest != 0,
        not node.marks & NOT_A_SPAN,
        node.end_ns,
        node.digest,
        node.parent_id,
        node.marks & ~SHARED,
        node.kind,
        node.start_ns,
        node.call,
        # What the ledger noted on a copy says nothing of the copy, but must not be forgotten.
        node.marks,
    )
