"""What must be there before anything starts: free ports, installed programs, secrets, configuration."""

from __future__ import annotations

import subprocess

from scripts.stack.addresses import taken_ports
from scripts.stack.configuration import (
    ALERTMANAGER_FILE,
    EXPORTER_FILE,
    PROMETHEUS_FILE,
    ROOT,
    Choices,
    Place,
    alertmanager_configuration,
    exporter_configuration,
    prometheus_configuration,
)
from scripts.stack.processes import Trouble
from scripts.stack.programs import Program, make_programs
from scripts.stack.rewriting import read_document, write_document

MAKE_SECRETS = ROOT / "scripts" / "make-secrets"


def prepare(place: Place, choices: Choices) -> dict[str, Program]:
    """The chosen programs by name, ready to run.  Trouble says what is missing or taken."""
    refuse_taken_ports(place)
    programs = make_programs(place, choices)
    for name in programs:
        place.data(name).mkdir(parents=True, exist_ok=True)
    _make_secrets(place)
    _write_configurations(place, choices)
    return programs


def refuse_taken_ports(place: Place) -> None:
    taken = [f"{port} ({name.replace('_', ' ')}: {reason})" for name, port, reason in taken_ports(place.ports)]
    if taken:
        raise Trouble(
            f"cannot listen on {', '.join(taken)}; end what listens there, or choose other ports: "
            "make stack OPTIONS='--prometheus-port 19090' (make stack OPTIONS=--help lists them)"
        )


def _make_secrets(place: Place) -> None:
    """Those that are absent, by the script that compose runs."""
    done = subprocess.run([MAKE_SECRETS, place.secrets], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"{MAKE_SECRETS.relative_to(ROOT)} failed: {done.stderr.strip()}")


def _write_configurations(place: Place, choices: Choices) -> None:
    made = {
        "exporter": exporter_configuration(read_document(EXPORTER_FILE), place, choices),
        "prometheus": prometheus_configuration(read_document(PROMETHEUS_FILE), place, choices),
        "alertmanager": alertmanager_configuration(read_document(ALERTMANAGER_FILE), place, choices),
    }
    for program, document in made.items():
        write_document(place.configuration(program), document)
