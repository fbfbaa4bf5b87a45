"""What is kept of a message between agents: who, to whom, what kind, how it went.  Never what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

MALFORMED: Final = "malformed"
DTD: Final = "dtd"
TOO_DEEP: Final = "too_deep"
TOO_MANY: Final = "too_many"
TOO_LARGE: Final = "too_large"
WRONG_ROOT: Final = "wrong_root"
UNEXPECTED_ELEMENT: Final = "unexpected_element"
REPEATED_ELEMENT: Final = "repeated_element"
MISSING_ELEMENT: Final = "missing_element"
UNEXPECTED_ATTRIBUTE: Final = "unexpected_attribute"
MISSING_ATTRIBUTE: Final = "missing_attribute"
UNEXPECTED_TEXT: Final = "unexpected_text"
INVALID_VALUE: Final = "invalid_value"
TOO_OLD: Final = "too_old"
UNSUPPORTED: Final = "unsupported_media"
INCOMPLETE: Final = "incomplete_body"
INVALID_GZIP: Final = "invalid_gzip"
REASONS: Final = (
    MALFORMED,
    DTD,
    TOO_DEEP,
    TOO_MANY,
    TOO_LARGE,
    WRONG_ROOT,
    UNEXPECTED_ELEMENT,
    REPEATED_ELEMENT,
    MISSING_ELEMENT,
    UNEXPECTED_ATTRIBUTE,
    MISSING_ATTRIBUTE,
    UNEXPECTED_TEXT,
    INVALID_VALUE,
    TOO_OLD,
    UNSUPPORTED,
    INCOMPLETE,
    INVALID_GZIP,
)
"""Why a message or a body of messages is refused."""


class Gate(NamedTuple):
    """What a quality gate found."""

    name: str
    result: str
    """One of form.RESULTS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A valid message; an empty text was not said."""

    key: bytes
    """Sixteen bytes that a message sent again has as well."""
    sender: str
    recipient: str
    type: str
    priority: str
    action: str
    project: str = ""
    task: str = ""
    sent_at: int | None = None
    """Unix nanoseconds."""
    error_level: int = 0
    """1 to 4; 0 without an error."""
    error_category: str = ""
    gates: tuple[Gate, ...] = ()


class Problem(NamedTuple):
    """What is wrong with a message."""

    line: int
    reason: str
    """One of REASONS."""
    path: str
    text: str
    """For people; it quotes names of elements and values of fields that are no content."""

    def __str__(self) -> str:
        return f"line {self.line}: {self.path}: {self.text}"


class Checked(NamedTuple):
    """One message of a body: valid, or what is wrong with it."""

    line: int
    message: Message | None
    problems: tuple[Problem, ...]
