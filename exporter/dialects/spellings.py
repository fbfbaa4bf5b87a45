"""Which of the spellings of each field a set of attribute keys has.

Emitters send the same few sets of keys over and over, so the search through the spellings is done once for
each set, and reading a span touches only what is there.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Self

Names = tuple[str, ...]
NONE: Names = ()


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """The names of all that says who answered, and with what.  There is one for the same names, so that it is a
    cheap key of a cache."""

    provider: Names
    address: Names
    request_model: Names
    response_model: Names
    all_names: Names


@lru_cache(maxsize=1024)
def _identity(provider: Names, address: Names, request_model: Names, response_model: Names) -> Identity:
    everything = provider + address + request_model + response_model
    return Identity(provider, address, request_model, response_model, everything)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spellings:
    """The attribute names of each field, in the order in which they are believed."""

    input: Names = NONE
    input_beside: Names = NONE
    """What the input leaves out and is charged like it."""
    output: Names = NONE
    cache_read: Names = NONE
    cache_write: Names = NONE
    write_5m: Names = NONE
    write_1h: Names = NONE
    reasoning: Names = NONE
    total: Names = NONE
    """Of input and output; evidence of how the emitter counts, never a quantity of its own."""
    uncached: Names = NONE
    """Input that no cache had a part in; evidence as the total is."""
    visible: Names = NONE
    """Output without reasoning; evidence as the total is."""
    units: Names = NONE
    """Counts of other things than tokens, and of the audio and image tokens among them (`units`)."""
    cost: Names = NONE
    """In USD."""
    cost_parts: Names = NONE
    """In USD; their sum is the cost when none is stated."""
    cost_notes: Names = NONE
    """What a stated cost means: its currency, and who stated it."""
    operation: Names = NONE
    version: Names = NONE
    """Of the emitter, where versions count differently."""
    provider: Names = NONE
    address: Names = NONE
    """Of the server that was asked."""
    request_model: Names = NONE
    response_model: Names = NONE
    call_key: Names = NONE
    agent: Names = NONE
    conversation: Names = NONE
    tier: Names = NONE
    """The service tier, first as answered, then as asked for."""
    speed: Names = NONE
    context: Names = NONE
    """Anything else that prices depend on."""
    identity: Identity = field(init=False)
    measured: Names = field(init=False)
    """The names of all numbers."""
    stated: Names = field(init=False)
    """The names of all texts that decide how the numbers are read."""

    def __post_init__(self) -> None:
        identity = _identity(self.provider, self.address, self.request_model, self.response_model)
        object.__setattr__(self, "identity", identity)
        counted = (
            self.input
            + self.input_beside
            + self.output
            + self.cache_read
            + self.cache_write
            + self.write_5m
            + self.write_1h
        )
        evidence = self.total + self.uncached + self.visible
        measured = counted + self.reasoning + evidence + self.units + self.cost + self.cost_parts
        object.__setattr__(self, "measured", tuple(dict.fromkeys(measured)))
        said = self.operation + self.version + identity.all_names + self.tier + self.speed + self.context
        stated = said + self.cost_notes
        object.__setattr__(self, "stated", tuple(dict.fromkeys(stated)))

    def present_in(self, keys: Collection[str]) -> Self:
        """The same table with only the names that `keys` has."""
        return type(self)(**{of: tuple(name for name in names if name in keys) for of, names in self._items()})

    def followed_by(self, others: Self) -> Self:
        """A table of both, in which the names of `others` are believed after those of this one."""
        return type(self)(**{of: names + getattr(others, of) for of, names in self._items()})

    def all_names(self) -> frozenset[str]:
        return frozenset(name for _, names in self._items() for name in names)

    def _items(self) -> list[tuple[str, Names]]:
        return [(of.name, getattr(self, of.name)) for of in fields(self) if of.init]
