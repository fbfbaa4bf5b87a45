"""Recorded telemetry of real emitters with the true usage beside it, one archive for each emitter.

An archive holds the OTLP bodies byte for byte as they were sent, `requests.json` (their order, path and
content type) and `truth.json` (every call that the model server answered, from its own ledger).

    python tests/conformance/recordings.py FOLDER...     pack recordings into captures/
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from exporter.usage import Tokens

CAPTURES = Path(__file__).parent / "captures"
SUFFIX = ".tar.gz"
NUMBERED = b"mock0"
"""What stands before the number in the ids of the model servers; as many bytes take its place."""


@dataclass(frozen=True)
class Request:
    path: str
    content_type: str
    body: bytes


@dataclass(frozen=True)
class TrueCall:
    """A billable call as the model server counted it."""

    number: int
    scenario: str
    response_id: str
    models: frozenset[str]
    is_hidden: bool
    """The client never saw the usage, so no emitter can know it."""
    tokens: Tokens


@dataclass(frozen=True)
class Recording:
    name: str
    requests: tuple[Request, ...]
    calls: tuple[TrueCall, ...]


def recorded_names() -> list[str]:
    return sorted(path.name.removesuffix(SUFFIX) for path in CAPTURES.glob(f"*{SUFFIX}"))


def load(name: str) -> Recording:
    """A recording with call ids of its own.

    The model servers of all recordings number their calls from 1, and some ran at the same time: to a ledger that
    gets every recording, their calls would be the same.
    """
    with tarfile.open(CAPTURES / f"{name}{SUFFIX}") as archive:
        files = {member.name: _content(archive, member) for member in archive.getmembers()}
    own = b"%04x0" % (crc32(name.encode()) & 0xFFFF)
    files = {
        path: content if path == "requests.json" else content.replace(NUMBERED, own) for path, content in files.items()
    }
    requests = (
        Request(one["path"], one["content_type"], files[one["file"]]) for one in json.loads(files["requests.json"])
    )
    return Recording(name, tuple(requests), tuple(_true_calls(json.loads(files["truth.json"]))))


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member)
    assert stream is not None
    return stream.read()


def _true_calls(truth: list[dict[str, Any]]) -> Iterator[TrueCall]:
    for call in truth:
        usage = call["usage"]
        tokens = Tokens(
            usage["input_uncached"],
            usage["cache_read"],
            usage["cache_write_5m"],
            usage["cache_write_1h"],
            usage["output"] - usage["reasoning"],
            usage["reasoning"],
        )
        yield TrueCall(
            call["seq"],
            call["scenario"] or "",
            call["response_id"] or "",
            frozenset(filter(None, (call["request_model"], call["response_model"]))),
            not call["usage_sent_to_client"],
            tokens,
        )


TRUTH_FIELDS = ("seq", "scenario", "response_id", "request_model", "response_model", "usage", "usage_sent_to_client")


def pack(folder: Path) -> Path:
    """Write the archive of a recording's folder; the same folder gives the same bytes."""
    index = json.loads((folder / "index.json").read_text())
    requests, files = [], {}
    for entry in index:
        headers = {name.lower(): value for name, value in entry["headers"].items()}
        requests.append({"file": entry["file"], "path": entry["path"], "content_type": headers["content-type"]})
        files[entry["file"]] = (folder / entry["file"]).read_bytes()
    calls = [call for call in json.loads((folder / "truth.json").read_text())["calls"] if call["billable"]]
    truth = [
        {name: call.get(name) for name in TRUTH_FIELDS}
        | {"usage_sent_to_client": call.get("usage_sent_to_client", True)}
        for call in calls
    ]
    files["requests.json"] = json.dumps(requests).encode()
    files["truth.json"] = json.dumps(truth).encode()
    target = CAPTURES / f"{folder.name}{SUFFIX}"
    target.write_bytes(gzip.compress(_tar(files), 9, mtime=0))
    return target


def _tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(pack(Path(argument)))  # noqa: T201 - it is a command too
