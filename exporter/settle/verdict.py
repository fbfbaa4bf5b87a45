"""What the ledger does with each span of a trace, as a function of the set of spans alone."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Final, NamedTuple

from exporter.settle.skeleton import AGGREGATE_CODES, CARRIER, NEVER_BILLED, WAITS, Node
from exporter.usage import CHARGED, DUPLICATE, NOT_BILLABLE, PENDING, SUPERSEDED

NO_USAGE: Final = "no_usage"
"""Reason of a model call whose usage nobody reported: a call, but no money and no claim."""
SAME_CALL: Final = "same_call"
"""Reason of a report whose call another one is charged for (rule R2)."""
SETTLING: Final = "settling"
"""Reason of an aggregate that waits for its children, or of a signal that waits for a better one (rule R7)."""
SIGNAL: Final = "signal"
"""Reason of a report whose source says the same in a signal that is believed more (rule R6)."""


class Verdict(NamedTuple):
    """A billing state and why.  The reason of a span that is never billed is the dialect's."""

    billing: str
    reason: str


_CHARGE: Final = Verdict(CHARGED, "")
_WAIT: Final = Verdict(PENDING, SETTLING)
_COPY: Final = Verdict(DUPLICATE, SAME_CALL)
_SILENT: Final = Verdict(NOT_BILLABLE, NO_USAGE)
_NEVER: Final = Verdict(NOT_BILLABLE, "")


def judge(node: Node, superseded: Mapping[bytes, str], duplicates: Container[bytes] = frozenset()) -> Verdict:
    """Rules R1–R6 and the first half of R7 for a span that has a usage record."""
    if node.marks & NEVER_BILLED:
        return _NEVER
    rule = superseded.get(node.span_id)
    if rule is not None:
        return Verdict(SUPERSEDED, rule)
    if not node.marks & CARRIER:
        return _SILENT
    if node.span_id in duplicates:
        return _COPY
    return _WAIT if node.kind in AGGREGATE_CODES or node.marks & WAITS else _CHARGE
