"""How this run of the tests was asked for.

The variables are taken out of the environment, with every other AGENT_EXPORTER_ variable of whoever runs the
tests: the command reads its settings there and refuses what it does not know.
"""

from __future__ import annotations

import os

_given = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("AGENT_EXPORTER_")}

REQUIRE_TOOLS = _given.get("AGENT_EXPORTER_REQUIRE_TOOLS") == "1"
"""Everything was installed beforehand, so that an absent tool is a fault and not a reason to skip."""
FULL_PROOFS = _given.get("AGENT_EXPORTER_PROOF") == "full"
"""Long proofs run in full, as their make targets ask; else bounded, as in CI."""
WRITE_GOLDEN = _given.get("AGENT_EXPORTER_WRITE_GOLDEN") == "1"
"""Golden files are written, for a person to review, instead of compared."""
POSTGRES_URL = _given.get("AGENT_EXPORTER_TEST_POSTGRES", "")
"""A database whose user may make others; empty for a private cluster."""
WRITE_GOLDEN = _given.get("AGENT_EXPORTER_WRITE_GOLDEN") == "1"
"""Golden files are written instead of compared, for a person to review."""
