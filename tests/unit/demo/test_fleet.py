"""The fleet pushes through the real SDK to a real HTTP endpoint."""

from __future__ import annotations

import json
import time

import pytest
from click.testing import CliRunner

from exporter.cli.demo import demo
from exporter.demo.delivery import Delivery
from exporter.demo.fleet import History, Present, live, push_history
from exporter.demo.rhythm import HOUR_NS, SECOND_NS
from exporter.demo.roster import recruit
from exporter.demo.tally import Tally
from exporter.demo.tasks import Crew
from exporter.demo.timeline import plan_history

END_NS = 1_795_132_800 * SECOND_NS  # 2026-11-20T00:00:00Z
CREW = Crew(1, recruit(12))
HALF_DAY = History(END_NS - 12 * HOUR_NS, END_NS, 30.0)


def values(attributes):
    kinds = {"string_value", "int_value", "bool_value"}
    return {
        item.key: getattr(item.value, found)
        for item in attributes
        if (found := item.value.WhichOneof("value")) in kinds
    }


def planned_tally():
    tally = Tally()
    for trace in plan_history(CREW, start_ns=HALF_DAY.start_ns, end_ns=END_NS, tasks_per_day=30.0):
        for span in trace.spans:
            tally.add(span.attributes)
    return tally


def received_tally(receiver):
    tally = Tally()
    for span in receiver.spans():
        tally.add(values(span.attributes))
    return tally


def push(delivery):
    push_history(CREW, HALF_DAY, delivery, reached=lambda _: None)
    delivery.shutdown()


def test_a_history_arrives_whole_with_the_planned_ids_and_times(receiver):
    push(Delivery(receiver.url))
    expected = {
        (trace.trace_id, span.span_id, span.parent_id, span.start_ns, span.end_ns, span.name)
        for trace in plan_history(CREW, start_ns=HALF_DAY.start_ns, end_ns=END_NS, tasks_per_day=30.0)
        for span in trace.spans
    }
    arrived = {
        (
            int.from_bytes(span.trace_id),
            int.from_bytes(span.span_id),
            int.from_bytes(span.parent_span_id) or None,
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            span.name,
        )
        for span in receiver.spans()
    }
    assert arrived == expected
    assert len(receiver.spans()) == len(expected) > 200


def test_what_was_said_to_be_delivered_is_what_arrived(receiver):
    delivery = Delivery(receiver.url)
    push(delivery)
    assert delivery.delivered == received_tally(receiver) == planned_tally()
    assert delivery.lost_spans == 0


def test_the_resource_names_project_and_environment(receiver):
    push(Delivery(receiver.url))
    resources = {
        (found["service.name"], found["service.namespace"], found["deployment.environment.name"])
        for request in receiver.requests
        for part in request.resource_spans
        if (found := values(part.resource.attributes))
    }
    assert resources == {
        ("demo-fleet", "payments", "production"),
        ("demo-fleet", "search", "production"),
        ("demo-fleet", "onboarding", "staging"),
    }


def test_it_speaks_protobuf_and_gzip_and_shows_its_token(receiver):
    push(Delivery(receiver.url, token="let-me-in"))
    sent = receiver.headers[0]
    assert (sent["content-type"], sent["content-encoding"]) == ("application/x-protobuf", "gzip")
    assert sent["authorization"] == "Bearer let-me-in"


def test_a_batch_is_sent_again_while_the_service_says_503(receiver):
    receiver.script = [503, 503]
    delivery = Delivery(receiver.url)
    push(delivery)
    assert delivery.delivered == planned_tally()
    assert delivery.lost_spans == 0


def test_a_refusal_ends_the_push_at_once_and_is_explained(receiver):
    receiver.script = [401]
    delivery = Delivery(receiver.url)
    push(delivery)
    assert delivery.trouble == f"{receiver.url} answered 401"
    assert delivery.is_refused
    assert delivery.lost_spans > 0
    assert delivery.delivered == Tally()


def test_the_present_sends_each_span_once_and_only_when_it_has_ended(receiver):
    start = END_NS
    present = Present(CREW, calls_per_second=20, start_ns=start)
    seen = []
    for second in range(1, 61):
        ended = present.ended_by(start + second * SECOND_NS)
        assert all(start + (second - 1) * SECOND_NS < span.end_ns <= start + second * SECOND_NS for _, span in ended)
        seen += [span.span_id for _, span in ended]
    assert len(seen) == len(set(seen)) > 500


def test_living_for_a_moment_delivers_all_that_ended(receiver):
    delivery = Delivery(receiver.url)
    deadline = time.monotonic() + 20
    live(
        CREW,
        delivery,
        calls_per_second=20,
        until=lambda: time.monotonic() > deadline or delivery.delivered.calls > 20,
        now_ns=time.time_ns,
    )
    delivery.shutdown()
    assert delivery.delivered == received_tally(receiver)
    assert delivery.delivered.calls > 20
    assert all(span.end_time_unix_nano <= time.time_ns() for span in receiver.spans())


def test_an_outage_that_outlasts_patience_costs_spans_but_does_not_end_the_present(receiver):
    receiver.script = [503] * 14
    # The SDK itself tries six times for each of our tries.
    delivery = Delivery(receiver.url, patience_s=0.0)
    deadline = time.monotonic() + 20
    live(
        CREW,
        delivery,
        calls_per_second=20,
        until=lambda: time.monotonic() > deadline or delivery.delivered.spans > 0,
        now_ns=time.time_ns,
    )
    delivery.shutdown()
    assert delivery.lost_spans > 0
    assert not delivery.is_refused
    assert delivery.delivered == received_tally(receiver) != Tally()


def test_a_history_stops_at_its_first_loss(receiver):
    receiver.script = [503] * 100
    delivery = Delivery(receiver.url, patience_s=0.0)
    push(delivery)
    assert delivery.trouble == f"{receiver.url} answered 503"
    assert delivery.lost_spans <= 1_024


def test_the_command_prints_exact_totals_as_json(receiver):
    done = CliRunner().invoke(
        demo, ["--endpoint", receiver.url, "--days", "0.5", "--until", "2026-11-20T00:00:00Z", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"seed": 1, **planned_tally().as_document(), "lost_spans": 0}


def test_the_command_reads_its_token_from_a_file(receiver, tmp_path):
    secret = tmp_path / "token"
    secret.write_text("from-a-file\n")
    arguments = ["--endpoint", receiver.url, "--for", "1.5s", "--rate", "20", "--token-file", str(secret)]
    done = CliRunner().invoke(demo, arguments)
    assert done.exit_code == 0, done.output
    assert receiver.headers[0]["authorization"] == "Bearer from-a-file"
    assert "What the ledger must show" in done.stdout


def test_the_command_fails_when_the_service_refuses(receiver):
    receiver.script = [401]
    done = CliRunner().invoke(demo, ["--endpoint", receiver.url, "--days", "0.5", "--quiet"])
    assert done.exit_code == 1
    assert "answered 401" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        ("--for", "soon", "'soon' is no duration; expected a number with s, m, h or d, as 90s or 5m"),
        ("--until", "2026-11-01", "expected RFC 3339 with a zone, as 2026-11-01T00:00:00Z"),
        ("--until", "yesterday", "'yesterday' is no time"),
    ],
)
def test_a_bad_option_says_what_was_expected(option, value, expected):
    done = CliRunner().invoke(demo, [option, value])
    assert done.exit_code == 2
    assert expected in " ".join(done.stderr.replace("│", " ").split())
