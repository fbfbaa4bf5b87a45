"""What `make stack` tells the person at the terminal."""

from __future__ import annotations

import sys
from pathlib import Path

from scripts.stack.addresses import url
from scripts.stack.configuration import ROOT, Place
from scripts.stack.programs import ledger_file

GUIDE = """
The stack runs; a simulated fleet pushes through the Collector.  Logs: {folder}/*.log

  Look at     {alerts:<37} alerts that wait or fire
              {query:<37} try  sum by (project) (agent_cost_usd_total)
              {delivered:<37} what is delivered, and what mutes what
              {runbook:<37} what an alert means and what to do
  Boards      any Grafana with the data source {prometheus} and grafana/dashboards/*.json
  Send        OTEL_EXPORTER_OTLP_ENDPOINT={otlp_http}  (gRPC: {otlp_grpc})
  Type        curl -H "Authorization: Bearer $(cat {folder}/secrets/read)" {exporter}/api/v1/budgets
              export AGENT_EXPORTER_CONFIG={config}
              export AGENT_EXPORTER_DATABASE_URL={database}
              {command} cost --group-by project,model
              {command} budgets
              {command} audit

Ctrl-C ends everything; `make clean` also removes what it wrote.
"""


def write_guide(place: Place) -> str:
    """Where to look and what to type, as text for the terminal."""
    ports = place.ports
    prometheus, exporter = url(ports.prometheus), url(ports.exporter)
    return GUIDE.format(
        folder=_relative(place.folder),
        exporter=exporter,
        prometheus=prometheus,
        alerts=f"{prometheus}/alerts",
        query=f"{prometheus}/query",
        delivered=f"{url(ports.alertmanager)}/#/alerts",
        runbook=f"{exporter}/runbook",
        otlp_http=url(ports.otlp_http),
        otlp_grpc=url(ports.otlp_grpc),
        config=_relative(place.configuration("exporter")),
        database=f"sqlite:///{_relative(ledger_file(place))}",
        command=_relative(Path(sys.executable).parent / "agent-exporter"),
    )


def _relative(path: Path) -> str:
    """As one types it in the repository."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
