"""The metric families of messages between agents; part of the catalogue."""

from __future__ import annotations

from typing import Final

from exporter.telemetry.family import COUNTER, ours

MESSAGES: Final = (
    ours(
        COUNTER,
        "agent_messages_total",
        ("project", "sender", "recipient", "type", "action", "priority"),
        "agent_messages_messages",
        "Messages between agents; one that was sent again counts once",
        unit="{message}",
    ),
    ours(
        COUNTER,
        "agent_message_errors_total",
        ("project", "sender", "level", "category"),
        "agent_messages_errors",
        "Messages that report an error, by its level (1 to 4) and category",
        unit="{error}",
    ),
    ours(
        COUNTER,
        "agent_message_gates_total",
        ("project", "sender", "gate", "result"),
        "agent_messages_gates",
        "Results of quality gates that messages report",
        unit="{result}",
    ),
    ours(
        COUNTER,
        "agent_messages_rejected_total",
        ("reason",),
        "agent_messages_refused",
        "Messages that were refused, and bodies of messages that were refused as a whole, by the first reason found",
        unit="{message}",
    ),
)
