"""Opaque cursors: where a page ended, in a text that is good for a URL and for nothing else."""

from __future__ import annotations

import base64
import binascii
import struct

from exporter.errors import InvalidRequest


def cursor_of(position: int) -> str:
    """The cursor that continues after a position."""
    return base64.urlsafe_b64encode(struct.pack(">q", position)).rstrip(b"=").decode()


def position_of(cursor: str) -> int:
    """The position, not negative, that a cursor of ours stands for; InvalidRequest for any other text."""
    try:
        (position,) = struct.unpack(">q", base64.urlsafe_b64decode(cursor.encode("ascii") + b"="))
    except (ValueError, binascii.Error, struct.error):
        position = -1
    if position < 0 or cursor_of(position) != cursor:
        raise InvalidRequest("cursor: not one of ours; pass next_cursor of the page before", parameter="cursor")
    return int(position)
