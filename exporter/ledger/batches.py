"""Lists in parts that a statement, or a transaction, can take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def in_batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Parts of at most `size`, in order."""
    return (items[start : start + size] for start in range(0, len(items), size))
