"""Completeness: who sends calls, whether they say what the calls used, and what to switch on where they do not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from exporter.budgets.periods import QUARTER_NS
from exporter.dialects.advice import ADVICE, BY_SCOPE, GENERAL, HAYSTACK, MODEL_SDK, STREAMS, advice_for
from exporter.jobs import Duties, make_jobs
from exporter.ledger import completeness
from exporter.ledger.aggregate_gap import AGGREGATE_GAP, AGGREGATE_TOLD
from exporter.ledger.completeness import MOST_SENDERS, SENDER_CALLS, find_gaps
from exporter.ledger.families import OTHER_LABEL
from exporter.ledger.gauges import read_gauges, replace_gauges
from exporter.ledger.numbering import MISSING_EVENTS, SESSIONS, SILENT_SESSIONS
from exporter.ledger.work_spans import KEPT_QUARTERS, add_work, forget_work, work_by_sender
from exporter.telemetry import selfmetrics
from exporter.usage import Tokens
from exporter.views.metrics import MetricReader
from support.api import Api
from support.entries import NOON, call
from support.ledgers import HOUR, Books
from support.otlp import log, logs_request, request, span
from support.terminal import WIDTH, run, run_at_terminal
from support.workers import WholeWorker

SILENT = {"tokens": Tokens(), "cost": None}
OPENAI = {"scope": "opentelemetry.instrumentation.openai_v2", "service": "coder"}
NOW = NOON + HOUR // 2
EARLY = "2026-11-21T12:00:00Z"


def flagged(entry, *flags):
    return entry._replace(usage=replace(entry.usage, flags=json.dumps(flags)))


def book_some(books):
    """Four calls of a sender that misses two, one of which failed; a guess; and two of one that says everything."""
    books.book(
        flagged(call("a", "1", **SILENT, **OPENAI), "usage_missing"),
        flagged(call("a", "2", **SILENT, **OPENAI), "usage_missing"),
        flagged(call("a", "3", **SILENT, **OPENAI, error_type="timeout"), "usage_missing"),
        call("a", "4", **OPENAI),
        flagged(call("b", "1", scope="openlit", service="guesser", usage_status="estimated"), "guessed_stream"),
        call("c", "1", scope="com.anthropic.sdk", service="tidy"),
        call("c", "2", scope="com.anthropic.sdk", service="tidy"),
        at=NOW,
    )


@pytest.fixture
def books(database_url):
    books = Books(database_url)
    yield books
    books.database.close()


# ------------------------------------------------------------------------------------------------ the advice
@pytest.mark.parametrize(
    ("scope", "advice"),
    [
        ("haystack", HAYSTACK),
        ("haystack.tracing", HAYSTACK),
        ("haystacks", GENERAL),
        ("opentelemetry.instrumentation.openai_v2", STREAMS),
        ("opentelemetry.instrumentation.openai.v1", STREAMS),
        ("opentelemetry.instrumentation.genai.openai", STREAMS),
        ("opentelemetry.instrumentation.genai.agno", MODEL_SDK),
        ("openinference.instrumentation.crewai", MODEL_SDK),
        ("", GENERAL),
        ("of.nobody", GENERAL),
    ],
)
def test_advice_goes_by_the_longest_scope(scope, advice):
    assert advice_for(scope) == advice


def test_every_advice_is_one_line_with_a_code_of_its_own():
    assert len({one.code for one in ADVICE}) == len(ADVICE)
    assert set(BY_SCOPE.values()) <= set(ADVICE)
    assert all(len(one.text) <= 75 and not one.text.endswith(".") for one in ADVICE)


# -------------------------------------------------------------------------------------------------- the job
def test_senders_are_counted_by_what_is_known_of_their_usage(books):
    book_some(books)
    with books.database.read() as connection:
        found = find_gaps(connection, NOW)[SENDER_CALLS]
    openai = ("genai", OPENAI["scope"], "coder")
    assert found == {
        (*openai, "missing", "stream_usage"): 2,
        (*openai, "failed", ""): 1,
        (*openai, "reported", ""): 1,
        ("genai", "openlit", "guesser", "estimated", "stream_usage"): 1,
        ("genai", "com.anthropic.sdk", "tidy", "reported", ""): 2,
    }


def test_only_the_last_hour_counts(books):
    book_some(books)
    with books.database.read() as connection:
        assert find_gaps(connection, NOW + 2 * HOUR) == {SENDER_CALLS: {}}


def test_a_better_copy_of_a_call_makes_it_a_reported_one(books):
    books.book(flagged(call("a", "1", **SILENT, **OPENAI), "usage_missing"), at=NOW)
    books.book(call("a", "1", **OPENAI), at=NOW)
    with books.database.read() as connection:
        assert list(find_gaps(connection, NOW)[SENDER_CALLS].values()) == [1]


def test_beyond_the_bound_senders_are_added_up_and_the_worst_stay(books, monkeypatch):
    monkeypatch.setattr(completeness, "MOST_SENDERS", 1)
    book_some(books)
    with books.database.read() as connection:
        found = find_gaps(connection, NOW)[SENDER_CALLS]
    assert sum(found.values()) == 7
    assert {labels[2] for labels in found} == {"coder", OTHER_LABEL}
    assert found[(OTHER_LABEL,) * 3 + ("reported", "")] == 2
    assert MOST_SENDERS == 500


def test_gauges_are_replaced_and_shown(books):
    with books.database.write() as connection:
        replace_gauges(connection, {SENDER_CALLS: {("a", "b", "c", "reported", ""): 5, ("old",) * 5: 1}})
        replace_gauges(connection, {SENDER_CALLS: {("a", "b", "c", "reported", ""): 7}})
    with books.database.read() as connection:
        assert read_gauges(connection, [SENDER_CALLS]) == {SENDER_CALLS: {("a", "b", "c", "reported", ""): 7}}
        points = MetricReader().read(connection, NOW)[SENDER_CALLS]
    assert (points.labels, points.values) == ([("a", "b", "c", "reported", "")], [7])


def test_the_scheduled_job_keeps_what_it_finds(books):
    book_some(books)
    duties = Duties(
        database=books.database, booking=books.booking, runtime=lambda: None, run_alone=lambda job: job(), push=None
    )
    jobs = make_jobs(duties, settle_horizon_ns=HOUR, audit_interval_ns=None, push_interval_ns=HOUR)
    (job,) = [one for one in jobs if one.name == "completeness"]
    assert job.run(NOW).value == 5
    with books.database.read() as connection:
        assert sum(read_gauges(connection, [SENDER_CALLS])[SENDER_CALLS].values()) == 7


def test_work_is_added_up_by_quarters_and_forgotten_after_a_week(books):
    with books.database.write() as connection:
        add_work(connection, {("a", "x"): 2, ("b", "x"): 1}, NOON)
        add_work(connection, {("a", "x"): 3}, NOON + 1)
        add_work(connection, {("a", "x"): 4}, NOON + HOUR)
        quarter = NOON // QUARTER_NS
        assert work_by_sender(connection, [quarter]) == {("a", "x"): 5, ("b", "x"): 1}
        assert work_by_sender(connection, range(quarter, quarter + 5)) == {("a", "x"): 9, ("b", "x"): 1}
        forget_work(connection, NOON + KEPT_QUARTERS * QUARTER_NS + HOUR)
        assert work_by_sender(connection, range(quarter, quarter + 5)) == {("a", "x"): 4}


# --------------------------------------------------------------------------------------------- the answer
def test_the_api_answers_worst_first_with_reasons_and_advice(sqlite_url):
    api = Api(sqlite_url)
    book_some(api.books)
    answer = api.get("/api/v1/completeness", start="2026-11-21T12:05:00Z", end="2026-11-21T12:20:00Z")
    assert (answer["start"], answer["end"]) == ("2026-11-21T12:00:00Z", "2026-11-21T12:30:00Z")
    assert [row["service"] for row in answer["data"]] == ["coder", "guesser", "tidy"]
    assert answer["data"][0] == {
        "dialect": "genai",
        **OPENAI,
        "calls": 4,
        "reported": 1,
        "estimated": 0,
        "missing": 2,
        "failed": 1,
        "work_spans": 0,
        "reasons": {"call_failed": 1, "usage_missing": 2},
        "advice": {"code": STREAMS.code, "text": STREAMS.text},
    }
    assert answer["data"][2]["advice"] is None
    assert (answer["agents"], answer["sessions"]) == ([], [])
    api.close()


@pytest.mark.parametrize("query", [{"start": "yesterday"}, {"hours": "3"}, {"start": EARLY, "end": EARLY}])
def test_the_api_refuses_what_it_does_not_understand(sqlite_url, query):
    api = Api(sqlite_url)
    assert api.send("GET", "/api/v1/completeness", query_string=query).status_code == 400
    api.close()


def test_the_command_prints_each_sender_and_below_what_to_switch_on(sqlite_url):
    books = Books(sqlite_url)
    book_some(books)
    lines = run(sqlite_url, "completeness", now=NOW).output.splitlines()
    assert lines[1].split() == [
        "coder", OPENAI["scope"], "genai", "4", "2", "50.0%", "0", "1", "call_failed", "1,", "usage_missing", "2",
    ]  # fmt: skip
    assert lines[-1].startswith(f"coder / {OPENAI['scope']}, guesser / openlit: stream_options=")
    assert max(map(len, run_at_terminal(sqlite_url, "completeness", now=NOW)[:6])) <= WIDTH
    printed = json.loads(run(sqlite_url, "completeness", "--json", "--since", "1h", now=NOW).output)
    assert [row["service"] for row in printed["data"]] == ["coder", "guesser", "tidy"]
    books.database.close()


def test_the_command_says_so_when_there_is_nothing_to_mend(sqlite_url):
    books = Books(sqlite_url)
    assert run(sqlite_url, "completeness", now=NOW).output == "No call since 2026-11-20T12:30:00Z.\n"
    books.book(call("c", "1"), at=NOW)
    assert run(sqlite_url, "completeness", now=NOW).output.endswith("\nEvery call says what it used.\n")
    books.database.close()


def test_signs_of_telemetry_that_did_not_come_are_answered_and_printed(sqlite_url):
    api = Api(sqlite_url)
    api.books.book(call("c", "1"), at=NOW)
    with api.database.write() as connection:
        replace_gauges(
            connection,
            {
                AGGREGATE_GAP: {("shop", "planner"): 380, ("shop", "coder"): 0},
                AGGREGATE_TOLD: {("shop", "planner"): 500, ("shop", "coder"): 9},
                MISSING_EVENTS: {("claude-code",): 3},
                SESSIONS: {("claude-code",): 7},
                SILENT_SESSIONS: {("claude-code",): 1},
            },
        )
    answer = api.get("/api/v1/completeness")
    planner = {"service": "shop", "agent": "planner", "gap_tokens": 380, "told_tokens": 500}
    assert answer["agents"] == [planner, {"service": "shop", "agent": "coder", "gap_tokens": 0, "told_tokens": 9}]
    session = {"service": "claude-code", "sessions": 7, "missing_events": 3, "silent_sessions": 1}
    assert answer["sessions"] == [session]
    printed = run(sqlite_url, "completeness", now=NOW).output
    assert "Agent planner of shop said 380 tokens more" in printed
    assert "coder" not in printed
    assert "claude-code: 3 events of the last hour's sessions did not come." in printed
    assert "claude-code: 1 sessions used tools and told of no call." in printed
    api.close()


# ------------------------------------------------------------------------------------------ the whole path
@pytest.fixture
def whole(sqlite_url, tmp_path):
    whole = WholeWorker(sqlite_url, tmp_path, {}, NOON)
    yield whole
    whole.close()


def test_sampling_and_work_without_usage_are_counted_by_whoever_sent_them(whole):
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    spans = [
        span(tool, span_id=bytes([1] * 8), trace_state="ot=th:c", start_time_unix_nano=NOON),
        span({}, span_id=bytes([2] * 8), name="GET /", start_time_unix_nano=NOON),
    ]
    whole.push(request(*spans, resource={"service.name": "crew"}, scope="openinference.instrumentation.crewai"))
    samples = whole.samples()
    assert samples['agent_exporter_sampled_spans_total{service="crew"}'] == 1
    assert samples['agent_exporter_sampled_out_spans_total{service="crew"}'] == 3
    labels = 'advice="instrument_sdk",kind="tool",scope="openinference.instrumentation.crewai",service="crew"'
    assert samples[f"agent_exporter_work_spans_total{{{labels}}}"] == 1


def test_a_service_with_work_and_no_usage_is_answered_first_with_what_to_switch_on(whole):
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}
    crew, shop = ({"resource": {"service.name": name}, "scope": scope} for name, scope in SILENT_AND_NOT.items())
    for number in (1, 2):
        whole.push(request(span(agent, span_id=bytes([number] * 8), start_time_unix_nano=NOON), **crew))
        whole.push(request(span(agent, span_id=bytes([number] * 7 + [9]), start_time_unix_nano=NOON), **shop))
        whole.now_ns += 11 * 10**9
    told = {**agent, "gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 5}
    whole.push(request(span(told, trace_id=bytes([7] * 16), start_time_unix_nano=NOON), **shop))
    first, *others = whole.get("/api/v1/completeness")["data"]
    assert (first["service"], first["scope"], first["calls"], first["work_spans"]) == (
        "crew",
        SILENT_AND_NOT["crew"],
        0,
        2,
    )
    assert first["advice"]["code"] == MODEL_SDK.code
    assert [(row["service"], row["work_spans"]) for row in others] == [("shop", 0)]
    whole.now_ns += 8 * 24 * HOUR
    whole.run_jobs()
    assert whole.get("/api/v1/completeness", start="2026-11-21T00:00:00Z")["data"][0]["service"] == "shop"


SILENT_AND_NOT = {"crew": "openinference.instrumentation.crewai", "shop": "agent_framework"}


def test_the_events_of_a_session_are_followed_over_requests_and_resends(whole):
    def event(sequence, name="tool_result"):
        said = {"event.name": name, "event.sequence": sequence, "session.id": "s1"}
        return log(said, trace_id=b"", span_id=b"", time_unix_nano=NOON)

    for events in ([event(0), event(1)], [event(4)], [event(0), event(1)]):
        body = logs_request(*events, resource={"service.name": "cc"}, scope="com.anthropic.claude_code.events")
        answer = whole.client.post("/v1/logs", data=body, content_type="application/x-protobuf")
        assert answer.status_code == 200
    whole.now_ns = NOON + 61 * 10**9
    whole.run_jobs()
    samples = whole.samples()
    assert samples['agent_exporter_sequence_missing_events{service="cc"}'] == 2
    assert samples['agent_exporter_numbered_sessions{service="cc"}'] == 1
    assert samples['agent_exporter_silent_sessions{service="cc"}'] == 1
    assert whole.all_rows() == []


def test_names_that_senders_choose_are_bounded(monkeypatch):
    monkeypatch.setattr(selfmetrics, "MOST_NAMES", 2)
    measured = selfmetrics.SelfMetrics()
    for number in range(5):
        measured.sampled(f"s{number}", 1, 4.0)
    found = {
        sample.labels["service"]: sample.value
        for metric in measured.collect()
        if metric.name == "agent_exporter_sampled_spans"
        for sample in metric.samples
    }
    assert found == {"s0": 1, "s1": 1, OTHER_LABEL: 3}
