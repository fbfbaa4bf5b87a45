"""Transcripts of Claude Code as it writes them: a line for each block of an answer."""

from __future__ import annotations

import json
from pathlib import Path

SESSION = "86d76201-d49c-4656-b36f-2f8847681e9f"
MODEL = "claude-sonnet-4-5-20250929"


def answer(number: int, *, output: int = 107, at: str = "2026-11-20T10:00:00.250Z", **others) -> dict:
    """One line about an answer."""
    usage = {
        "input_tokens": 1013, "cache_creation_input_tokens": 303, "cache_read_input_tokens": 2176,
        "cache_creation": {"ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 103},
        "output_tokens": output, "service_tier": "standard", **others.pop("usage", {}),
    }  # fmt: skip
    message = {
        "id": f"msg_01XFDUDYJgAACzvnptvV{number:04d}", "type": "message", "role": "assistant", "model": MODEL,
        "content": [{"type": "text", "text": "SECRET OF THE CUSTOMER"}], "stop_reason": None, "usage": usage,
        **others.pop("message", {}),
    }  # fmt: skip
    return {
        "parentUuid": None, "isSidechain": False, "userType": "external", "cwd": "/home/ada/src/payments",
        "sessionId": SESSION, "version": "2.1.329", "gitBranch": "main", "type": "assistant", "message": message,
        "requestId": f"req_011CVK7b9qZ4TfTP8xkw{number:04d}", "uuid": f"u-{number}-{output}", "timestamp": at, **others,
    }  # fmt: skip


def question(text: str = 'what is "usage"?') -> dict:
    """A line of what the user said; it mentions usage and has none."""
    return {"type": "user", "sessionId": SESSION, "message": {"role": "user", "content": text}}


def write(path: Path, *lines: dict, mode: str = "w") -> Path:
    """A transcript, in the folder that Claude Code would make."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open(mode, encoding="utf-8") as file:
        file.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    return path
