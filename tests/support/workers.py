"""A worker as it is put together for `serve`, driven in the test's own process by a clock that the test sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from sqlalchemy import MetaData, select
from werkzeug.test import Client, TestResponse

from exporter.app import make_worker, open_database
from exporter.cli.main import cli
from exporter.configuration import apply_settings
from exporter.ledger import schema
from exporter.ledger.audit import audit
from exporter.settings.load import load_settings

SECOND = 10**9
BIRTH = 61 * SECOND
"""A new series shows its first value after this."""


class WholeWorker:
    """Configuration, intake, ledger, API and scrape of one worker; its scheduler stands still."""

    def __init__(self, url: str, folder: Path, document: Mapping[str, Any], now_ns: int, **environment: str) -> None:
        self.url = url
        self.now_ns = now_ns
        self.config = folder / "exporter.yml"
        self.write(document)
        settings = load_settings(str(self.config), {"AGENT_EXPORTER_DATABASE_URL": url, **environment})
        database = open_database(settings)
        schema.upgrade(database.engine)
        apply_settings(database, settings, now_ns)
        database.close()
        self.worker = make_worker(settings, clock_ns=lambda: self.now_ns)
        self.database = self.worker.database
        self.client = Client(self.worker.application)

    def close(self) -> None:
        self.worker.slot.release()
        self.database.close()

    def write(self, document: Mapping[str, Any]) -> None:
        """Replace the configuration file."""
        self.config.write_text(json.dumps(document))

    def reload(self, document: Mapping[str, Any]) -> TestResponse:
        self.write(document)
        return self.client.post("/-/reload")

    def push(self, body: bytes) -> Any:
        """Send spans; the partial success of the answer, empty when all were accepted."""
        answer = self.client.post("/v1/traces", data=body, content_type="application/x-protobuf")
        assert answer.status_code == 200, answer.data
        return ExportTraceServiceResponse.FromString(answer.data).partial_success

    def get(self, path: str, **query: str) -> Any:
        answer = self.client.get(path, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows of the ledger by span id."""
        return {row["span_id"]: row for row in self.get("/api/v1/usage", limit="1000")["data"]}

    def all_rows(self) -> list[dict[str, Any]]:
        """Every row of the ledger, in booking order."""
        rows, cursor = [], ""
        while cursor is not None:
            page = self.get("/api/v1/usage", limit="1000", **({"cursor": cursor} if cursor else {}))
            rows += page["data"]
            cursor = page["next_cursor"]
        return rows

    def run_jobs(self) -> None:
        """One round of the scheduler."""
        self.worker.scheduler.tick()

    def samples(self) -> dict[str, float]:
        """Every sample that a scrape shows now."""
        lines = self.client.get("/metrics").text.splitlines()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[:1] != "#"}

    def total(self, family: str, *, containing: str = "") -> float:
        """The sum of a family's samples."""
        found = self.samples().items()
        return sum(value for name, value in found if name.partition("{")[0] == family and containing in name)

    def command(self, *arguments: str) -> str:
        """What `agent-exporter` prints on the same database; it must succeed."""
        status, printed = self.ended(*arguments)
        assert status == 0, printed
        return printed

    def ended(self, *arguments: str) -> tuple[int, str]:
        """Exit status and standard output of `agent-exporter` on the same database."""
        environment = {"AGENT_EXPORTER_DATABASE_URL": self.url, "AGENT_EXPORTER_CONFIG": str(self.config)}
        done = CliRunner().invoke(cli, arguments, env=environment)
        return done.exit_code, done.stdout

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table of the database."""
        metadata = MetaData()
        metadata.reflect(self.database.engine, only=[name])
        table = metadata.tables[name]
        with self.database.read() as connection:
            rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            return [dict(row) for row in rows]

    def assert_audited(self) -> None:
        """Totals and rows say the same."""
        with self.database.read() as connection:
            result = audit(connection)
        assert result.ok, result.findings
