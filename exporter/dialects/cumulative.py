"""Cumulative points to delta: each adds what it has more than all points of its stream before.

A stream is what OpenTelemetry calls a single time series since one start: an instrument, a kind of token, all other
attributes, a process.  The counts since a start are a maximum, whatever the order in which they arrive and in whatever
requests; kinds of token may begin to be counted apart, one may begin again while others go on, and processes that do
not tell themselves apart began at other instants.
Source: OpenTelemetry metrics data model, "Sums" and "Resets and Gaps"; settled question "Cumulative metrics".
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

from exporter.dialects.fields import LARGEST_COUNT
from exporter.money import nano_from_usd

Kind = tuple[str, str]
"""Instrument and kind of token, "" where there is none."""
BILLION: Final = 10**9


class Count(NamedTuple):
    """How far a stream is booked."""

    nano: int = 0
    """The value, in billionths of its unit: exact for tokens and for amounts of money."""
    until_ns: int = 0
    """End of the last point that added something; 0 when none did."""


class Move(NamedTuple):
    """A stream goes on from one count, in billionths, to a higher one."""

    stream: bytes
    before: int
    after: int


class Gain(NamedTuple):
    """What points have more than all before."""

    values: Mapping[Kind, int | float]
    """By kind, 0 where nothing was added."""
    moves: Mapping[Kind, Move]
    """Of the kinds to which something was added."""
    since_ns: int
    """End of the last points of any of these streams, 0 when there were none."""


def stream_of(series: str, kind: Kind, start_ns: int) -> bytes:
    """What a stream is known by: 16 bytes of a hash."""
    return blake2b("\x1f".join((series, *kind, str(start_ns))).encode(), digest_size=16).digest()


def gain_of(
    values: Mapping[Kind, int | float], streams: Mapping[Kind, bytes], booked: Mapping[bytes, Count]
) -> Gain | None:
    """What values have more than what is booked of their streams; None for nothing."""
    gained: dict[Kind, int | float] = {}
    moves: dict[Kind, Move] = {}
    for kind, value in values.items():
        before, after = booked[streams[kind]].nano, _nano_of(value)
        gained[kind] = _value_of(max(after - before, 0))
        if after > before:
            moves[kind] = Move(streams[kind], before, after)
    return Gain(gained, moves, max(booked[stream].until_ns for stream in streams.values())) if moves else None


def _nano_of(value: float) -> int:
    """Billionths, as of money; 0 for what is no count: below 0, or more than anybody uses."""
    return nano_from_usd(str(value)) if 0 <= value <= LARGEST_COUNT else 0


def _value_of(nano: int) -> int | float:
    whole, rest = divmod(nano, BILLION)
    return nano / BILLION if rest else whole
