"""The programs of the stack: what to run, with which files, and how to see that it is ready."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from scripts.stack.addresses import address, url
from scripts.stack.configuration import COLLECTOR_FILE, ROOT, Choices, Place, collector_environment
from scripts.stack.processes import Trouble

EXECUTABLES = {"collector": "otelcol", "prometheus": "prometheus", "alertmanager": "alertmanager"}
HISTORY_DAYS = "3"
RETENTION = "90d"
"""The baselines of the cost alerts look back four weeks."""
_FROM_HERE = {"PYTHONPATH": str(ROOT)}
_INSTALL = {"otelcol": "scripts/install-tools collector"}
_INSTALL_LOCAL = "scripts/install-tools local"
_TOOLS = ROOT / ".tools" / "bin"


class Program(NamedTuple):
    """One process of the stack."""

    name: str
    command: tuple[str, ...]
    ready_url: str | None = None
    environment: Mapping[str, str] = {}
    """Added to that of the caller."""


def make_programs(place: Place, choices: Choices) -> dict[str, Program]:
    """The chosen programs by name, in the order in which they start."""
    wanted = [EXECUTABLES[name] for name in choices.names if name in EXECUTABLES]
    found = find_programs([*wanted, "promtool"] if choices.with_past else wanted)
    makers: Mapping[str, Callable[[], Program]] = {
        "exporter": lambda: exporter(place),
        "collector": lambda: collector(place, found["otelcol"]),
        "prometheus": lambda: prometheus(place, found["prometheus"]),
        "alertmanager": lambda: alertmanager(place, found["alertmanager"]),
    }
    return {name: makers[name]() for name in choices.names}


def find_programs(names: Iterable[str]) -> dict[str, Path]:
    """Where each program lies: in .tools/bin, else on PATH.  Trouble names all that are missing, and the commands."""
    found = {name: _find_program(name) for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        commands = dict.fromkeys(_INSTALL.get(name, _INSTALL_LOCAL) for name in missing)
        raise Trouble(f"{', '.join(missing)} missing; install with: {' && '.join(commands)}")
    return {name: path for name, path in found.items() if path is not None}


def _find_program(name: str) -> Path | None:
    local = _TOOLS / name
    if local.exists():
        return local
    return Path(found) if (found := shutil.which(name)) else None


def ledger_file(place: Place) -> Path:
    return place.data("exporter") / "ledger.db"


def exporter(place: Place) -> Program:
    """On SQLite, with a token for each role as in compose."""
    chosen = {
        "AGENT_EXPORTER_CONFIG": str(place.configuration("exporter")),
        "AGENT_EXPORTER_DATABASE_URL": f"sqlite:///{ledger_file(place)}",
        "AGENT_EXPORTER_LISTEN": address(place.ports.exporter),
        **_FROM_HERE,
    }
    return Program("exporter", _exporter_command("serve"), f"{url(place.ports.exporter)}/readyz", chosen)


def fleet(place: Place) -> Program:
    """Simulated agents of the present, who push through the Collector."""
    return Program("fleet", _exporter_command("demo", "--endpoint", url(place.ports.otlp_http)), environment=_FROM_HERE)


def history(place: Place) -> Program:
    """Pushes the agents' past into the ledger, and ends.  A second time adds only what is new."""
    exporter_url, token = url(place.ports.exporter), str(place.secrets / "ingest")
    command = _exporter_command("demo", "--endpoint", exporter_url, "--token-file", token, "--days", HISTORY_DAYS)
    return Program("history", command, environment=_FROM_HERE)


def backfill(place: Place, promtool: Path) -> Program:
    """Makes the blocks that a Prometheus would have, had it watched from the beginning, and ends."""
    storage, instance = str(place.data("prometheus")), address(place.ports.exporter)
    options = ("--storage", storage, "--promtool", str(promtool), "--instance", instance, "--assume-budgets")
    return Program("backfill", _exporter_command("backfill", *options), environment=exporter(place).environment)


def collector(place: Place, program: Path) -> Program:
    """With the shipped file itself, which takes its places from variables."""
    command = (str(program), f"--config={COLLECTOR_FILE}")
    return Program("collector", command, f"{url(place.ports.collector_health)}/", collector_environment(place))


def prometheus(place: Place, program: Path) -> Program:
    command = (
        str(program),
        f"--config.file={place.configuration('prometheus')}",
        f"--storage.tsdb.path={place.data('prometheus')}",
        f"--storage.tsdb.retention.time={RETENTION}",
        f"--web.listen-address={address(place.ports.prometheus)}",
        f"--web.external-url={url(place.ports.prometheus)}",
        "--enable-feature=exemplar-storage",
    )
    return Program("prometheus", command, f"{url(place.ports.prometheus)}/-/ready")


def alertmanager(place: Place, program: Path) -> Program:
    command = (
        str(program),
        f"--config.file={place.configuration('alertmanager')}",
        f"--storage.path={place.data('alertmanager')}",
        f"--web.listen-address={address(place.ports.alertmanager)}",
        f"--web.external-url={url(place.ports.alertmanager)}",
        # One alone has no peers to look for.
        "--cluster.listen-address=",
    )
    return Program("alertmanager", command, f"{url(place.ports.alertmanager)}/-/ready")


def _exporter_command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "exporter", *arguments)
