"""Each file in bad/ is refused with exactly the message beside it."""

from pathlib import Path

import pytest

from exporter.errors import ConfigError
from exporter.settings.load import load_settings

BAD = Path(__file__).parent / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.yml"))


def test_there_are_many_bad_files_and_each_has_its_message():
    assert len(NAMES) > 75
    assert sorted(path.stem for path in BAD.glob("*.txt")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_is_refused_with_its_full_message(name, monkeypatch):
    monkeypatch.chdir(BAD)
    with pytest.raises(ConfigError) as refused:
        load_settings(f"{name}.yml", {})
    assert refused.value.message == (BAD / f"{name}.txt").read_text().rstrip("\n")


@pytest.mark.parametrize("name", NAMES)
def test_no_message_shows_a_secret(name):
    assert "hunter2" not in (BAD / f"{name}.txt").read_text()
