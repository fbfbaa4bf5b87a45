"""Which of the spellings of each field a set of attribute keys has.

Emitters send the same few sets of keys over and over, so the search through the spellings is done once for
each set, and reading a span touches only what is there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

Names = tuple[str, ...]
NONE: Names = ()


class Spellings(NamedTuple):
    """The attribute names of each field, in the order in which they are believed."""

    input: Names = NONE
    output: Names = NONE
    cache_read: Names = NONE
    cache_write: Names = NONE
    write_5m: Names = NONE
    write_1h: Names = NONE
    reasoning: Names = NONE
    total: Names = NONE
    """Of input and output; evidence of how the emitter counts, never a quantity of its own."""
    cost: Names = NONE
    """In USD."""
    call_key: Names = NONE
    agent: Names = NONE
    conversation: Names = NONE
    tier: Names = NONE
    """The service tier, first as answered, then as asked for."""
    context: Names = NONE
    """Anything else that prices depend on."""

    def present_in(self, keys: Collection[str]) -> Spellings:
        """The same table with only the names that `keys` has."""
        return Spellings(*(tuple(name for name in names if name in keys) for names in self))

    def all_names(self) -> frozenset[str]:
        return frozenset(name for names in self for name in names)
