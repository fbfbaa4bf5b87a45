"""Tokens are rotated by changing their files, while the service runs."""

from __future__ import annotations

import pytest

from exporter.settings.load import load_settings
from exporter.tokens import TokenFiles, folder_of_tokens

OLD, NEW = "old-secret-of-grafana-0123456789", "new-secret-of-grafana-0123456789"
CONFIG = """
tokens:
  - {name: grafana, roles: [read], file: secrets/grafana}
"""


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secrets" / "grafana"
    file.parent.mkdir()
    file.write_text(OLD)
    return file


@pytest.fixture
def files(tmp_path, secret, clock):
    config = tmp_path / "agent-exporter.yml"
    config.write_text(CONFIG)
    return TokenFiles(load_settings(str(config), {}), clock=clock)


def secrets_of(files):
    return [grant.secret for grant in files.current()]


def test_a_changed_file_is_in_force_within_a_second(files, secret, clock):
    assert secrets_of(files) == [OLD]
    secret.write_text(NEW + "\n")
    assert secrets_of(files) == [OLD]
    clock.now += 1
    assert secrets_of(files) == [NEW]
    assert files.current()[0].roles == {"read"}


@pytest.mark.parametrize("content", ["", "short", "two words that are long enough"])
def test_a_file_without_a_secret_leaves_the_old_token_and_is_logged_once(files, secret, clock, caplog, content):
    secret.write_text(content)
    for _ in range(3):
        clock.now += 1
        assert secrets_of(files) == [OLD]
    assert caplog.text.count("the tokens stay as they were") == 1
    assert OLD not in caplog.text


def test_a_file_that_is_replaced_by_another_is_noticed(files, secret, clock):
    secret.unlink()
    clock.now += 1
    assert secrets_of(files) == [OLD]
    fresh = secret.with_name("fresh")
    fresh.write_text(NEW)
    fresh.rename(secret)
    clock.now += 1
    assert secrets_of(files) == [NEW]


def test_names_in_the_file_start_at_its_folder_and_those_of_the_environment_where_we_are(tmp_path, secret, monkeypatch):
    config = tmp_path / "agent-exporter.yml"
    config.write_text(CONFIG)
    assert folder_of_tokens(load_settings(str(config), {})) == tmp_path
    monkeypatch.chdir(secret.parent)
    value = "[{name: grafana, roles: [read], file: grafana}]"
    settings = load_settings(None, {"AGENT_EXPORTER_TOKENS": value})
    assert folder_of_tokens(settings).resolve() == secret.parent
    assert [grant.secret for grant in TokenFiles(settings).current()] == [OLD]
