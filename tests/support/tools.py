"""Programs outside Python: found where scripts/install-tools puts them, on PATH, or where Debian keeps PostgreSQL."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def find_tool(name: str) -> Path | None:
    """The program's path, or None when this machine does not have it."""
    local = ROOT / ".tools" / "bin" / name
    if local.exists():
        return local
    if found := shutil.which(name):
        return Path(found)
    return next(iter(sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)), None)


def require_tool(name: str) -> Path:
    """The program's path; without it the test is skipped under its name."""
    found = find_tool(name)
    if found is None:
        pytest.skip(f"{name} is absent; scripts/install-tools installs it")
    return found
