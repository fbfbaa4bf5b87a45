"""What tests of the developer's scripts share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping

import pytest

from support.tools import ROOT

StartScript = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start_script() -> Iterator[StartScript]:
    """Starts `python -m MODULE ARGUMENTS`, as the Makefile does, and ends those that still run."""
    started = []

    def start(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=120)
