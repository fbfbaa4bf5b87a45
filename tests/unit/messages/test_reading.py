"""A message is read into what is counted of it; what is wrong with it is told with its place."""

from __future__ import annotations

import pytest

from exporter.errors import InvalidRequest
from exporter.messages.form import MOST_DEPTH, MOST_GATES, MOST_MESSAGES
from exporter.messages.message import Gate
from exporter.messages.reading import MOST_PROBLEMS, read_messages
from support.messages import element, message_xml

NOON = 1_767_700_800 * 10**9


def read(xml: str, **options):
    return read_messages(xml.encode(), **options)


def only(xml: str):
    (checked,) = read(xml)
    assert checked.problems == ()
    return checked.message


def problems(xml: str):
    (checked,) = read(xml)
    assert checked.message is None
    return [(found.reason, found.path) for found in checked.problems]


def test_the_form_of_the_specification_is_read_whole():
    found = only("""<?xml version="1.0"?>
    <agent-message>
      <sender>@database-optimizer</sender>
      <recipient>@backend-coordinator</recipient>
      <type>escalation</type>
      <priority>critical</priority>
      <context>
        <task-id>6d0d</task-id><parent-task>6d0c</parent-task><timestamp>2026-01-06T13:00:00.25+01:00</timestamp>
      </context>
      <payload>
        <action>escalating</action>
        <result><success>false</success><description>d</description><artifacts><file path="a/b">c</file></artifacts></result>
        <error-details>
          <level>3</level><category>integration</category><message>m</message><attempted-recovery>r</attempted-recovery>
        </error-details>
      </payload>
      <quality-gates>
        <layer-1-input>✓ Passed</layer-1-input>
        <layer-2-hallucination>✗ Failed</layer-2-hallucination>
        <layer-5-escalation>Not triggered</layer-5-escalation>
        <gate name="lint">PASS</gate>
      </quality-gates>
    </agent-message>""")
    assert (found.sender, found.recipient, found.type) == ("database-optimizer", "backend-coordinator", "escalation")
    assert (found.priority, found.action, found.task, found.project) == ("critical", "escalating", "6d0d", "")
    assert (found.error_level, found.error_category) == (3, "integration")
    assert found.sent_at == NOON + 10**9 // 4
    assert found.gates == (
        Gate("layer-1-input", "passed"),
        Gate("layer-2-hallucination", "failed"),
        Gate("layer-5-escalation", "not_triggered"),
        Gate("lint", "passed"),
    )


def test_nothing_that_a_message_says_is_kept():
    secret = "the secret of the customer"
    free = f"<result>{secret}</result><data x='{secret}'>{secret}</data>"
    error = f"<error-details><level>1</level><message>{secret}</message></error-details>"
    found = only(
        message_xml(
            payload=element("payload", "<action>blocked</action>", free, error),
            context=f"<context><data>{secret}</data></context>",
        )
    )
    assert secret not in repr(found)


def test_a_message_with_an_id_is_the_same_message_whatever_else_it_says():
    first, later = only(message_xml()), only(message_xml(priority="<priority>high</priority>"))
    assert first.key == later.key
    assert first.key != only(message_xml(sender="<sender>other</sender>")).key


def test_a_message_without_an_id_is_the_same_only_when_every_word_is():
    plain = message_xml(context="<context/>")
    indented = plain.replace("><", ">\n  <")
    assert only(plain).key == only(indented).key
    assert only(plain).key != only(plain.replace("true", "false")).key
    assert only(plain).key != only(plain.replace("<success>true</success>", "success true")).key


def test_long_texts_make_the_same_key_however_the_parser_cuts_them():
    long = message_xml(
        context="<context/>", payload=f"<payload><action>pending</action><data>{'word ' * 9000}</data></payload>"
    )
    assert only(long).key == only(long.replace("<data>", "<data>  ")).key


def test_a_batch_judges_each_message_on_its_own():
    bad = message_xml(type="<type>greeting</type>")
    checked = read(element("agent-messages", message_xml(), bad, message_xml(sender="<sender>x</sender>")))
    assert [one.message is not None for one in checked] == [True, False, True]


@pytest.mark.parametrize(
    ("xml", "reason", "path"),
    [
        (message_xml(sender=None), "missing_element", "agent-message"),
        (message_xml(payload="<payload/>"), "missing_element", "agent-message/payload"),
        (message_xml(sender="<sender>a</sender><sender>b</sender>"), "repeated_element", "agent-message/sender"),
        (message_xml(type="<type>hello</type>"), "invalid_value", "agent-message/type"),
        (message_xml(type="<type><b>status</b></type>"), "unexpected_element", "agent-message/type/b"),
        (message_xml(sender="<sender> @ </sender>"), "invalid_value", "agent-message/sender"),
        (message_xml(sender=f"<sender>{'a' * 129}</sender>"), "invalid_value", "agent-message/sender"),
        (message_xml(type="<type id='1'>status</type>"), "unexpected_attribute", "agent-message/type"),
        (message_xml(payload="<payload>text<action>pending</action></payload>"), "unexpected_text", "agent-message/payload"),
        (message_xml(gates="<quality-gates><gate>passed</gate></quality-gates>"), "missing_attribute", "agent-message/quality-gates/gate"),
        (message_xml(gates="<quality-gates><gate name='a b'>passed</gate></quality-gates>"), "invalid_value", "agent-message/quality-gates/gate@name"),
        (message_xml(gates="<quality-gates><layer-1-input>fine</layer-1-input></quality-gates>"), "invalid_value", "agent-message/quality-gates/layer-1-input"),
        (message_xml(context="<context><timestamp>2026-02-30T10:00:00Z</timestamp></context>"), "invalid_value", "agent-message/context/timestamp"),
        (message_xml(context="<context><timestamp>2026-02-03T10:00:00</timestamp></context>"), "invalid_value", "agent-message/context/timestamp"),
        (message_xml(gates=f"<quality-gates>{'<gate name=%a%>passed</gate>'.replace('%', chr(34)) * (MOST_GATES + 1)}</quality-gates>"), "repeated_element", "agent-message/quality-gates/gate"),
    ],
)  # fmt: skip
def test_each_fault_has_a_reason_and_a_place(xml, reason, path):
    assert problems(xml)[0] == (reason, path)


def test_a_fault_names_its_line_and_what_was_expected():
    (checked,) = read(message_xml(priority="\n\n<priority>urgent</priority>"))
    (found,) = checked.problems
    assert str(found) == "line 3: agent-message/priority: found 'urgent', expected one of critical, high, normal, low"


def test_many_faults_are_told_up_to_a_bound():
    assert len(problems(message_xml(payload="<payload>" + "<x/>" * 50 + "</payload>"))) == MOST_PROBLEMS


def refusal(body: bytes, **options) -> str:
    with pytest.raises(InvalidRequest) as refused:
        read_messages(body, **options)
    assert refused.value.details["line"] >= 1
    return str(refused.value.details["reason"])


ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha"}">' for n in range(10))
DOCTYPES = {
    "a doctype": "<!DOCTYPE agent-message>",
    "a billion laughs": f"<!DOCTYPE agent-message [{ENTITIES}]>",
    "quadratic growth": f'<!DOCTYPE agent-message [<!ENTITY a "{"a" * 50_000}">]>',
    "an external entity": '<!DOCTYPE agent-message [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "an external subset": '<!DOCTYPE agent-message SYSTEM "http://127.0.0.1:9/evil.dtd">',
    "a parameter entity": '<!DOCTYPE agent-message [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>',
    "default attributes": '<!DOCTYPE agent-message [<!ATTLIST sender x CDATA "y">]>',
}


@pytest.mark.parametrize("name", DOCTYPES)
def test_a_document_type_declaration_is_refused_before_anything_it_says(name):
    used = message_xml(sender="<sender>&e9;&x;</sender>")
    assert refusal((DOCTYPES[name] + used).encode()) == "dtd"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "malformed"),
        (b"{}", "malformed"),
        (b"\0" * 100, "malformed"),
        (b"<agent-message>", "malformed"),
        (message_xml().encode()[:-3], "malformed"),
        (message_xml().encode() * 2, "malformed"),
        (message_xml(sender="<sender>&unknown;</sender>").encode(), "malformed"),
        (message_xml(sender="<sender>&#0;</sender>").encode(), "malformed"),
        (message_xml(sender="<sender>\x01</sender>").encode(), "malformed"),
        (message_xml().encode().replace(b"builder", b"\xff\xfe"), "malformed"),
        (b'<?xml version="1.0" encoding="zip"?>' + message_xml(gates="").encode(), "malformed"),
        (b'<?xml version="1.0" encoding="idna"?>' + message_xml(gates="").encode(), "malformed"),
        (b'<?xml version="1.0" encoding="no-such"?>' + message_xml(gates="").encode(), "malformed"),
        (b"<p:agent-message/>", "malformed"),
        (b"<note/>", "wrong_root"),
        (b'<agent-message xmlns="urn:x"/>', "wrong_root"),
        (b"<agent-messages/>", "missing_element"),
        (b"<agent-messages>text</agent-messages>", "unexpected_text"),
        (b"<agent-messages><note/></agent-messages>", "unexpected_element"),
        (b"<agent-messages a='b'><note/></agent-messages>", "unexpected_attribute"),
        (b"<agent-message>" + b"<a>" * 100_000, "too_deep"),
        (element("agent-messages", message_xml() * (MOST_MESSAGES + 1)).encode(), "too_many"),
    ],
)
def test_what_is_no_body_of_messages_is_refused_as_a_whole(body, reason):
    assert refusal(body) == reason


def test_depth_is_bounded_within_free_content_too():
    inner = MOST_DEPTH - 3
    nested = "<payload><action>pending</action><data>{}</data></payload>"
    assert only(message_xml(payload=nested.format("<a>" * inner + "</a>" * inner)))
    assert (
        refusal(message_xml(payload=nested.format("<a>" * (inner + 1) + "</a>" * (inner + 1))).encode()) == "too_deep"
    )


def test_utf_16_is_read_by_its_mark_which_wins_over_what_a_header_says():
    assert read_messages(message_xml().encode("utf-16"))[0].message is not None
    assert read_messages(message_xml().encode("utf-16"), encoding="utf-8")[0].message is not None


def test_comments_and_processing_instructions_are_no_part_of_a_message():
    found = only(message_xml(type="<type>sta<!-- x -->tus<?p q?></type>"))
    assert found.type == "status"
