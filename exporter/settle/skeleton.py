"""The skeleton of a trace: what the settle rules need of a span, packed into 51 bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final, NamedTuple

from exporter.usage import AGENT, AGGREGATE_KINDS, BARRIER_KINDS, KIND_CODES, LEAF_KINDS, OTHER

_PACKED: Final = Struct(">8s8sBHqqqq")
NO_PARENT: Final = b"\0" * 8

CARRIER: Final = 64
"""Bit of `marks`: the span carried usage or an explicit cost."""
NEVER_BILLED: Final = 128
"""Bit of `marks`: rule R1 never bills it, though it may supersede others."""
PRICED_BY_EMITTER: Final = 256
"""Bit of `marks`: the emitter stated a cost."""
SHARED: Final = 512
"""Bit of `marks`, set by the ledger alone: another trace reports the same call (rule R2), so that one is read too."""
WAITS: Final = 1024
"""Bit of `marks`: its source may say the same in a signal that is believed more (rule R6)."""
NOT_A_SPAN: Final = 2048
"""Bit of `marks`: told by a log record; the span of the same ids says more about the trace."""
QUIET: Final = 4096
"""Bit of `marks`: a model call that reported neither usage nor an error."""
ROLLUP: Final = 8192
"""Bit of `marks`: sums up what tools and agents below its parent used, beside their spans."""
CLASSES: Final = 63
"""Bits of `marks`: which of the six token classes are above zero."""

CALL_CODES: Final = frozenset(KIND_CODES[kind] for kind in LEAF_KINDS)
"""Kinds that are one call to a model, whose provider gave it an id."""
LEAF_CODES: Final = frozenset(KIND_CODES[kind] for kind in (*LEAF_KINDS, OTHER))
"""A carrier of unknown kind is a leaf: somebody paid for it."""
UNKNOWN_CODE: Final = KIND_CODES[OTHER]
AGENT_CODE: Final = KIND_CODES[AGENT]
AGGREGATE_CODES: Final = frozenset(KIND_CODES[kind] for kind in AGGREGATE_KINDS)
BARRIER_CODES: Final = frozenset(KIND_CODES[kind] for kind in BARRIER_KINDS)


class Node(NamedTuple):
    """One span of a trace.  Times are the emitter's, so that they do not depend on when a copy arrived."""

    span_id: bytes
    parent_id: bytes
    kind: int
    marks: int
    start_ns: int
    end_ns: int
    digest: int
    """Of the canonical form of its usage; the last word between copies that differ in nothing else."""
    call: int = 0
    """Identity of the call that a model call reports (call_identity.call_of), and of an agent that of its name; 0 when
    its emitter gave none."""


def pack(nodes: Iterable[Node]) -> bytes:
    """The stored form of some nodes."""
    return b"".join([_PACKED.pack(*node) for node in nodes])


def unpack(packed: bytes) -> Iterator[Node]:
    """The nodes of a stored form, in the order in which they were packed."""
    return map(Node._make, _PACKED.iter_unpack(packed))
