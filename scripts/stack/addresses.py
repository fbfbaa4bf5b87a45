"""Where the programs of the stack listen, and what the shipped configuration calls those places."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

LOOPBACK = "127.0.0.1"


class Ports(NamedTuple):
    """A TCP port for each place; the defaults are those of the compose stack."""

    exporter: int = 9464
    otlp_grpc: int = 4317
    otlp_http: int = 4318
    collector_health: int = 13133
    collector_metrics: int = 8888
    prometheus: int = 9090
    alertmanager: int = 9093


SHIPPED = Ports()
SERVICES = {
    "exporter": "exporter",
    "otlp_grpc": "otel-collector",
    "otlp_http": "otel-collector",
    "collector_health": "otel-collector",
    "collector_metrics": "otel-collector",
    "prometheus": "prometheus",
    "alertmanager": "alertmanager",
}
"""The compose service behind each port."""
HOSTS_OF_ONE_MACHINE = ("0.0.0.0", LOOPBACK, "localhost")
"""How a configuration spells an address of its own machine."""


def address(port: int) -> str:
    return f"{LOOPBACK}:{port}"


def url(port: int) -> str:
    return f"http://{address(port)}"


def address_moves(ports: Ports) -> dict[str, str]:
    """Each spelling of an address in the shipped configuration to its place on the loopback interface."""
    moves = {}
    for name, service in SERVICES.items():
        for host in (service, *HOSTS_OF_ONE_MACHINE):
            moves[f"{host}:{getattr(SHIPPED, name)}"] = address(getattr(ports, name))
    return moves


def taken_ports(ports: Ports) -> Iterator[tuple[str, int, str]]:
    """Name and number of each port that something else listens on, with the system's reason."""
    for name, port in ports._asdict().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError as error:
                yield name, port, error.strerror or str(error)
