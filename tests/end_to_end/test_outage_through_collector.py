"""The exporter away while agents go on sending: what the Collector has taken is booked, every call once."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from chaos.books import read_books
from scripts.stack.addresses import address
from scripts.stack.configuration import Choices
from scripts.stack.stack import Stack
from support.commands import audit
from support.proofs import proof_size
from support.stack import ledger_url, place_in, wait_for

OUTAGE_SECONDS = proof_size(bounded=10, full=60)
CALLS_AROUND = 100
"""At least so many calls before the outage and after it."""
RECOVERY_SECONDS = 120
"""The Collector tries again after 30 s at the latest."""
USAGE = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.response.model": "claude-haiku-4-5",
    "gen_ai.usage.input_tokens": 1_000,
    "gen_ai.usage.output_tokens": 10,
}


class Agent:
    """Makes model calls until it is told to end, and knows the ids of all of them."""

    def __init__(self, endpoint):
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=200))
        self.calls = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.finish()

    def finish(self):
        """Everything that was called is with the Collector when this returns."""
        self._ended.set()
        self._thread.join()
        assert self.provider.force_flush()
        self.provider.shutdown()

    def wait_for_more(self, count):
        wanted = len(self.calls) + count
        wait_for(lambda: len(self.calls) >= wanted, f"{count} more calls", within_seconds=60)

    def _work(self):
        tracer = self.provider.get_tracer("outage")
        while not self._ended.wait(0.01):
            with tracer.start_as_current_span("chat", attributes=USAGE) as span:
                context = span.get_span_context()
            self.calls.add((context.trace_id.to_bytes(16), context.span_id.to_bytes(8)))


@pytest.fixture
def stack(tool, tmp_path):
    """Collector and exporter only."""
    tool("otelcol")
    choices = Choices(names=("exporter", "collector"), environment={"AGENT_EXPORTER_SETTLE_SECONDS": "0.2"})
    with Stack(place_in(tmp_path), choices) as running:
        yield running


def collector_keeps_running(stack):
    time.sleep(OUTAGE_SECONDS)


def collector_is_killed_and_started(stack):
    time.sleep(OUTAGE_SECONDS / 2)
    stack.stop("collector", by=signal.SIGKILL)
    stack.start("collector")
    time.sleep(OUTAGE_SECONDS / 2)


@pytest.mark.proof
@pytest.mark.parametrize("meanwhile", [collector_keeps_running, collector_is_killed_and_started])
def test_a_stopped_exporter_costs_no_call_and_doubles_none(stack, meanwhile, capsys):
    url = ledger_url(stack.place)
    with Agent(address(stack.place.ports.otlp_grpc)) as agent:
        agent.wait_for_more(CALLS_AROUND)
        stack.stop("exporter")
        before = len(agent.calls)
        meanwhile(stack)
        during = len(agent.calls) - before
        booked_without = len(read_books(url).calls)
        stack.start("exporter")
        agent.wait_for_more(CALLS_AROUND)
    wait_for(
        lambda: len(read_books(url).calls) >= len(agent.calls),
        "every call in the ledger",
        within_seconds=RECOVERY_SECONDS,
    )

    books = read_books(url)
    assert during > OUTAGE_SECONDS
    assert booked_without <= before
    assert books.calls.keys() == agent.calls
    assert books.doubled == 0
    assert books.totals == books.usage == books.rollups
    assert books.usage.calls == len(agent.calls)
    stack.stop("exporter")
    audit(url)
    with capsys.disabled():
        sys.stdout.write(
            f"\nexporter away for {OUTAGE_SECONDS} s, {meanwhile.__name__.replace('_', ' ')}: {len(agent.calls):,} calls "
            f"sent, {during:,} of them meanwhile; {len(books.calls):,} in the ledger, 0 missing, 0 doubled; audit ok\n"
        )
