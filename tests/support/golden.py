"""Files whose text is the product: compared in a test, written again on request."""

from __future__ import annotations

from pathlib import Path

from support.options import WRITE_GOLDEN


def assert_golden(path: Path, text: str) -> None:
    """Hold a text equal to the file; AGENT_EXPORTER_WRITE_GOLDEN=1 writes the file instead, for a person to review."""
    if WRITE_GOLDEN:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs; AGENT_EXPORTER_WRITE_GOLDEN=1 writes it"
