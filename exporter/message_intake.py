"""The path of a message between agents: read, judged, booked; then acknowledged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple

from exporter.errors import ExporterError, InvalidRequest
from exporter.ledger.message_booking import MessageBooking
from exporter.messages.message import INVALID_VALUE, MALFORMED, REASONS, TOO_OLD, Checked, Message, Problem
from exporter.messages.reading import read_messages

_FUTURE_NS: Final = 300 * 10**9
"""How far a sender's clock may be ahead; beyond that the time of receipt counts."""


class RefusedMessage(NamedTuple):
    """A message that is not counted: which one of the body, from 1, and why."""

    number: int
    problems: tuple[Problem, ...]


class MessageReceipt(NamedTuple):
    """Accepted, duplicate and refused messages are all that were sent."""

    accepted: int
    duplicate: int
    refused: tuple[RefusedMessage, ...]


class MessageIntake:
    """Takes bodies of messages.  Safe for threads."""

    def __init__(self, booking: MessageBooking, *, clock_ns: Callable[[], int], accept_age_ns: int | None) -> None:
        self._booking = booking
        self._clock_ns = clock_ns
        self._accept_age_ns = accept_age_ns

    def take(self, body: bytes, *, encoding: str | None = None) -> MessageReceipt:
        """Book the valid messages of a body; durable on return.  InvalidRequest when the whole body is refused."""
        now_ns = self._clock_ns()
        try:
            checked = read_messages(body, encoding=encoding)
        except InvalidRequest as error:
            self.count_refusal(error)
            raise
        judged = [self._judge(one, now_ns) for one in checked]
        refused = tuple(
            RefusedMessage(number, one.problems) for number, one in enumerate(judged, start=1) if one.problems
        )
        booked = self._booking.book(
            [_timed(one.message, now_ns) for one in judged if one.message is not None],
            Counter(one.problems[0].reason for one in refused),
            now_ns,
        )
        return MessageReceipt(booked.accepted, booked.duplicate, refused)

    def count_refusal(self, error: ExporterError) -> None:
        """Count a body that is refused as a whole as one message: nobody knows how many it held."""
        reason = str(error.details.get("reason", MALFORMED))
        self._booking.book([], {reason if reason in REASONS else INVALID_VALUE: 1}, self._clock_ns())

    def _judge(self, one: Checked, now_ns: int) -> Checked:
        if one.message is None or one.message.sent_at is None or self._accept_age_ns is None:
            return one
        if one.message.sent_at >= now_ns - self._accept_age_ns:
            return one
        days = self._accept_age_ns // (86_400 * 10**9)
        text = f"older than {days} days: a message sent again could not be told any more"
        return Checked(one.line, None, (Problem(one.line, TOO_OLD, "agent-message/context/timestamp", text),))


def _timed(one: Message, now_ns: int) -> Message:
    is_future = one.sent_at is not None and one.sent_at > now_ns + _FUTURE_NS
    return replace(one, sent_at=None) if is_future else one
