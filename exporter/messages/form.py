"""The form of a message between agents, as data: what an element may hold.

The published schema, data/agent-message.xsd, says the same; a test holds the two to the same judgement.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

TYPES: Final = ("task-completion", "escalation", "question", "status")
PRIORITIES: Final = ("critical", "high", "normal", "low")
ACTIONS: Final = ("completed", "pending", "blocked", "escalating")
LEVELS: Final = ("1", "2", "3", "4")
CATEGORIES: Final = ("execution", "validation", "integration", "architectural")
LAYERS: Final = ("layer-1-input", "layer-2-hallucination", "layer-3-boundary", "layer-4-output", "layer-5-escalation")
RESULTS: Final = ("passed", "failed", "warning", "skipped", "pending", "triggered", "not_triggered")
"""Of a quality gate, as they are counted."""

MOST_MESSAGES: Final = 1_000
"""Of one body."""
MOST_GATES: Final = 32
MOST_DEPTH: Final = 32
"""Elements within one another, the root included."""
LONGEST_NAME: Final = 128

MESSAGE: Final = "agent-message"
BATCH: Final = "agent-messages"
GATE: Final = "gate"

_SECOND_NS: Final = 10**9
_NAME: Final = re.compile(r"@?[^@ ].*")
_GATE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,63}")
_RESULT: Final = re.compile(
    r"([✓✔✅✗✘❌⚠]\uFE0F? ?)?"
    r"(?P<word>[Pp]ass(ed)?|PASS(ED)?|[Ff]ail(ed)?|FAIL(ED)?|[Ww]arning|[Ss]kipped|[Pp]ending|[Tt]riggered"
    r"|[Nn]ot[ _\-]triggered)"
)
_TIME: Final = re.compile(
    r"(?P<second>(19[7-9][0-9]|2[01][0-9]{2}|22[0-5][0-9])-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])(\.(?P<part>[0-9]{1,9}))?"
    r"(?P<zone>Z|[+\-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
)
_WORDS: Final = {"pass": "passed", "fail": "failed", "not triggered": "not_triggered", "not-triggered": "not_triggered"}
_SPACES: Final = re.compile("[ \t\n\r]+")


@dataclass(frozen=True, slots=True)
class Words:
    """What a text must be."""

    expected: str
    """For people."""
    accepts: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Value:
    """An element that holds a text and no element."""

    words: Words
    attributes: Mapping[str, Words] = field(default_factory=dict)
    """All of them are required."""


@dataclass(frozen=True, slots=True)
class Group:
    """An element that holds elements in any order and no text."""

    children: Mapping[str, Node]
    required: tuple[str, ...] = ()
    most: int = 1
    """How often each may stand there; above 1 it bounds all of them together."""


@dataclass(frozen=True, slots=True)
class Free:
    """An element that holds anything; nothing of it is kept."""


Node = Value | Group | Free


def collapse(text: str) -> str:
    """White space as xs:token has it: single blanks, none at the ends."""
    return _SPACES.sub(" ", text).strip(" ")


def gate_result(text: str) -> str:
    """One of RESULTS for what a gate says, empty when it says none of them."""
    found = _RESULT.fullmatch(text)
    word = found["word"].lower() if found else ""
    return _WORDS.get(word, word)


def instant_ns(text: str) -> int | None:
    """Unix nanoseconds of a timestamp; None when it is no time with a zone in the years 1970 to 2259."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        second = datetime.fromisoformat(found["second"] + found["zone"])
    except ValueError:
        return None
    return round(second.timestamp()) * _SECOND_NS + int((found["part"] or "0").ljust(9, "0"))


def _one_of(*words: str) -> Value:
    return Value(Words(f"one of {', '.join(words)}", frozenset(words).__contains__))


def _is_name(text: str) -> bool:
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None


def _is_identifier(text: str) -> bool:
    return 0 < len(text) <= LONGEST_NAME


_AGENT: Final = Value(Words(f"the name of an agent, at most {LONGEST_NAME} characters", _is_name))
_IDENTIFIER: Final = Value(Words(f"1 to {LONGEST_NAME} characters", _is_identifier))
_TIMESTAMP: Final = Value(
    Words("a time with its zone, as 2026-01-31T12:00:00Z", lambda text: instant_ns(text) is not None)
)
_OUTCOME: Final = Words(f"one of {', '.join(RESULTS)}", lambda text: bool(gate_result(text)))
_GATE_LABEL: Final = Words(
    "letters, digits, dot, dash and underscore, at most 64", lambda text: _GATE_NAME.fullmatch(text) is not None
)

AGENT_MESSAGE: Final = Group(
    {
        "sender": _AGENT,
        "recipient": _AGENT,
        "type": _one_of(*TYPES),
        "priority": _one_of(*PRIORITIES),
        "context": Group(
            {
                "message-id": _IDENTIFIER,
                "task-id": _IDENTIFIER,
                "parent-task": _IDENTIFIER,
                "project": _IDENTIFIER,
                "timestamp": _TIMESTAMP,
                "data": Free(),
            }
        ),
        "payload": Group(
            {
                "action": _one_of(*ACTIONS),
                "result": Free(),
                "error-details": Group(
                    {
                        "level": _one_of(*LEVELS),
                        "category": _one_of(*CATEGORIES),
                        "message": Free(),
                        "attempted-recovery": Free(),
                    },
                    ("level",),
                ),
                "data": Free(),
            },
            ("action",),
        ),
        "quality-gates": Group(
            {**{layer: Value(_OUTCOME) for layer in LAYERS}, GATE: Value(_OUTCOME, {"name": _GATE_LABEL})},
            most=MOST_GATES,
        ),
    },
    ("sender", "recipient", "type", "priority", "context", "payload"),
)
"""Each child at most once, but for the gates."""
