"""The settings of a process: defaults, then the file, then environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from exporter.errors import ConfigError, Problem, show_value, unexpected, unknown_key
from exporter.settings.credentials import open_headers, open_tokens, read_secret
from exporter.settings.environment import Given, read_environment
from exporter.settings.policy import POLICY_KEYS
from exporter.settings.secret import url_password, url_secret, url_with_password
from exporter.settings.sections import read_policy
from exporter.settings.source import Document, config_error, parse_document
from exporter.settings.table import CONFIG_VARIABLE, DEFAULT_CONFIG, GROUPS, KEYS, SETTINGS, Setting, Settings, Written
from exporter.settings.values import Faults

_NO_DOCUMENT = Document({}, {})


class _File(NamedTuple):
    """A configuration file as read; without a name when there is none."""

    name: str
    document: Document

    @property
    def folder(self) -> Path:
        """Where the relative paths in the file start."""
        return Path(self.name).parent


def load_settings(path: str | None, environ: Mapping[str, str]) -> Settings:
    """Read the file (`path`, else AGENT_EXPORTER_CONFIG, else agent-exporter.yml if it is there) and the environment.

    ConfigError tells all problems at once, one a line, each with its key, the value and what was expected.
    """
    file = _read_file(path or environ.get(CONFIG_VARIABLE, ""))
    from_environment, strays = read_environment(environ)
    lines = [f"environment: {problem}" for problem in strays]
    given, problems = _given_in_file(file)
    given |= from_environment
    values, bad_values = _read_values(given)
    policy, bad_policy = read_policy(
        {key: file.document.values[key] for key in POLICY_KEYS if key in file.document.values}
    )
    settings = replace(
        Settings(**values),
        policy=policy,
        config=file.name,
        written=MappingProxyType(_as_written(file, given)),
    )
    settings, bad_files = _with_secrets(settings, file.folder, from_environment)
    problems += [*bad_policy, *bad_values, *bad_files]
    if not problems:
        problems += _contradictions(settings)
    if lines or problems:
        raise _refusal(file, lines, problems, given)
    return settings


def require_tokens_beyond_loopback(settings: Settings) -> None:
    """ConfigError when others than this machine could reach a service that has no tokens."""
    if not settings.tokens and not settings.listen.is_loopback:
        raise ConfigError(
            f'listen: found "{settings.listen}" without tokens, expected a loopback address as 127.0.0.1:4318,'
            " or tokens: [{name: collector, roles: [ingest], file: /run/secrets/collector}]"
        )


def _read_file(path: str) -> _File:
    if not path and not Path(DEFAULT_CONFIG).exists():
        return _File("", _NO_DOCUMENT)
    name = path or DEFAULT_CONFIG
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name}: cannot be read: it is not UTF-8 text") from error
    return _File(name, parse_document(text, name))


def _given_in_file(file: _File) -> tuple[dict[str, Given], list[Problem]]:
    """The settings in a file by key, and the keys that are neither setting nor section."""
    given: dict[str, Given] = {}
    problems: list[Problem] = []
    top = [key for key in KEYS if "." not in key] + sorted(GROUPS) + list(POLICY_KEYS)
    for name, value in file.document.values.items():
        if name in GROUPS and isinstance(value, Mapping):
            inner = [key.removeprefix(f"{name}.") for key in KEYS if key.startswith(f"{name}.")]
            problems += [Problem(f"{name}.{key}", unknown_key(key, inner)) for key in value if key not in inner]
            given |= {f"{name}.{key}": Given(value[key], "") for key in value if key in inner}
        elif name in GROUPS:
            problems.append(Problem(name, f"found {show_value(value)}, expected a mapping with {_inner_keys(name)}"))
        elif name in KEYS:
            given[name] = Given(value, "")
        elif name not in POLICY_KEYS:
            problems.append(Problem(name, unknown_key(name, top)))
    return given, problems


def _as_written(file: _File, given: Mapping[str, Given]) -> dict[str, Written]:
    masks = {row.key: row.mask for row in SETTINGS}
    return {
        key: Written(masks[key](one.value), one.origin or f"{file.name}:{file.document.line_of(key)}")
        for key, one in given.items()
    }


def _inner_keys(group: str) -> str:
    return ", ".join(key.removeprefix(f"{group}.") for key in KEYS if key.startswith(f"{group}."))


def _read_values(given: Mapping[str, Given]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for row in SETTINGS:
        if row.key not in given:
            continue
        try:
            values[row.name] = row.read(given[row.key].value)
        except Faults as faults:
            problems += [problem._replace(key=f"{row.key}{problem.key}") for problem in faults.problems]
        except ValueError as error:
            problems.append(Problem(row.key, f"found {_shown(row, given[row.key].value)}, expected {error}"))
    return values, problems


def _shown(row: Setting, value: Any) -> str:
    return show_value(row.mask(value))


def _with_secrets(settings: Settings, folder: Path, environment: Mapping[str, Given]) -> tuple[Settings, list[Problem]]:
    """The settings with the contents of the files that they name; paths of the environment start where we are."""

    def start(key: str) -> Path:
        return Path() if key in environment else folder

    tokens, problems = open_tokens("tokens", settings.tokens, start("tokens"))
    headers, bad_headers = open_headers("push.headers", settings.push_headers, start("push.headers"))
    problems += bad_headers
    url = settings.database_url
    if settings.database_password_file:
        path = start("database_password_file") / settings.database_password_file
        password, problem = read_secret("database_password_file", path, least=1)
        problem = problem or _password_out_of_place(settings)
        problems += [problem] if problem else []
        url = url if problem else url_secret(url_with_password(url.reveal(), password.reveal()))
    return replace(settings, tokens=tokens, push_headers=headers, database_url=url), problems


def _password_out_of_place(settings: Settings) -> Problem | None:
    key, url = "database_password_file", settings.database_url.reveal()
    if settings.on_sqlite:
        return Problem(key, "given for SQLite, expected a database_url of postgresql://")
    if url_password(url) is not None:
        return Problem(key, "given beside a password in database_url, expected one of both")
    if "@" not in url:
        return Problem(key, "given without a user in database_url, expected postgresql://user@host:5432/database")
    return None


def _contradictions(settings: Settings) -> list[Problem]:
    """Settings that are right by themselves and wrong together."""
    problems = []
    body, threads = settings.max_body_bytes, settings.threads
    if settings.max_inflight_bytes < body:
        expected = f"at least max_body_bytes, which is {body}"
        problems.append(unexpected("max_inflight_bytes", settings.max_inflight_bytes, expected))
    if settings.intake_slots is not None and settings.intake_slots >= threads:
        problems.append(unexpected("intake_slots", settings.intake_slots, f"fewer than threads, which is {threads}"))
    if settings.accept_age_ns is not None and settings.accept_age_ns < settings.settle_horizon_ns:
        problems.append(Problem("accept_age", "shorter than settle_horizon, expected at least as long"))
    if settings.push_headers and not settings.push_endpoint:
        problems.append(Problem("push.headers", "given without push.endpoint, expected both or none"))
    return problems


def _refusal(file: _File, strays: list[str], problems: list[Problem], given: Mapping[str, Given]) -> ConfigError:
    """All problems in one error, those of the file first and in its order."""
    in_file: list[Problem] = []
    elsewhere = list(strays)
    for problem in problems:
        variable = _name_in_environment(problem.key, given)
        if variable:
            elsewhere.append(f"environment: {problem._replace(key=variable)}")
        elif file.name:
            in_file.append(problem)
        else:
            elsewhere.append(str(problem))
    texts = [config_error(file.name, file.document, in_file).message] if in_file else []
    return ConfigError("\n".join(texts + elsewhere), problems=[problem._asdict() for problem in problems])


def _name_in_environment(key: str, given: Mapping[str, Given]) -> str:
    """The key as the variable that gave it, as `AGENT_EXPORTER_TOKENS[0].file`; empty when none did."""
    for outer, one in given.items():
        rest = key.removeprefix(outer)
        if one.origin and key.startswith(outer) and rest[:1] in ("", ".", "["):
            return f"{one.origin}{rest}"
    return ""
