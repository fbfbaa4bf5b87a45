"""What a request says of telemetry that is not in it: sampling, and the numbering of a session's events."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from exporter.signals import Origin

SERVICE: Final = "service.name"
SEQUENCE: Final = "event.sequence"
SESSION: Final = "session.id"
NUMBERING: Final = frozenset({SEQUENCE, SESSION, "event.name"})
MAX_SEQUENCE: Final = 2**53
_BITS: Final = 56
_DIGITS: Final = _BITS // 4
_LARGEST_P: Final = 62


class SessionEvent(NamedTuple):
    """A log record of a sender that numbers the events of a session, whether any dialect reads it or not."""

    origin: Origin
    session: str
    sequence: int
    name: str
    is_wanted: bool
    """Whether a dialect reads events of this name: a call, and no tool, prompt or setting."""


class Sampled(NamedTuple):
    """Spans of a service that say that they were sampled, and how many they stand for, themselves included."""

    spans: int
    stand_for: float


@lru_cache(maxsize=1024)
def adjusted_count(trace_state: str) -> float:
    """How many spans one with this `tracestate` stands for: 1 when it does not say that it was sampled.

    Source: OpenTelemetry's TraceState handling: `ot=th:` holds the rejection threshold as up to 14 hexadecimal digits
    from the left; `ot=p:`, its predecessor, the exponent of two.
    """
    for member in trace_state.split(","):
        vendor, _, fields = member.strip().partition("=")
        if vendor == "ot":
            said = dict(field.partition(":")[::2] for field in fields.split(";"))
            return _by_threshold(said["th"]) if "th" in said else _by_exponent(said.get("p", "0"))
    return 1.0


def _by_threshold(digits: str) -> float:
    try:
        threshold = int(digits.ljust(_DIGITS, "0"), 16) if 0 < len(digits) <= _DIGITS else 0
    except ValueError:
        return 1.0
    return 2**_BITS / (2**_BITS - threshold) if 0 <= threshold < 2**_BITS else 1.0


def _by_exponent(digits: str) -> float:
    exponent = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 2 else 0
    return float(2**exponent) if exponent <= _LARGEST_P else 1.0


def session_event(origin: Origin, session: object, sequence: object, name: str, wanted: str) -> SessionEvent | None:
    """The event that these attributes tell of; None when they number none."""
    if not isinstance(session, str) or not session or type(sequence) is not int:
        return None
    if not 0 <= sequence < MAX_SEQUENCE:
        return None
    return SessionEvent(origin, session, sequence, wanted or name, bool(wanted))
