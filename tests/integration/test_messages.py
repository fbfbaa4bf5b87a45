"""POST /api/v1/messages: each message is counted once, and the counts that metrics show equal the rows."""

from __future__ import annotations

import gzip
import threading

import pytest
from sqlalchemy import select, update

from exporter.errors import Unavailable
from exporter.ledger.audit import audit
from exporter.ledger.message_booking import MessageBooking
from exporter.ledger.message_tables import message as message_table
from exporter.ledger.message_tables import message_gate, message_total
from exporter.messages.message import REASONS, Gate
from exporter.telemetry.gather import Gatherer
from exporter.web.auth import Grant
from support.api import DAY, Api, assert_error
from support.entries import NOON
from support.ledgers import HOUR
from support.messages import element, message, message_xml

XML = {"Content-Type": "application/xml"}
PATH = "/api/v1/messages"


@pytest.fixture
def api(database_url):
    api = Api(database_url)
    yield api
    api.close()


def post(api, *messages: str, **options):
    body = messages[0] if len(messages) == 1 else element("agent-messages", *messages)
    return api.send("POST", PATH, data=body.encode(), headers={**XML, **options.pop("headers", {})}, **options)


def points(api, feed: str, *, at: int | None = None) -> dict[tuple[str, ...], int]:
    later = api.now_ns + 61 * 10**9 if at is None else at
    gatherer = Gatherer(api.database, version="1", price_books=list, clock_ns=lambda: later)
    found = gatherer.gather()[f"agent_messages_{feed}"]
    return {labels: value for labels, value in zip(found.labels, found.values, strict=True) if value}


def numbered(number: int, **parts) -> str:
    context = f"<context><message-id>m-{number}</message-id><project>payments</project></context>"
    return message_xml(context=context, **parts)


FAILED = (
    "<payload><action>escalating</action><error-details><level>3</level><category>integration</category></error-details>"
    "</payload>"
)
GATES = "<quality-gates><layer-1-input>✓ Passed</layer-1-input><gate name='lint'>Failed</gate></quality-gates>"


def test_a_message_is_counted_by_who_what_and_how(api):
    answer = post(api, numbered(1, payload=FAILED, gates=GATES))
    assert (answer.status_code, answer.json) == (200, {"accepted": 1, "duplicate": 0, "rejected": 0, "problems": []})
    assert points(api, "messages") == {("payments", "builder", "lead", "task-completion", "escalating", "normal"): 1}
    assert points(api, "errors") == {("payments", "builder", "3", "integration"): 1}
    assert points(api, "gates") == {
        ("payments", "builder", "layer-1-input", "passed"): 1,
        ("payments", "builder", "lint", "failed"): 1,
    }


def test_a_message_sent_again_counts_once_alone_in_a_batch_and_later(api):
    assert post(api, numbered(1), numbered(2), numbered(1)).json["duplicate"] == 1
    assert post(api, numbered(2)).json == {"accepted": 0, "duplicate": 1, "rejected": 0, "problems": []}
    assert sum(points(api, "messages").values()) == 2


def test_a_batch_is_accepted_in_part_and_says_what_was_not(api):
    answer = post(api, numbered(1), numbered(2, type="<type>hello</type>"), numbered(3))
    assert answer.status_code == 200
    assert (answer.json["accepted"], answer.json["rejected"]) == (2, 1)
    (problem,) = answer.json["problems"]
    assert (problem["message"], problem["reason"], problem["path"]) == (2, "invalid_value", "agent-message/type")
    assert points(api, "refused") == {("invalid_value",): 1}


def test_a_body_without_a_valid_message_is_400_and_counted_by_its_reason(api):
    error = assert_error(post(api, numbered(1, sender=None)), 400, "invalid_request")
    assert error["details"]["problems"][0]["reason"] == "missing_element"
    hostile = f'<!DOCTYPE a [<!ENTITY x "y">]>{numbered(1)}'
    assert assert_error(post(api, hostile), 400, "invalid_request")["details"]["reason"] == "dtd"
    assert points(api, "refused") == {("missing_element",): 1, ("dtd",): 1}
    assert points(api, "messages") == {}


@pytest.mark.parametrize(
    ("body", "headers", "status", "reason"),
    [
        (b" " * (1 << 20) + b"x", {}, 413, "too_large"),
        (gzip.compress(b" " * (1 << 24)), {"Content-Encoding": "gzip"}, 413, "too_large"),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400, "invalid_gzip"),
        (b"{}", {"Content-Type": "application/json"}, 415, "unsupported_media"),
        (b"<a/>", {"Content-Type": "text/xml; charset=utf-7"}, 415, "unsupported_media"),
        (b"<a/>", {"Content-Encoding": "br"}, 415, "unsupported_media"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_and_counted(api, body, headers, status, reason):
    answer = api.send("POST", PATH, data=body, headers={**XML, **headers})
    assert answer.status_code == status, answer.text
    assert sum(points(api, "refused").values()) == 1
    assert (reason,) in points(api, "refused") or reason == "unsupported_media"


def test_gzip_and_both_media_types_are_taken(api):
    packed = gzip.compress(numbered(1).encode())
    headers = {"Content-Type": "text/xml; charset=UTF-8", "Content-Encoding": "gzip"}
    assert api.send("POST", PATH, data=packed, headers=headers).json["accepted"] == 1


def test_a_message_that_is_too_old_is_refused_and_one_from_the_future_counts_now(api):
    old = "<context><timestamp>2020-01-01T00:00:00Z</timestamp></context>"
    error = assert_error(post(api, message_xml(context=old)), 400, "invalid_request")
    assert error["details"]["problems"][0]["reason"] == "too_old"
    post(api, message_xml(context="<context><timestamp>2259-01-01T00:00:00Z</timestamp></context>"))
    with api.database.read() as connection:
        assert list(connection.scalars(select(message_table.c.sent_at))) == [api.now_ns]


def test_only_a_token_of_the_role_ingest_may_send(api):
    api.grants = [Grant("in", frozenset({"ingest"}), "i"), Grant("all", frozenset({"read", "operate"}), "r")]
    assert post(api, numbered(1)).status_code == 401
    assert post(api, numbered(1), headers={"Authorization": "Bearer r"}).status_code == 403
    assert post(api, numbered(1), headers={"Authorization": "Bearer i"}).status_code == 200


def test_the_schema_needs_no_token_and_is_kept_by_caches(api):
    api.grants = [Grant("in", frozenset({"ingest"}), "i")]
    answer = api.send("GET", "/schemas/agent-message.xsd")
    assert (answer.status_code, answer.mimetype) == (200, "application/xml")
    assert b'<xs:element name="agent-message"' in answer.data
    again = api.send("GET", "/schemas/agent-message.xsd", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_every_reason_of_a_refusal_is_shown_from_the_start(api):
    gatherer = Gatherer(api.database, version="1", price_books=list, clock_ns=lambda: api.now_ns)
    shown = gatherer.gather()["agent_messages_refused"]
    assert shown.labels == [(reason,) for reason in REASONS]
    assert set(shown.values) == {0}


def test_a_new_label_set_shows_nothing_for_a_minute_so_that_its_birth_is_seen(api):
    post(api, numbered(1))
    assert points(api, "messages", at=api.now_ns + 30 * 10**9) == {}
    assert len(points(api, "messages")) == 1


def test_the_content_of_a_message_is_nowhere_in_the_ledger(api):
    secret = "SECRET-OF-THE-CUSTOMER"
    content = f"<result>{secret}</result><data a='{secret}'>{secret}</data>"
    context = (
        f"<context><message-id>{secret}</message-id><parent-task>{secret}</parent-task><data>{secret}</data></context>"
    )
    post(api, message_xml(payload=f"<payload><action>blocked</action>{content}</payload>", context=context))
    with api.database.read() as connection:
        for table in (message_table, message_gate):
            assert secret not in repr(connection.execute(select(table)).all())


def test_when_the_database_is_away_the_sender_is_told_to_come_again(api, monkeypatch):
    def away():
        raise Unavailable("away")

    monkeypatch.setattr(api.database, "write", away)
    answer = post(api, numbered(1))
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)


def booked(api, *, limit=10_000, slot=0):
    return MessageBooking(api.database, series_limit=limit, slot=slot)


def test_writers_that_book_the_same_messages_at_once_count_each_once(api):
    together = [message(number, gates=(Gate("g", "passed"),)) for number in range(60)]
    outcomes = []

    def run(slot):
        outcomes.append(booked(api, slot=slot).book(together[slot:] + together[:slot], {"dtd": 1}, NOON))

    threads = [threading.Thread(target=run, args=(slot,)) for slot in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(one.accepted for one in outcomes) == 60
    assert sum(one.duplicate for one in outcomes) == 180
    assert sum(points(api, "messages").values()) == 60
    assert sum(points(api, "gates").values()) == 60
    assert points(api, "refused") == {("dtd",): 4}


def test_beyond_the_series_limit_names_are_other_and_the_sum_is_whole(api):
    writer = booked(api, limit=3)
    for number in range(10):
        one = message(number, sender=f"agent-{number}", type="status" if number % 2 else "question")
        writer.book([one], {}, NOON + number)
    shown = points(api, "messages")
    assert sum(shown.values()) == 10
    assert len(shown) == 5
    assert shown[("__other__", "__other__", "__other__", "status", "pending", "normal")] == 4
    again = writer.book(
        [message(50, sender="agent-9", type="status"), message(51, sender="agent-0", type="question")], {}, NOON
    )
    assert again.accepted == 2
    assert points(api, "messages")[("payments", "agent-0", "lead", "question", "pending", "normal")] == 2
    gatherer = Gatherer(api.database, version="1", price_books=list, clock_ns=lambda: NOON + HOUR)
    rejected = gatherer.gather()["series_rejected"]
    assert dict(zip(rejected.labels, rejected.values, strict=True))[("agent_messages_total",)] == 3


def test_the_audit_compares_every_count_with_the_rows(api):
    failed = message(2, error_level=2, gates=(Gate("g", "failed"), Gate("h", "passed")))
    booked(api).book([message(1), failed], {"dtd": 1}, NOON)
    with api.database.read() as connection:
        result = audit(connection)
        assert (result.ok, result.compared["messages"]) == (True, 4)
    with api.database.write() as connection:
        connection.execute(update(message_total).values(count=message_total.c["count"] + 1))
    with api.database.read() as connection:
        findings = audit(connection).findings
    assert {(found.check, found.subject["family"], found.shown - found.ledger) for found in findings} == {
        ("messages", "messages", 1), ("messages", "errors", 1), ("messages", "gates", 1),
    }  # fmt: skip


def test_age_is_not_limited_when_the_configuration_says_so(api):
    api.messages._accept_age_ns = None
    old = "<context><timestamp>1970-01-01T00:00:00+14:00</timestamp></context>"
    assert post(api, message_xml(context=old)).json["accepted"] == 1
    assert api.now_ns > 400 * DAY
