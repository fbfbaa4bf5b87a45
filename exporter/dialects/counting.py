"""The token counts of a span, under whichever spellings it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from exporter.dialects.basis import Counts
from exporter.dialects.fields import read_count
from exporter.dialects.spellings import Spellings
from exporter.signals import Value
from exporter.usage import EMBEDDING, MEDIA, RERANK, STEP, TTL_UNKNOWN

OUTPUT_MISSING: Final = "output_missing"
"""Input was reported and output was not, as of a stream that was cut: the charge is a lower bound."""
INPUT_MISSING: Final = "input_missing"

_INPUT_ONLY: Final = frozenset({EMBEDDING, RERANK})
_ONE_SIDED: Final = _INPUT_ONLY | {MEDIA, STEP}


def read_counts(attributes: Mapping[str, Value], present: Spellings, kind: str, flags: list[str]) -> Counts | None:
    """The counts of a span of this kind, None when it has none that can be read; a missing half is flagged."""
    tokens_in = read_count(attributes, present.input, flags)
    tokens_out = read_count(attributes, present.output, flags)
    read = (read_count(attributes, present.cache_read, flags) or 0) if present.cache_read else 0
    has_writes = present.cache_write or present.write_5m or present.write_1h
    write, write_1h = _writes(attributes, present, flags) if has_writes else (0, 0)
    reasoning = (read_count(attributes, present.reasoning, flags) or 0) if present.reasoning else 0
    total = read_count(attributes, present.total, flags) if present.total else None
    if tokens_in is None or tokens_out is None:
        if tokens_in is None and tokens_out is None and kind in _INPUT_ONLY:
            tokens_in = total
        if tokens_in is None and tokens_out is None and not (read or write or reasoning):
            return None
        _flag_half(tokens_in, kind, flags)
    if present.input_beside:
        tokens_in = (tokens_in or 0) + (read_count(attributes, present.input_beside, flags) or 0)
    uncached = read_count(attributes, present.uncached, flags) if present.uncached else None
    visible = read_count(attributes, present.visible, flags) if present.visible else None
    return Counts(tokens_in or 0, tokens_out or 0, read, write, write_1h, reasoning, total, uncached, visible)


def _flag_half(tokens_in: int | None, kind: str, flags: list[str]) -> None:
    if tokens_in is None:
        flags.append(INPUT_MISSING)
    elif kind not in _ONE_SIDED:
        flags.append(OUTPUT_MISSING)


def _writes(attributes: Mapping[str, Value], present: Spellings, flags: list[str]) -> tuple[int, int]:
    """All cache writes, and the long-lived among them: a stated split replaces the stated sum."""
    whole = read_count(attributes, present.cache_write, flags) or 0
    short_lived = read_count(attributes, present.write_5m, flags) or 0
    long_lived = read_count(attributes, present.write_1h, flags) or 0
    if short_lived and long_lived:
        return short_lived + long_lived, long_lived
    if whole and not short_lived and not long_lived:
        flags.append(TTL_UNKNOWN)
    return max(whole, short_lived, long_lived), long_lived
