"""Settings from environment variables."""

import pytest

from exporter.errors import ConfigError
from exporter.settings.load import load_settings
from exporter.settings.table import SETTINGS, Settings

SECOND = 10**9


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Each test starts where no configuration lies about."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(environ):
    with pytest.raises(ConfigError) as refused:
        load_settings(None, environ)
    return refused.value.message


def test_every_setting_can_come_from_the_environment(tmp_path):
    (tmp_path / "token").write_text("a-token-of-the-tests")
    (tmp_path / "password").write_text("x")
    written = {
        "database_url": "postgresql://agent@db/agent",
        "database_password_file": "password",
        "lock_timeout": "1s",
        "listen": "127.0.0.1:1",
        "tokens": "[{name: a, roles: [read], file: token}]",
        "trusted_proxies": "1",
        "workers": "2",
        "threads": "3",
        "intake_slots": "1",
        "max_body_bytes": "2048",
        "max_inflight_bytes": "4KiB",
        "settle_seconds": "0.5",
        "settle_horizon": "2h",
        "accept_age": "10d",
        "charge_metrics_of": "codex, claude_code",
        "series_limit": "7",
        "gen_ai_client": "off",
        "exemplars": "false",
        "push.endpoint": "http://otlp.example",
        "push.interval": "2s",
        "push.headers": "{x-scope: demo}",
        "audit_interval": "1m",
        "timezone": "Asia/Tokyo",
        "log_level": "debug",
        "log_format": "json",
    }
    assert written.keys() == {row.key for row in SETTINGS}
    environ = {row.variable: written[row.key] for row in SETTINGS}
    settings = load_settings(None, environ)
    default = Settings()
    assert [row.name for row in SETTINGS if getattr(settings, row.name) == getattr(default, row.name)] == []
    assert settings.database_url.reveal() == "postgresql://agent:x@db/agent"
    assert settings.settle_ns == SECOND // 2
    assert settings.written["push.interval"] == ("2s", "AGENT_EXPORTER_PUSH_INTERVAL")


def test_the_scheme_of_the_variables_is_the_key_in_capitals():
    variables = {row.key: row.variable for row in SETTINGS}
    assert variables["settle_seconds"] == "AGENT_EXPORTER_SETTLE_SECONDS"
    assert variables["push.endpoint"] == "AGENT_EXPORTER_PUSH_ENDPOINT"
    assert len(set(variables.values())) == len(variables)


def test_an_empty_variable_counts_as_absent():
    assert load_settings(None, {"AGENT_EXPORTER_LISTEN": "", "AGENT_EXPORTER_CONFIG": ""}) == Settings()


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        (
            {"AGENT_EXPORTER_LISTN": "127.0.0.1:1"},
            "environment: AGENT_EXPORTER_LISTN: unknown variable, did you mean AGENT_EXPORTER_LISTEN?",
        ),
        (
            {"AGENT_EXPORTER_": "x"},
            "environment: AGENT_EXPORTER_: unknown variable, no setting has it",
        ),
        (
            {"AGENT_EXPORTER_LISTEN": "4318"},
            'environment: AGENT_EXPORTER_LISTEN: found "4318", expected host:port as 127.0.0.1:4318 or [::1]:4318',
        ),
        (
            {"AGENT_EXPORTER_SETTLE_SECONDS": "1e999"},
            'environment: AGENT_EXPORTER_SETTLE_SECONDS: found "1e999", expected seconds, 0 to 86400, decimals allowed',
        ),
        (
            {"AGENT_EXPORTER_WORKERS": "many"},
            'environment: AGENT_EXPORTER_WORKERS: found "many", expected a whole number from 1 to 256, or auto',
        ),
        (
            {"AGENT_EXPORTER_TOKENS": "[{name: ci}"},
            "environment: AGENT_EXPORTER_TOKENS: not valid YAML: expected ',' or ']', but got '}'",
        ),
        (
            {"AGENT_EXPORTER_TOKENS": "[{name: ci, roles: [read], file: absent}]"},
            "environment: AGENT_EXPORTER_TOKENS[0].file: absent cannot be read: No such file or directory",
        ),
        (
            {"AGENT_EXPORTER_MAX_INFLIGHT_BYTES": "1MiB"},
            (
                "environment: AGENT_EXPORTER_MAX_INFLIGHT_BYTES: found 1048576, expected "
                "at least max_body_bytes, which is 67108864"
            ),
        ),
        (
            {"AGENT_EXPORTER_MAX_BODY_BYTES": "1GiB"},
            "max_inflight_bytes: found 100663296, expected at least max_body_bytes, which is 1073741824",
        ),
    ],
)
def test_a_bad_variable_is_refused_with_its_full_message(environ, message):
    assert refusal(environ) == message
