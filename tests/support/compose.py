"""docker-compose.yml read as compose would: variables filled in, and what each service reads, reaches and listens on."""

from __future__ import annotations

import functools
import itertools
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from support.tools import ROOT

SECRETS = "/run/agent-exporter/secrets"
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_COLLECTOR_VARIABLE = re.compile(r"\$\{env:(\w+)(?::-([^}]*))?\}")
ROOTS = {"secrets", "ownership"}
"""They run as root, without a network, to give files away."""
LOCAL = {"localhost", "127.0.0.1", "0.0.0.0"}


class Mount(NamedTuple):
    source: str
    target: str
    read_only: bool

    @property
    def is_bind(self) -> bool:
        return self.source.startswith(".")


def document(**variables: str) -> dict[str, Any]:
    """The file with `variables` as `.env` would give them."""
    given: dict[str, Any] = _filled(yaml.safe_load((ROOT / "docker-compose.yml").read_text()), variables)
    return given


def _filled(value: Any, variables: Mapping[str, str]) -> Any:
    match value:
        case Mapping():
            return {name: _filled(inner, variables) for name, inner in value.items()}
        case list():
            return [_filled(inner, variables) for inner in value]
        case str():
            return _VARIABLE.sub(lambda found: variables.get(found[1]) or found[2] or "", value)
    return value


@functools.cache
def services() -> dict[str, dict[str, Any]]:
    return document()["services"]


def variable_names() -> set[str]:
    """What the file takes from the environment."""
    return {found[1] for found in _VARIABLE.finditer((ROOT / "docker-compose.yml").read_text())}


def environment_choices() -> dict[str, str]:
    """.env.example with every line chosen."""
    lines = re.findall(r"^# ([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(lines)


def make_secrets(folder: Path) -> None:
    """As the service `secrets` does, in a folder of this machine."""
    subprocess.run([ROOT / "scripts" / "make-secrets", folder], check=True, capture_output=True)


def mounts(service: Mapping[str, Any]) -> list[Mount]:
    parts = [entry.split(":") for entry in service.get("volumes", ())]
    return [Mount(source, target, options == ["ro"]) for source, target, *options in parts]


def is_one_shot(service: Mapping[str, Any]) -> bool:
    return "restart" not in service


def words(service: Mapping[str, Any]) -> list[str]:
    """Entrypoint and command, word by word, those of a script too."""
    given = [*service.get("entrypoint", ()), *service.get("command", ())]
    return [word for line in given for word in (shlex.split(line, comments=True) if " " in line else [line])]


def texts(value: Any) -> Iterator[str]:
    """Every text in a configuration, names included."""
    match value:
        case Mapping():
            for name, inner in value.items():
                yield from texts(name)
                yield from texts(inner)
        case list():
            for inner in value:
                yield from texts(inner)
        case str():
            yield value


def read_yaml(path: str) -> Any:
    """A configuration of the repository, the Collector's variables at their defaults."""
    filled = _COLLECTOR_VARIABLE.sub(lambda found: found[2] or "", (ROOT / path).read_text())
    return yaml.safe_load(filled)


CONFIGURATIONS = {
    "exporter": ["docker/exporter/agent-exporter.yml", "docker/exporter/demo.yml"],
    "otel-collector": ["otel-collector/config.yaml", "otel-collector/config.tracing.yaml"],
    "prometheus": ["prometheus/prometheus.yml"],
    "alertmanager": ["prometheus/alertmanager/alertmanager.yml"],
    "grafana": sorted(str(path.relative_to(ROOT)) for path in (ROOT / "grafana" / "provisioning").rglob("*.y*ml")),
    "tempo": ["docker/tempo.yaml"],
}
"""The files that each service is configured by."""


def said_by(name: str) -> Iterator[str]:
    """All texts by which a service is configured: its files, command, environment and health check."""
    service = services()[name]
    for path in CONFIGURATIONS.get(name, ()):
        yield from texts(read_yaml(path))
    yield from words(service)
    yield from (str(value) for value in service.get("environment", {}).values())
    yield from texts(service.get("healthcheck", {}).get("test", []))


def named_paths(name: str) -> set[str]:
    """Absolute paths that a service is told to read or write; of a pattern, its folder."""
    found = set()
    for text in said_by(name):
        value = text.rpartition("=")[2] if text.startswith("--") else text
        if re.fullmatch(r"/(etc|run|var|prometheus|alertmanager)(/[\w.*@-]+)*", value):
            found.add(value.rpartition("/")[0] if "*" in value else value)
    return found


def named_addresses(name: str) -> set[tuple[str, int]]:
    """Host and port of everything that a service is told to reach or to listen on."""
    found = set()
    for text in said_by(name):
        value = text.rpartition("=")[2] if text.startswith("--") else text
        if re.fullmatch(r"\w+://\S+:\d+\S*", value):
            parts = urlsplit(value)
            found.add((parts.hostname or "", parts.port or 0))
        elif split := re.fullmatch(r"([a-z][a-z0-9-]*|\d+(?:\.\d+){3}):(\d{4,5})", value):
            found.add((split[1], int(split[2])))
    return found


def listening_ports() -> dict[str, set[int]]:
    """Ports of each service, read out of its own configuration; the programs' fixed defaults where nothing is said."""
    collector, tempo = read_yaml("otel-collector/config.yaml"), read_yaml("docker/tempo.yaml")
    (reader,) = collector["service"]["telemetry"]["metrics"]["readers"]
    own_metrics = int(reader["pull"]["exporter"]["prometheus"]["port"])
    return {
        "exporter": {_port(read_yaml("docker/exporter/agent-exporter.yml")["listen"])},
        "otel-collector": {*_receivers(collector["receivers"]["otlp"]), own_metrics, *_health(collector)},
        "tempo": {tempo["server"]["http_listen_port"], *_receivers(tempo["distributor"]["receivers"]["otlp"])},
        "prometheus": {9090},
        "alertmanager": {9093},
        "grafana": {3000},
        "postgres": {5432},
    }


def _receivers(otlp: Mapping[str, Any]) -> set[int]:
    return {_port(protocol["endpoint"]) for protocol in otlp["protocols"].values()}


def _health(collector: Mapping[str, Any]) -> set[int]:
    return {_port(collector["extensions"]["health_check"]["endpoint"])}


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def owners(name: str) -> dict[str, str]:
    """What a one-shot service gives to whom: path to UID:GID, as it calls docker/own."""
    given = words(services()[name])
    return {path: owner for owner, path in itertools.pairwise(given) if re.fullmatch(r"\d+:\d+", owner)}
