"""What no committed file may hold: addresses of package hosts, paths of one machine, things left behind."""

from __future__ import annotations

import re
import subprocess

import pytest

from support.tools import ROOT

FORBIDDEN = {
    "the name of a package host": r"(https?://|@)[a-z0-9.-]*(pypi|pythonhosted|npmjs|debian|golang|crates|maven)[a-z0-9.-]*/",
    "a path of one machine": r"(^|[^A-Za-z0-9_.~-])/(work|farm|root)/|/tmp/[a-z]",
}
LEFT_BEHIND = r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b|NotImplemented" + r"Error"


def _files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("git: the sources are no git clone")
    return listed.stdout.splitlines()


def _lines():
    for name in _files():
        path = ROOT / name
        if path.is_file() and path.suffix != ".svg":
            try:
                text = path.read_text()
            except UnicodeDecodeError:
                continue
            yield from ((f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), 1))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    pattern = re.compile(FORBIDDEN[what])
    assert [place for place, line in _lines() if pattern.search(line)] == []


def test_nothing_unfinished_is_left_in_a_source():
    pattern = re.compile(LEFT_BEHIND)
    assert [place for place, line in _lines() if ".py:" in place and pattern.search(line)] == []


def test_no_lock_file_that_records_addresses_is_there():
    names = {name.rpartition("/")[2] for name in _files()}
    assert names.isdisjoint({"uv.lock", "poetry.lock", "Pipfile.lock"})
