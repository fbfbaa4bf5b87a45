"""The command `agent-exporter` as a user runs it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from support.tools import ROOT


def run_command(*arguments: str, timeout: float = 120.0, **environment: str) -> str:
    """What it prints; a failure is an assertion that shows all of its output."""
    done = subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def migrate(database_url: str) -> str:
    """Create the schema, as PostgreSQL needs it before `serve`; answers the URL."""
    run_command("migrate", AGENT_EXPORTER_DATABASE_URL=database_url)
    return database_url


def audit(database_url: str) -> str:
    """Have the totals compared with the ledger; they must be equal."""
    return run_command("audit", "--json", AGENT_EXPORTER_DATABASE_URL=database_url)
