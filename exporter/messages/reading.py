"""Reads messages between agents from XML, with everything forbidden that makes XML dangerous.

A document type declaration ends the reading before anything it declares could be used, so there are no
entities but the five of XML itself, nothing is fetched and nothing multiplies.  Depth and number are
bounded while reading; the caller bounds the size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final, NoReturn
from xml.parsers import expat

from exporter.errors import InvalidRequest, show_name
from exporter.messages.form import (
    AGENT_MESSAGE,
    BATCH,
    MESSAGE,
    MOST_DEPTH,
    MOST_MESSAGES,
    Free,
    Group,
    Node,
    Value,
    collapse,
    gate_result,
    instant_ns,
)
from exporter.messages.message import (
    DTD,
    INVALID_VALUE,
    MALFORMED,
    MISSING_ATTRIBUTE,
    MISSING_ELEMENT,
    REPEATED_ELEMENT,
    TOO_DEEP,
    TOO_MANY,
    UNEXPECTED_ATTRIBUTE,
    UNEXPECTED_ELEMENT,
    UNEXPECTED_TEXT,
    WRONG_ROOT,
    Checked,
    Gate,
    Message,
    Problem,
)

MOST_PROBLEMS: Final = 20
"""Told of one message; the first is what it is counted under."""
_SEPARATOR: Final = " "
_INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
_HINTS: Final = frozenset(
    {f"{_INSTANCE}{_SEPARATOR}schemaLocation", f"{_INSTANCE}{_SEPARATOR}noNamespaceSchemaLocation"}
)
"""Where to find the schema: every element may say so, and nobody looks there."""
_REDEFINING: Final = frozenset({f"{_INSTANCE}{_SEPARATOR}type", f"{_INSTANCE}{_SEPARATOR}nil"})
_FREE: Final = Free()


def read_messages(body: bytes, *, encoding: str | None = None) -> list[Checked]:
    """Every message of a body, `agent-message` or `agent-messages`, each judged on its own.

    InvalidRequest, whose details hold the `reason` (message.REASONS) and the `line`, when the body as a whole
    is refused: it is no XML, it is hostile, or it is something else.
    """
    return _Reading(encoding).read(body)


@dataclass(slots=True)
class _Frame:
    """An element that is open."""

    node: Node
    path: str
    line: int
    seen: Counter[str] = field(default_factory=Counter)
    text: list[str] = field(default_factory=list)
    label: str = ""


@dataclass(slots=True)
class _Draft:
    """A message that is being read."""

    line: int
    found: dict[str, str] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    digest: blake2b = field(default_factory=lambda: blake2b(digest_size=16))


class _Reading:
    """One body, from its first byte to its last."""

    def __init__(self, encoding: str | None) -> None:
        self._checked: list[Checked] = []
        self._frames: list[_Frame] = []
        self._depth = 0
        self._draft: _Draft | None = None
        self._text: list[str] = []
        self._parser = expat.ParserCreate(encoding, _SEPARATOR)
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._open
        self._parser.EndElementHandler = self._close
        self._parser.CharacterDataHandler = self._text.append

    def read(self, body: bytes) -> list[Checked]:
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            message = f"the body is no XML: {expat.ErrorString(error.code)}, line {error.lineno}"
            raise InvalidRequest(message, reason=MALFORMED, line=error.lineno) from error
        except (LookupError, ValueError) as error:
            # The encoding that the body declares is none, or none that the parser can use.
            raise InvalidRequest(f"the body is no XML: {error}", reason=MALFORMED, line=1) from error
        if not self._checked:
            self._refuse(MISSING_ELEMENT, f"{BATCH} holds no {MESSAGE}")
        return self._checked

    @property
    def _line(self) -> int:
        return self._parser.CurrentLineNumber

    def _refuse(self, reason: str, text: str) -> NoReturn:
        raise InvalidRequest(f"{text}, line {self._line}", reason=reason, line=self._line)

    def _refuse_doctype(self, *_declared: object) -> NoReturn:
        self._refuse(DTD, "a document type declaration is not accepted")

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        self._end_text()
        self._depth += 1
        if self._depth > MOST_DEPTH:
            self._refuse(TOO_DEEP, f"more than {MOST_DEPTH} elements within one another")
        if self._draft is None:
            self._open_outside(name, attributes)
            return
        _digest(self._draft, "<", name, *(text for pair in sorted(attributes.items()) for text in pair))
        above = self._frames[-1]
        if isinstance(above.node, Free):
            self._frames.append(_Frame(_FREE, above.path, self._line))
            return
        self._frames.append(self._enter(above, name, attributes))

    def _open_outside(self, name: str, attributes: Mapping[str, str]) -> None:
        """The root, or a message in a batch."""
        if name == MESSAGE:
            if len(self._checked) == MOST_MESSAGES:
                self._refuse(TOO_MANY, f"more than {MOST_MESSAGES} messages")
            self._draft = _Draft(self._line)
            frame = _Frame(AGENT_MESSAGE, MESSAGE, self._line)
            self._frames.append(frame)
            self._judge_attributes(frame, attributes)
        elif self._depth > 1:
            self._refuse(UNEXPECTED_ELEMENT, f"{BATCH}: {_shown(name)} is no {MESSAGE}")
        elif name != BATCH:
            self._refuse(WRONG_ROOT, f"found {_shown(name)}, expected {MESSAGE} or {BATCH}")
        elif strange := next(iter(attributes.keys() - _HINTS), ""):
            self._refuse(UNEXPECTED_ATTRIBUTE, f"{BATCH}: {_shown(strange)} is no attribute of it")

    def _enter(self, above: _Frame, name: str, attributes: Mapping[str, str]) -> _Frame:
        """The frame of an element; one that has no place there is read past."""
        path = f"{above.path}/{_shown(name)}"
        group = above.node if isinstance(above.node, Group) else Group({})
        node = group.children.get(name)
        if node is None:
            known = ", ".join(group.children) or "text only"
            self._note(UNEXPECTED_ELEMENT, path, f"has no place there, expected {known}")
            return _Frame(_FREE, path, self._line)
        above.seen[name] += 1
        if (above.seen[name] if group.most == 1 else above.seen.total()) > group.most:
            self._note(REPEATED_ELEMENT, path, f"stands there more than {group.most} times")
        frame = _Frame(node, path, self._line)
        self._judge_attributes(frame, attributes)
        return frame

    def _judge_attributes(self, frame: _Frame, attributes: Mapping[str, str]) -> None:
        known = frame.node.attributes if isinstance(frame.node, Value) else {}
        for name, words in known.items():
            if name not in attributes:
                self._note(MISSING_ATTRIBUTE, frame.path, f"lacks the attribute {name}")
                continue
            frame.label = collapse(attributes[name])
            if not words.accepts(frame.label):
                self._note(INVALID_VALUE, f"{frame.path}@{name}", _expected(frame.label, words.expected))
        for name in attributes.keys() - known.keys() - _HINTS:
            if not isinstance(frame.node, Free) or name in _REDEFINING:
                self._note(UNEXPECTED_ATTRIBUTE, frame.path, f"{_shown(name)} is no attribute of it")

    def _end_text(self) -> None:
        """Give the text since the last tag to the element that is open."""
        text = "".join(self._text)
        self._text.clear()
        said = collapse(text)
        if self._draft is None:
            if said:
                self._refuse(UNEXPECTED_TEXT, f"{BATCH}: text between the messages")
            return
        if said:
            _digest(self._draft, "=", said)
        frame = self._frames[-1]
        if isinstance(frame.node, Value):
            frame.text.append(text)
        elif isinstance(frame.node, Group) and said:
            self._note(UNEXPECTED_TEXT, frame.path, "holds elements, and text stands there")

    def _close(self, _name: str) -> None:
        self._end_text()
        self._depth -= 1
        if self._draft is None:
            return
        _digest(self._draft, ">")
        frame = self._frames.pop()
        if isinstance(frame.node, Value):
            self._keep(self._draft, frame, frame.node)
        elif isinstance(frame.node, Group):
            for name in frame.node.required:
                if name not in frame.seen:
                    self._note(MISSING_ELEMENT, frame.path, f"lacks {name}")
        if not self._frames:
            self._checked.append(_finished(self._draft))
            self._draft = None

    def _keep(self, draft: _Draft, frame: _Frame, value: Value) -> None:
        text = collapse("".join(frame.text))
        if not value.words.accepts(text):
            self._note(INVALID_VALUE, frame.path, _expected(text, value.words.expected), frame.line)
            return
        if frame.path.startswith(f"{MESSAGE}/quality-gates/"):
            draft.gates.append(Gate(frame.label or frame.path.rpartition("/")[2], gate_result(text)))
        else:
            draft.found[frame.path.partition("/")[2]] = text

    def _note(self, reason: str, path: str, text: str, line: int = 0) -> None:
        assert self._draft is not None
        if len(self._draft.problems) < MOST_PROBLEMS:
            self._draft.problems.append(Problem(line or self._line, reason, path, text))


def _finished(draft: _Draft) -> Checked:
    if draft.problems:
        return Checked(draft.line, None, tuple(draft.problems))
    found = draft.found
    sender = found["sender"].removeprefix("@")
    message_id, sent = found.get("context/message-id"), found.get("context/timestamp")
    return Checked(
        draft.line,
        Message(
            key=draft.digest.digest() if message_id is None else _key_of_id(sender, message_id),
            sender=sender,
            recipient=found["recipient"].removeprefix("@"),
            type=found["type"],
            priority=found["priority"],
            action=found["payload/action"],
            project=found.get("context/project", ""),
            task=found.get("context/task-id", ""),
            sent_at=None if sent is None else instant_ns(sent),
            error_level=int(found.get("payload/error-details/level", "0")),
            error_category=found.get("payload/error-details/category", ""),
            gates=tuple(draft.gates),
        ),
        (),
    )


def _key_of_id(sender: str, message_id: str) -> bytes:
    # Ids such as msg-1 are unique for their sender only.
    return blake2b(f"{sender}\x1f{message_id}".encode(), digest_size=16, person=b"id").digest()


def _digest(draft: _Draft, mark: str, *texts: str) -> None:
    draft.digest.update("\x1f".join((mark, *texts)).encode("utf-8", "surrogatepass") + b"\x1e")


def _expected(found: str, expected: str) -> str:
    return f"found {show_name(found)!r}, expected {expected}"


def _shown(name: str) -> str:
    """An element or attribute as people write it, with its name space in braces."""
    space, separator, local = name.rpartition(_SEPARATOR)
    return show_name(f"{{{space}}}{local}" if separator else name)
