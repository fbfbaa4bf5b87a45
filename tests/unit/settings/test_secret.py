"""Secrets print as a placeholder, everywhere."""

import pytest

from exporter.settings.secret import Secret, url_secret, url_with_password, url_without_password


def test_a_secret_prints_as_a_placeholder():
    secret = Secret("hunter2")
    assert (repr(secret), str(secret), f"{secret}", repr([secret])) == (
        "<secret>",
        "<secret>",
        "<secret>",
        "[<secret>]",
    )
    assert secret.reveal() == "hunter2"


def test_secrets_are_equal_when_their_texts_are():
    assert Secret("a") == Secret("a")
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2
    assert Secret("a") != "a"


def test_an_empty_secret_is_false():
    assert not Secret("")
    assert Secret("x")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///agent-exporter.db", "sqlite:///agent-exporter.db"),
        ("postgresql://agent@db/agent", "postgresql://agent@db/agent"),
        ("postgresql://agent:hunter2@db/agent", "postgresql://agent:<secret>@db/agent"),
        ("postgresql://agent:p@ss:w0rd@db:5432/agent", "postgresql://agent:<secret>@db:5432/agent"),
        ("postgresql://db/agent?user=a&password=hunter2&x=1", "postgresql://db/agent?user=a&password=<secret>&x=1"),
        ("agent:hunter2@db", "<secret>"),
    ],
)
def test_a_url_is_shown_without_its_password(url, shown):
    assert url_without_password(url) == shown
    assert str(url_secret(url)) == shown
    assert url_secret(url).reveal() == url


def test_a_password_is_quoted_into_its_url():
    assert url_with_password("postgresql://a@db:1/x?y=z", "p@s s/") == "postgresql://a:p%40s%20s%2F@db:1/x?y=z"
