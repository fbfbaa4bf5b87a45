"""Every reason for which a record or a body is refused for good: the values of the label `reason`.

What succeeds later (503) is not among them.
"""

from __future__ import annotations

from typing import Final

from exporter.intake.decoded import (
    MALFORMED_DATA_POINT,
    MALFORMED_LOG_RECORD,
    MALFORMED_SPAN,
    TOO_LARGE_SPAN,
    TOO_MANY_ATTRIBUTES,
)
from exporter.intake.ids import INVALID_SPAN_ID, INVALID_TRACE_ID

TOO_OLD: Final = "too_old"
"""It began before the time for which identity keys are kept, so that nothing could tell a copy of it."""

OF_SPANS: Final = (
    INVALID_TRACE_ID,
    INVALID_SPAN_ID,
    MALFORMED_SPAN,
    TOO_LARGE_SPAN,
    TOO_MANY_ATTRIBUTES,
    TOO_OLD,
)
"""A span of a request whose other spans are taken."""

OF_LOGS: Final = (MALFORMED_LOG_RECORD, TOO_MANY_ATTRIBUTES, TOO_OLD)
"""A log record of such a request."""

OF_POINTS: Final = (MALFORMED_DATA_POINT, TOO_MANY_ATTRIBUTES, TOO_OLD)
"""A data point of such a request."""

OF_BODIES: Final = (
    "incomplete_body",
    "invalid_gzip",
    "too_large",
    "too_large_resource",
    "too_many_attributes",
    "too_many_records",
    "too_many_values",
    "undecodable",
    "unsupported_content_type",
    "unsupported_encoding",
)
"""A whole request, counted as one."""
