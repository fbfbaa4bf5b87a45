"""Bearer tokens and push headers: who may do what, with secrets that come from files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from exporter.errors import Problem, unexpected, unknown_key
from exporter.settings.secret import Secret
from exporter.settings.values import Faults

INGEST: Final = "ingest"
READ: Final = "read"
OPERATE: Final = "operate"
ROLES: Final = (INGEST, READ, OPERATE)

MIN_TOKEN_LENGTH: Final = 16
MAX_SECRET_BYTES: Final = 8192
_NO_SECRET: Final = Secret("")

_TOKEN_KEYS: Final = ("name", "roles", "file")
_ENTRY: Final = "{name: collector, roles: [ingest], file: /run/secrets/collector}"
_EXPECTED_TOKENS: Final = f"a list as [{_ENTRY}]"
_EXPECTED_HEADERS: Final = "a mapping of header names to texts, or to {file: /run/secrets/name}"


class Token(NamedTuple):
    """One bearer token; several are valid at once."""

    name: str
    roles: frozenset[str]
    file: str
    secret: Secret = _NO_SECRET


class Header(NamedTuple):
    """One header of the OTLP push; its value is given inline, or by a file."""

    name: str
    file: str
    secret: Secret = _NO_SECRET


def tokens(value: object) -> tuple[Token, ...]:
    """The tokens of a configuration, their files not yet read."""
    if not isinstance(value, list):
        raise ValueError(_EXPECTED_TOKENS)  # noqa: TRY004 - one error for all readers
    problems: list[Problem] = []
    found: dict[str, Token] = {}
    for place, item in enumerate(value):
        token = _token(f"[{place}]", item, problems)
        if token.name in found:
            problems.append(unexpected(f"[{place}].name", token.name, "a name of its own"))
        found[token.name] = token
    if problems:
        raise Faults(problems)
    return tuple(found.values())


def _token(key: str, item: object, problems: list[Problem]) -> Token:
    """A token, whose problems are appended; with any it means nothing."""
    # The item is not shown: people write the secret itself into it by mistake.
    if not isinstance(item, Mapping):
        problems.append(Problem(key, f"expected {_ENTRY}"))
        return Token(key, frozenset(), "")
    problems += [
        Problem(f"{key}.{name}", unknown_key(str(name), _TOKEN_KEYS)) for name in item if name not in _TOKEN_KEYS
    ]
    for name in ("name", "file"):
        if not isinstance(item.get(name), str) or not item[name].strip():
            problems.append(Problem(f"{key}.{name}", f"expected a text, as {_ENTRY}"))
    roles = item.get("roles")
    if not isinstance(roles, list) or not roles or any(role not in ROLES for role in roles):
        problems.append(unexpected(f"{key}.roles", roles, f"a list of {', '.join(ROLES)}"))
        roles = []
    return Token(str(item.get("name", key)), frozenset(roles), str(item.get("file")))


def headers(value: object) -> tuple[Header, ...]:
    """The headers of a configuration, their files not yet read."""
    if value is None:
        return ()
    if not isinstance(value, Mapping):
        raise ValueError(_EXPECTED_HEADERS)  # noqa: TRY004 - one error for all readers
    return tuple(_header(str(name), content) for name, content in value.items())


def _header(name: str, content: Any) -> Header:
    if isinstance(content, str) and content:
        return Header(name, "", Secret(content))
    if isinstance(content, Mapping) and content.keys() == {"file"} and isinstance(content["file"], str):
        return Header(name, content["file"])
    raise ValueError(_EXPECTED_HEADERS)


def open_tokens(key: str, found: tuple[Token, ...], folder: Path) -> tuple[tuple[Token, ...], list[Problem]]:
    """The same tokens with their secrets, and a problem for each file that holds none."""
    opened: list[Token] = []
    problems: list[Problem] = []
    owners: dict[Secret, str] = {}
    for place, token in enumerate(found):
        secret, problem = read_secret(f"{key}[{place}].file", folder / token.file, least=MIN_TOKEN_LENGTH)
        if problem is None and secret in owners:
            problem = Problem(f"{key}[{place}].file", f"holds the same secret as that of {owners[secret]}")
        if problem is not None:
            problems.append(problem)
        owners[secret] = token.name
        opened.append(token._replace(secret=secret))
    return tuple(opened), problems


def open_headers(key: str, found: tuple[Header, ...], folder: Path) -> tuple[tuple[Header, ...], list[Problem]]:
    """The same headers with the contents of their files."""
    opened: list[Header] = []
    problems: list[Problem] = []
    for header in found:
        secret, problem = header.secret, None
        if header.file:
            secret, problem = read_secret(f"{key}.{header.name}.file", folder / header.file, least=1)
        if problem is not None:
            problems.append(problem)
        opened.append(header._replace(secret=secret))
    return tuple(opened), problems


def read_secret(key: str, path: Path, *, least: int) -> tuple[Secret, Problem | None]:
    """The text of a secret's file without the white space around it, or what is wrong with the file."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
        secret = content.decode().strip()
    except OSError as error:
        return _NO_SECRET, Problem(key, f"{path} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return _NO_SECRET, Problem(key, f"{path} is not UTF-8 text")
    if len(content) > MAX_SECRET_BYTES or len(secret.split()) > 1 or len(secret) < least:
        return _NO_SECRET, Problem(
            key, f"{path} does not hold a secret, expected one word of {least} to {MAX_SECRET_BYTES} characters"
        )
    return Secret(secret), None
