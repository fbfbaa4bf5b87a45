"""What names a call, and where the ledger looks for other reports of it (first half of rule R2).

A provider gives each call an id, which every tracer, gateway and SDK on its way reports.  Ids that
nobody can draw twice are strong: they join reports whatever their numbers, for two tracers may
differ by a token on a stream.  Others are weak (`chatcmpl-N` of Ollama's OpenAI endpoint is one of
999): they join reports of equal output only.  In both cases the reports must overlap in time,
because recorded and replayed traffic repeats ids.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from exporter.usage import is_strong

TOLERANCE_NS: Final = 2_000_000_000
"""Two clocks may differ by so much."""
MOST_APART_NS: Final = 600_000_000_000
"""Reports of one call start at most ten minutes apart; this bounds where the ledger looks."""

_BUCKET_BITS: Final = 40
_HASH: Final = (1 << _BUCKET_BITS) - 1
_LATEST: Final = 2**63 - 1


def call_of(key: str, output_tokens: int) -> int:
    """A number that reports of one call have in common: of the id, with the output when the id is weak.  0 for none."""
    if not key:
        return 0
    text = key if is_strong(key) else f"{key}\x1f{output_tokens}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True) or 1


def reach_of(start_ns: int, end_ns: int) -> int:
    """The latest start of another report that may still be of the same call."""
    reach = max(start_ns, end_ns) + TOLERANCE_NS
    farthest = start_ns + MOST_APART_NS
    return min(farthest, reach)


def call_ref(call: int, start_ns: int) -> int:
    """The indexed form: the start, its low 40 bits replaced by the call's, so that the index stays local in time."""
    return start_ns >> _BUCKET_BITS << _BUCKET_BITS | call & _HASH


def refs_around(call: int, start_ns: int, reach_ns: int) -> list[int]:
    """Every call_ref under which a report may stand whose time meets that of this one."""
    low = call & _HASH
    first, last = start_ns - MOST_APART_NS >> _BUCKET_BITS, reach_ns >> _BUCKET_BITS
    if last == first:
        return [first << _BUCKET_BITS | low]
    last = min(last, _LATEST >> _BUCKET_BITS)
    return [bucket << _BUCKET_BITS | low for bucket in range(first, last + 1)]
