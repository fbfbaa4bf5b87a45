"""The scheduled jobs of a real worker, driven by hand: settling, late prices, the audit, pruning."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import func, select, update

from exporter.app import make_worker, open_database
from exporter.configuration import apply_settings
from exporter.ledger import schema, service_tables, tables
from exporter.settings.load import load_settings
from support import otlp

SECOND = 10**9
PRICED = """
prices:
  - {layer: self_hosted, provider: self_hosted, model: forge-7b, usd_per_million: {input: 1, output: 2}}
"""


class Clock:
    def __init__(self):
        self.now = time.time_ns()

    def __call__(self):
        return self.now

    def pass_seconds(self, seconds):
        self.now += int(seconds * SECOND)


class Service:
    """One worker on its own database, whose time stands still until told otherwise."""

    def __init__(self, url, folder):
        self.clock, self.folder = Clock(), folder
        self.environment = {"AGENT_EXPORTER_DATABASE_URL": url}
        settings = self.configure("")
        database = open_database(settings)
        schema.upgrade(database.engine)
        apply_settings(database, settings, self.clock())
        database.close()
        self.worker = make_worker(settings, clock_ns=self.clock)
        self.client = self.worker.application.test_client()

    def configure(self, text):
        path = self.folder / "agent-exporter.yml"
        path.write_text(text)
        return load_settings(str(path), self.environment)

    def send(self, **attributes):
        now = self.clock()
        span = otlp.span(
            {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "self_hosted", **attributes},
            start_time_unix_nano=now - SECOND,
            end_time_unix_nano=now,
        )
        answer = self.client.post("/v1/traces", data=otlp.request(span), content_type="application/x-protobuf")
        assert answer.status_code == 200

    def tick(self, seconds=6.0):
        self.clock.pass_seconds(seconds)
        self.worker.scheduler.tick()

    def rows(self):
        return self.client.get("/api/v1/usage").json["data"]

    def job(self, name):
        with self.worker.database.read() as connection:
            return connection.execute(select(service_tables.job).where(service_tables.job.c.name == name)).first()


@pytest.fixture
def service(database_url, tmp_path):
    service = Service(database_url, tmp_path)
    yield service
    service.worker.close()


CALL = {
    "gen_ai.request.model": "forge-7b",
    "gen_ai.usage.input_tokens": 1_000_000,
    "gen_ai.usage.output_tokens": 500_000,
}


def test_a_price_from_a_new_configuration_prices_what_waited_for_it(service):
    service.send(**CALL)
    service.tick()
    (row,) = service.rows()
    assert (row["cost_nano_usd"], row["cost_status"]) == (None, "unknown")
    apply_settings(service.worker.database, service.configure(PRICED), service.clock())
    service.tick()
    (row,) = service.rows()
    assert (row["cost_nano_usd"], row["cost_status"]) == (2 * SECOND, "priced")
    assert service.job("price_late").detail == "1 rows"


def test_an_agent_that_alone_reported_is_charged_when_its_time_is_over(service):
    service.send(**CALL, **{"gen_ai.operation.name": "invoke_agent"})
    service.tick(1)
    assert service.rows()[0]["billing"] == "pending"
    service.tick(60)
    assert service.rows()[0]["billing"] == "charged"


def test_the_audit_notes_what_it_finds(service):
    service.send(**CALL)
    service.tick(3_601)
    found = service.job("audit")
    assert found.last_success_at == found.last_run_at
    with service.worker.database.write() as connection:
        connection.execute(update(tables.total).values(calls=tables.total.c.calls + 1))
    service.tick(3_601)
    found = service.job("audit")
    assert found.last_success_at < found.last_run_at
    assert "calls" in found.detail
    assert "agent_exporter_audit_success 0" in service.client.get("/metrics").text


def test_the_shape_of_a_trace_goes_after_its_horizon_and_its_rows_stay(service):
    def count(table):
        with service.worker.database.read() as connection:
            return connection.scalar(select(func.count()).select_from(table))

    service.send(**CALL)
    service.tick(23 * 3_600)
    assert count(tables.skeleton) == 1
    service.tick(2 * 3_600)
    assert count(tables.skeleton) == 0
    assert count(tables.usage) == 1
