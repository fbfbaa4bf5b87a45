"""scripts/make-secrets and docker/own: what compose runs once before everything else."""

from __future__ import annotations

import os
import re
import stat
import subprocess

import pytest

from support.tools import ROOT

NAMES = {"ingest", "read", "operate", "postgres", "grafana-admin", "grafana-secret-key"}


def make_secrets(*arguments):
    command = ["sh", ROOT / "scripts" / "make-secrets", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_every_secret_is_long_random_text_of_one_word(tmp_path):
    assert make_secrets(tmp_path).returncode == 0
    made = contents(tmp_path)
    assert set(made) == NAMES
    assert all(re.fullmatch(r"[0-9a-f]{64}\n", secret) for secret in made.values())
    assert len(set(made.values())) == len(NAMES)


def test_two_folders_have_nothing_in_common(tmp_path):
    make_secrets(tmp_path / "one")
    make_secrets(tmp_path / "two")
    assert set(contents(tmp_path / "one").values()).isdisjoint(contents(tmp_path / "two").values())


def test_a_second_run_changes_nothing(tmp_path):
    make_secrets(tmp_path)
    before = contents(tmp_path)
    again = make_secrets(tmp_path)
    assert (again.returncode, again.stdout) == (0, "")
    assert contents(tmp_path) == before


def test_only_what_is_missing_or_empty_is_made(tmp_path):
    (tmp_path / "ingest").write_text("a-token-of-my-own-making\n")
    (tmp_path / "read").write_text("")
    said = make_secrets(tmp_path).stdout
    assert contents(tmp_path)["ingest"] == "a-token-of-my-own-making\n"
    assert contents(tmp_path)["read"]
    assert "ingest" not in said


def test_what_it_says_holds_no_secret(tmp_path):
    said = make_secrets(tmp_path).stdout
    assert not re.search(r"[0-9a-f]{16}", said)


def test_nobody_else_may_read_them(tmp_path):
    make_secrets(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()} == {0o440}


@pytest.mark.parametrize("arguments", [(), ("",), ("a", "b")])
def test_it_wants_one_folder(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = make_secrets(*arguments)
    assert (refused.returncode, refused.stderr) == (2, "usage: make-secrets FOLDER\n")
    assert contents(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    assert make_secrets(tmp_path / "file" / "folder").returncode != 0


def own(*arguments):
    return subprocess.run(["sh", ROOT / "docker" / "own", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture
def away(tmp_path):
    """A folder with something in it, and an owner to give it to: another one where this machine lets us."""
    (tmp_path / "data" / "inner").mkdir(parents=True)
    return tmp_path / "data", (10001, 9464) if os.geteuid() == 0 else (os.getuid(), os.getgid())


def test_a_folder_is_given_away_with_all_that_it_holds(away):
    folder, (user, group) = away
    assert own(f"{user}:{group}", folder).returncode == 0
    for path in (folder, folder / "inner"):
        assert (path.stat().st_uid, path.stat().st_gid) == (user, group)


def test_a_folder_that_has_its_owner_is_not_walked_through_again(away):
    folder, (user, group) = away
    own(f"{user}:{group}", folder)
    before = (folder / "inner").stat().st_ctime_ns
    assert own(f"{user}:{group}", folder).returncode == 0
    assert (folder / "inner").stat().st_ctime_ns == before


@pytest.mark.parametrize("arguments", [(), ("1:1",), ("1:1", "a", "2:2")])
def test_owners_and_paths_come_in_pairs(arguments):
    assert own(*arguments).returncode == 2


def test_a_path_that_is_not_there_is_told(tmp_path):
    assert own("1:1", tmp_path / "nothing").returncode != 0
