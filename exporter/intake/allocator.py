"""Memory of large bodies, given back when they are forgotten."""

from __future__ import annotations

import ctypes
from typing import Final

_M_MMAP_THRESHOLD: Final = -3
_M_ARENA_MAX: Final = -8
_LARGE_BLOCK: Final = 1024 * 1024
_ARENAS: Final = 2


def give_back_large_blocks() -> bool:
    """Make glibc return blocks of a MiB or more to the system at once, and keep few arenas for the rest.

    Left alone, glibc raises its threshold after the first large block and keeps such blocks in an arena for
    each thread: four threads that each once saw a large body held 300 MiB.  To be called before threads and
    workers start; they inherit it.  False where the C library knows no such setting (musl, macOS).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK) and mallopt(_M_ARENA_MAX, _ARENAS))
