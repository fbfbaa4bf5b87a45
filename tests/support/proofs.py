"""How much a long proof does: bounded in CI, full under its make target."""

from __future__ import annotations

from support.options import FULL_PROOFS


def proof_size(*, bounded: int, full: int) -> int:
    """`full` when AGENT_EXPORTER_PROOF=full, as the make targets set it; else `bounded`."""
    return full if FULL_PROOFS else bounded
