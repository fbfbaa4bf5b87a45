"""The shipped configuration of each program as the stack runs it: on the loopback interface, with its files here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from scripts.stack.addresses import LOOPBACK, Ports, address, address_moves, url
from scripts.stack.rewriting import Value, move_texts, root_paths

ROOT = Path(__file__).resolve().parents[2]
START_ORDER = ("alertmanager", "exporter", "collector", "prometheus")
EXPORTER_FILE = ROOT / "docker" / "exporter" / "demo.yml"
PROMETHEUS_FILE = ROOT / "prometheus" / "prometheus.yml"
ALERTMANAGER_FILE = ROOT / "prometheus" / "alertmanager" / "alertmanager.yml"
COLLECTOR_FILE = ROOT / "otel-collector" / "config.yaml"


class Place(NamedTuple):
    """Where one stack runs: its ports, and the folder that holds all that it writes."""

    folder: Path
    ports: Ports
    receiver_secrets: Path = ALERTMANAGER_FILE.parent / "secrets"
    """Where the addresses lie to which Alertmanager's receivers deliver."""

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    def data(self, program: str) -> Path:
        """What a program keeps over a restart."""
        return self.folder / program

    def configuration(self, program: str) -> Path:
        """The file that the program reads."""
        return self.folder / "configuration" / f"{program}.yml"


class Pace(NamedTuple):
    """Shorter times than those shipped, in Prometheus' notation, for whoever will not wait."""

    scrape: str
    evaluation: str
    group_wait: str
    group_interval: str


class Choices(NamedTuple):
    """What one stack does otherwise than the one that is shipped."""

    names: Sequence[str] = START_ORDER
    """The programs that run."""
    exporter: Mapping[str, Value] = {}
    """Sections of the exporter's configuration that replace those shipped."""
    receiver: str | None = None
    """Who is told of alerts, instead of the receiver that the shipped file chooses for people."""
    pace: Pace | None = None
    with_past: bool = False
    """Whether a Prometheus that runs for the first time shows some days of the fleet's history."""
    environment: Mapping[str, str] = {}
    """Added to that of the caller."""


def path_moves(place: Place) -> dict[str, str]:
    """Each folder as the containers see it to its place on this machine."""
    return {
        "/run/agent-exporter/secrets": str(place.secrets),
        "/etc/prometheus": str(PROMETHEUS_FILE.parent),
        "/etc/alertmanager/secrets": str(place.receiver_secrets),
        "/etc/alertmanager": str(ALERTMANAGER_FILE.parent),
    }


def localise(shipped: Value, place: Place, folder: Path) -> Value:
    """Hosts, ports and paths of a configuration that lies in `folder` moved to this machine."""
    moved = move_texts(shipped, address_moves(place.ports) | path_moves(place))
    return root_paths(moved, folder)


def exporter_configuration(shipped: Value, place: Place, choices: Choices) -> Value:
    """Its tokens are those of compose."""
    return {**localise(shipped, place, EXPORTER_FILE.parent), **choices.exporter}


def prometheus_configuration(shipped: Value, place: Place, choices: Choices) -> Value:
    """Without the jobs of services that only compose runs."""
    local = localise(shipped, place, PROMETHEUS_FILE.parent)
    present = {**local, "scrape_configs": [job for job in local["scrape_configs"] if not _is_of_an_absent_service(job)]}
    return _scrape_at(present, choices.pace) if choices.pace else present


def alertmanager_configuration(shipped: Value, place: Place, choices: Choices) -> Value:
    """With the receiver that was chosen for people."""
    local = localise(shipped, place, ALERTMANAGER_FILE.parent)
    route = _group_at(local["route"], choices.pace) if choices.pace else local["route"]
    return {**local, "route": {**route, "receiver": choices.receiver or route["receiver"]}}


def collector_environment(place: Place) -> dict[str, str]:
    """The variables by which the shipped file, which is run as it is, learns where everything is."""
    ports = place.ports
    return {
        "COLLECTOR_GRPC_LISTEN": address(ports.otlp_grpc),
        "COLLECTOR_HTTP_LISTEN": address(ports.otlp_http),
        "COLLECTOR_HEALTH_LISTEN": address(ports.collector_health),
        "COLLECTOR_METRICS_HOST": LOOPBACK,
        "COLLECTOR_METRICS_PORT": str(ports.collector_metrics),
        "COLLECTOR_EXPORTER_ENDPOINT": url(ports.exporter),
        "COLLECTOR_TOKEN_FILE": str(place.secrets / "ingest"),
        "COLLECTOR_QUEUE_DIR": str(place.data("collector") / "queue"),
    }


def _is_of_an_absent_service(job: Mapping[str, Value]) -> bool:
    targets = [target for group in job.get("static_configs", ()) for target in group["targets"]]
    return bool(targets) and not any(target.startswith(f"{LOOPBACK}:") for target in targets)


def _scrape_at(document: Mapping[str, Value], pace: Pace) -> Value:
    rhythm = {"scrape_interval": pace.scrape, "scrape_timeout": pace.scrape}
    jobs = [{**job, **(rhythm if rhythm.keys() & job.keys() else {})} for job in document["scrape_configs"]]
    common = {**document.get("global", {}), **rhythm, "evaluation_interval": pace.evaluation}
    return {**document, "global": common, "scrape_configs": jobs}


def _group_at(route: Mapping[str, Value], pace: Pace) -> Value:
    """A route and all below it, waiting no longer than `pace` says."""
    times = {"group_wait": pace.group_wait, "group_interval": pace.group_interval}
    return {**route, **times, "routes": [_group_at(inner, pace) for inner in route.get("routes", ())]}
