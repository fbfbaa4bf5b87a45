"""POST /api/v1/messages: messages between agents, validated and counted; GET /schemas/agent-message.xsd: their form."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Any, Final, Protocol

from flask import Blueprint, Request, Response, jsonify, request

from exporter.errors import InvalidRequest, TooLarge, UnsupportedMedia
from exporter.intake.body import read_body
from exporter.intake.limits import DEFAULT_LIMITS, MIB, InflightBudget, IntakeLimits
from exporter.message_intake import MessageReceipt, RefusedMessage
from exporter.web.otlp import IntakeSlots
from exporter.web.parameters import known_only
from exporter.web.streams import drain, stream_of

MEDIA: Final = ("application/xml", "text/xml")
MAX_BYTES: Final = MIB
SHOWN_PROBLEMS: Final = 100
SCHEMA_PATH: Final = "/schemas/agent-message.xsd"
_LIMITS: Final = IntakeLimits(max_body_bytes=MAX_BYTES)
_CHARSETS: Final = {"": None, "utf-8": "utf-8", "us-ascii": "utf-8"}
"""What the header may say, and what the parser is then told."""


class Intake(Protocol):
    """Takes bodies of messages; what it returns is durable, trouble is an ExporterError."""

    def take(self, body: bytes, *, encoding: str | None = None) -> MessageReceipt: ...

    def count_refusal(self, error: InvalidRequest | TooLarge | UnsupportedMedia) -> None: ...


def messages_blueprint(intake: Intake, *, budget: InflightBudget, slots: IntakeSlots) -> Blueprint:
    """The intake of messages and the schema that says what they are."""
    blueprint = Blueprint("messages", __name__)
    schema = files("exporter.messages").joinpath("data/agent-message.xsd").read_bytes()

    @blueprint.post("/api/v1/messages")
    def take_messages() -> Response:
        known_only(request.args, ())
        with slots.claim(), budget.lease() as lease:
            try:
                encoding = _encoding_of(request)
                body = read_body(
                    stream_of(request, _LIMITS.read_seconds),
                    content_length=request.content_length,
                    encoding=request.headers.get("Content-Encoding", ""),
                    limits=_LIMITS,
                    budget=lease,
                )
            except (InvalidRequest, TooLarge, UnsupportedMedia) as error:
                drain(request, DEFAULT_LIMITS)
                intake.count_refusal(error)
                raise
            return jsonify(_answer(intake.take(body, encoding=encoding)))

    @blueprint.get(SCHEMA_PATH)
    def show_schema() -> Response:
        known_only(request.args, ())
        headers = {"Cache-Control": "public, max-age=300", "ETag": f'"{hashlib.sha256(schema).hexdigest()[:32]}"'}
        answer = Response(schema, content_type="application/xml", headers=headers)
        answer.make_conditional(request)
        return answer

    return blueprint


def _encoding_of(asked: Request) -> str | None:
    charset = asked.mimetype_params.get("charset", "").lower()
    if asked.mimetype in MEDIA and charset in _CHARSETS:
        return _CHARSETS[charset]
    raise UnsupportedMedia(
        f"Content-Type: found {asked.headers.get('Content-Type', '')[:80]!r}, expected {' or '.join(MEDIA)} in UTF-8",
        reason="unsupported_media",
        accepted=list(MEDIA),
    )


def _answer(receipt: MessageReceipt) -> dict[str, Any]:
    """What became of the messages; InvalidRequest when none of them can ever be accepted."""
    problems = [problem for one in receipt.refused for problem in _problems(one)][:SHOWN_PROBLEMS]
    answer = {
        "accepted": receipt.accepted,
        "duplicate": receipt.duplicate,
        "rejected": len(receipt.refused),
        "problems": problems,
    }
    if receipt.refused and not receipt.accepted and not receipt.duplicate:
        first = receipt.refused[0].problems[0]
        raise InvalidRequest(f"no message is valid; message {receipt.refused[0].number}, {first}", **answer)
    return answer


def _problems(one: RefusedMessage) -> list[dict[str, Any]]:
    return [
        {"message": one.number, "line": found.line, "reason": found.reason, "path": found.path, "text": found.text}
        for found in one.problems
    ]
