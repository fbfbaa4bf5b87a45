"""Trace and span ids: 16 and 8 bytes, not all zero (OTLP, "Span")."""

from __future__ import annotations

from typing import Final

INVALID_TRACE_ID: Final = "invalid_trace_id"
INVALID_SPAN_ID: Final = "invalid_span_id"
NO_TRACE: Final = bytes(16)
NO_SPAN: Final = bytes(8)


def why_unidentified(trace_id: bytes, span_id: bytes) -> str:
    """The reason to reject a span with these ids, or an empty text."""
    if len(trace_id) != 16 or trace_id == NO_TRACE:
        return INVALID_TRACE_ID
    if len(span_id) != 8 or span_id == NO_SPAN:
        return INVALID_SPAN_ID
    return ""


def parent_or_root(parent_id: bytes) -> bytes:
    """The parent's id, or b"" when there is none or it cannot be one."""
    return parent_id if len(parent_id) == 8 and parent_id != NO_SPAN else b""


def context_of(trace_id: bytes, span_id: bytes) -> tuple[bytes, bytes]:
    """The ids of the span in which a record was made, each b"" when it is none; a span is nothing without its trace."""
    if len(trace_id) != 16 or trace_id == NO_TRACE:
        return b"", b""
    return trace_id, span_id if len(span_id) == 8 and span_id != NO_SPAN else b""
