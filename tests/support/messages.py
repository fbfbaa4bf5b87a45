"""Messages between agents: as booked, and as XML."""

from __future__ import annotations

from xml.sax.saxutils import escape

from exporter.messages.message import Message


def message(number: int, **fields) -> Message:
    """A message with a key of its own."""
    said = {"sender": "builder", "recipient": "lead", "type": "status", "priority": "normal", "action": "pending"}
    return Message(key=number.to_bytes(16, "big"), **{**said, "project": "payments", **fields})


def element(name: str, /, *inside: str, **attributes: str) -> str:
    """An element around what is XML already."""
    given = "".join(f' {key}="{escape(value, {chr(34): "&quot;"})}"' for key, value in attributes.items())
    return f"<{name}{given}>{''.join(inside)}</{name}>"


def message_xml(**parts: str | None) -> str:
    """A whole valid message; each child of the root can be given as XML, or left out with None."""
    children = {
        "sender": "<sender>@builder</sender>",
        "recipient": "<recipient>@lead</recipient>",
        "type": "<type>task-completion</type>",
        "priority": "<priority>normal</priority>",
        "context": "<context><message-id>m-1</message-id><task-id>PAY-7</task-id><project>payments</project></context>",
        "payload": "<payload><action>completed</action><result><success>true</success></result></payload>",
        "gates": "<quality-gates><layer-1-input>✓ Passed</layer-1-input></quality-gates>",
    } | parts
    return element("agent-message", *(child for child in children.values() if child))
