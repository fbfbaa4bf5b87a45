"""Settings of a process: defaults, file, environment, files of secrets."""

from pathlib import Path

import pytest

from exporter.errors import ConfigError
from exporter.settings.credentials import Header, Token
from exporter.settings.load import load_settings, require_tokens_beyond_loopback
from exporter.settings.policy import EMPTY_POLICY
from exporter.settings.secret import Secret
from exporter.settings.table import Settings
from exporter.settings.values import Listen

SECOND = 10**9
DAY = 86_400 * SECOND
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Each test starts where no configuration lies about."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path, text):
    path.write_text(text)
    return str(path)


def refusal(path=None, **environ):
    with pytest.raises(ConfigError) as refused:
        load_settings(path, environ)
    return refused.value.message


def test_without_file_and_environment_the_defaults_hold():
    settings = load_settings(None, {})
    assert settings == Settings()
    assert settings.database_url.reveal() == "sqlite:///agent-exporter.db"
    assert settings.listen == Listen("127.0.0.1", 4318)
    assert settings.settle_ns == 60 * SECOND
    assert settings.settle_horizon_ns == DAY
    assert settings.accept_age_ns == 400 * DAY
    assert settings.max_body_bytes == 64 * 2**20
    assert settings.max_inflight_bytes == 96 * 2**20
    assert settings.lock_timeout_ns == 5 * SECOND
    assert settings.threads == 8
    assert settings.intake_slot_count == 7
    assert settings.series_limit == 10_000
    assert settings.push_endpoint == ""
    assert settings.tokens == ()
    assert settings.policy == EMPTY_POLICY


def test_a_file_sets_what_it_names_and_leaves_the_rest(tmp_path):
    path = write(
        tmp_path / "a.yml",
        "listen: '[::1]:9464'\nsettle_seconds: 0.25\naccept_age: unlimited\naudit_interval: off\n"
        "workers: 3\nmax_body_bytes: 1MiB\nexemplars: false\n"
        "push: {endpoint: 'https://otlp.example/', interval: 1m30s}\n",
    )
    settings = load_settings(path, {})
    assert settings.listen == Listen("::1", 9464)
    assert settings.settle_ns == SECOND // 4
    assert settings.accept_age_ns is None
    assert settings.audit_interval_ns is None
    assert settings.workers == 3
    assert settings.max_body_bytes == 2**20
    assert settings.exemplars is False
    assert settings.push_endpoint == "https://otlp.example"
    assert settings.push_interval_ns == 90 * SECOND
    assert settings.threads == 8
    assert settings.config == path


def test_the_environment_wins_over_the_file(tmp_path):
    path = write(tmp_path / "a.yml", "listen: 127.0.0.1:1\nthreads: 8\n")
    settings = load_settings(path, {"AGENT_EXPORTER_LISTEN": "127.0.0.1:2"})
    assert settings.listen.port == 2
    assert settings.threads == 8


def test_the_variable_of_the_file_is_followed_unless_a_path_is_given(tmp_path):
    one = write(tmp_path / "one.yml", "threads: 5\n")
    two = write(tmp_path / "two.yml", "threads: 6\n")
    assert load_settings(None, {"AGENT_EXPORTER_CONFIG": one}).threads == 5
    assert load_settings(two, {"AGENT_EXPORTER_CONFIG": one}).threads == 6


def test_the_file_of_the_working_directory_is_read_when_it_is_there(tmp_path):
    write(tmp_path / "agent-exporter.yml", "threads: 7\n")
    assert load_settings(None, {}).threads == 7


def test_an_empty_file_says_nothing(tmp_path):
    assert load_settings(write(tmp_path / "a.yml", "# nothing\n"), {}).threads == 8


def test_a_file_that_is_not_there_is_refused():
    assert refusal("absent.yml") == "absent.yml: cannot be read: No such file or directory"


def test_a_file_that_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.yml").write_bytes(b"listen: \xff\xfe")
    assert refusal("a.yml") == "a.yml: cannot be read: it is not UTF-8 text"


def test_problems_of_file_and_environment_are_told_together(tmp_path):
    path = write(tmp_path / "a.yml", "threads: 1\nlog_level: loud\n")
    assert refusal(path, AGENT_EXPORTER_LISTN="x", AGENT_EXPORTER_LOG_LEVEL="quiet").splitlines() == [
        f"{path}:1: threads: found 1, expected a whole number from 2 to 64",
        "environment: AGENT_EXPORTER_LISTN: unknown variable, did you mean AGENT_EXPORTER_LISTEN?",
        'environment: AGENT_EXPORTER_LOG_LEVEL: found "quiet", expected one of debug, info, warning, error',
    ]


def test_secrets_come_from_files_beside_the_configuration(tmp_path):
    folder = tmp_path / "etc"
    folder.mkdir()
    write(folder / "ci", "  the-token-of-the-ci  \n")
    write(folder / "push", "Bearer-of-the-push")
    write(folder / "database", "p@ss/word\n")
    path = write(
        folder / "a.yml",
        "database_url: postgresql://agent@db:5432/agent?sslmode=require\ndatabase_password_file: database\n"
        "tokens: [{name: ci, roles: [ingest, read], file: ci}]\n"
        "push: {endpoint: 'http://otlp', headers: {authorization: {file: push}, x-scope: demo}}\n",
    )
    settings = load_settings(path, {})
    assert settings.database_url.reveal() == "postgresql://agent:p%40ss%2Fword@db:5432/agent?sslmode=require"
    assert settings.tokens == (Token("ci", frozenset({"ingest", "read"}), "ci", Secret("the-token-of-the-ci")),)
    assert settings.push_headers == (
        Header("authorization", "push", Secret("Bearer-of-the-push")),
        Header("x-scope", "", Secret("demo")),
    )
    shown = repr(settings) + str(settings.written)
    assert not [secret for secret in ("the-token", "Bearer-of", "p%40ss", "p@ss", "demo") if secret in shown]
    assert "postgresql://agent:<secret>@db:5432/agent?sslmode=require" in shown


def test_a_secret_that_cannot_be_decoded_is_refused(tmp_path):
    (tmp_path / "ci").write_bytes(b"\xff" * 40)
    path = write(tmp_path / "a.yml", "tokens: [{name: ci, roles: [read], file: ci}]\n")
    assert refusal(path) == f"{path}:1: tokens[0].file: {tmp_path}/ci is not UTF-8 text"


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.8.8.8:1", "[::1]:1", "localhost:1"])
def test_loopback_needs_no_tokens(listen):
    require_tokens_beyond_loopback(load_settings(None, {"AGENT_EXPORTER_LISTEN": listen}))


@pytest.mark.parametrize("listen", ["0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "exporter.example:9464"])
def test_beyond_loopback_a_service_without_tokens_is_refused(listen):
    settings = load_settings(None, {"AGENT_EXPORTER_LISTEN": listen})
    with pytest.raises(ConfigError) as refused:
        require_tokens_beyond_loopback(settings)
    assert refused.value.message == (
        f'listen: found "{listen}" without tokens, expected a loopback address as 127.0.0.1:4318,'
        " or tokens: [{name: collector, roles: [ingest], file: /run/secrets/collector}]"
    )


def test_beyond_loopback_a_token_is_enough(tmp_path):
    write(tmp_path / "ci", "the-token-of-the-ci")
    environ = {
        "AGENT_EXPORTER_LISTEN": "0.0.0.0:9464",
        "AGENT_EXPORTER_TOKENS": "[{name: ci, roles: [ingest], file: ci}]",
    }
    require_tokens_beyond_loopback(load_settings(None, environ))


@pytest.mark.parametrize(
    ("url", "workers", "cores", "count"),
    [
        ("sqlite:///a.db", "auto", 2, 2),
        ("sqlite:///a.db", "8", 2, 2),
        ("sqlite:///a.db", "1", 2, 1),
        ("postgresql://agent@db/agent", "auto", 2, 2),
        ("postgresql://agent@db/agent", "8", 2, 8),
    ],
)
def test_sqlite_never_has_more_workers_than_cores(url, workers, cores, count):
    settings = load_settings(None, {"AGENT_EXPORTER_DATABASE_URL": url, "AGENT_EXPORTER_WORKERS": workers})
    assert settings.worker_count(cores) == count


def test_the_example_is_a_valid_configuration():
    settings = load_settings(str(ROOT / "agent-exporter.example.yml"), {})
    assert [budget.id for budget in settings.policy.budgets] == ["all-month", "payments-month", "reviewer-hour"]
    assert [row.model for row in settings.policy.prices] == ["house-llama", "gpt-6-sol"]
