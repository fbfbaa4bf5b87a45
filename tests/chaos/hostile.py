"""Send hostile requests to a receiver and judge every answer.

    python tests/chaos/hostile.py --url http://127.0.0.1:4318 --count 100000 --seed 1 --pid <master>

No 500, every answer well-formed and one that its request deserves, memory flat (with --pid), and the self-metric of
rejections grown by exactly what the answers said.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from google.rpc.status_pb2 import Status  # noqa: E402 - as a script, it must find the repository first

from chaos.hostile_bodies import DEAREST, JSON, KINDS, PROTOBUF, Hostile, make  # noqa: E402
from exporter.intake.answer import SIGNALS  # noqa: E402

BUSY = 503
PATIENCE = 80
WARM_UP_ROUNDS = 6
_SIGNALS = {signal.path: signal for signal in SIGNALS}


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


class Sender(Protocol):
    def __call__(self, asked: Hostile) -> Reply: ...

    def close(self) -> None: ...


@dataclass
class Findings:
    """What a run saw."""

    statuses: Counter[int] = field(default_factory=Counter)
    by_kind: Counter[tuple[str, int]] = field(default_factory=Counter)
    rejected: int = 0
    """Records that answers called rejected, and requests that were refused for good."""
    busy: int = 0
    faults: list[str] = field(default_factory=list)
    memory_kib: list[int] = field(default_factory=list)

    def add(self, number: int, asked: Hostile, reply: Reply) -> None:
        """Judge one answer."""
        self.statuses[reply.status] += 1
        self.by_kind[asked.kind, reply.status] += 1
        fault, rejected = judge(asked, reply)
        self.rejected += rejected
        if fault:
            self.faults.append(f"#{number} {asked.kind}: {fault}")

    def report(self) -> str:
        lines = [f"answers: {dict(sorted(self.statuses.items()))}; told to come again: {self.busy}"]
        kinds = sorted({kind for kind, _ in self.by_kind})
        for kind in kinds:
            seen = {status: n for (name, status), n in sorted(self.by_kind.items()) if name == kind}
            lines.append(f"  {kind:<20} {seen}")
        if self.memory_kib:
            lines.append(f"memory of all processes, MiB: {[kib // 1024 for kib in self.memory_kib]}")
        lines += [f"FAULT {fault}" for fault in self.faults[:20]]
        return "\n".join(lines)


# --------------------------------------------------------------------------------------------- judging
def judge(asked: Hostile, reply: Reply) -> tuple[str, int]:
    """What is wrong with an answer, or an empty text; and how many rejections it speaks of."""
    if reply.status not in asked.expected:
        return f"answered {reply.status} {reply.body[:200]!r}, expected {sorted(asked.expected)}", 0
    wanted = PROTOBUF if asked.content_type == PROTOBUF else JSON
    if reply.headers.get("content-type") != wanted:
        return f"Content-Type {reply.headers.get('content-type')!r}, expected {wanted!r}", 0
    try:
        if reply.status == 200:
            return "", _rejected_in(reply.body, asked)
        return _judge_status(reply), int(reply.status in (400, 413, 415))
    except Exception as error:  # whatever a parser raises means the answer is malformed
        return f"malformed answer {reply.body[:200]!r}: {error!r}", 0


def _rejected_in(body: bytes, asked: Hostile) -> int:
    signal = _SIGNALS[asked.path]
    if asked.content_type == JSON:
        partial = json.loads(body).get("partialSuccess", {})
        count, message = int(partial.get(signal.rejected_key, 0)), partial.get("errorMessage", "")
    else:
        answer = signal.response.FromString(body).partial_success  # type: ignore[attr-defined]
        count, message = getattr(answer, signal.rejected_field), answer.error_message
    if bool(count) != bool(message):
        raise ValueError("a count without a reason, or the reverse")
    return count


def _judge_status(reply: Reply) -> str:
    if reply.headers["content-type"] == JSON:
        status = json.loads(reply.body)
        code, message = status["code"], status["message"]
    else:
        parsed = Status.FromString(reply.body)
        code, message = parsed.code, parsed.message
    if not code or not message:
        return "a status without code or message"
    if reply.status == 405 and reply.headers.get("allow") != "POST":
        return "405 without Allow"
    return ""


# --------------------------------------------------------------------------------------------- sending
class HttpSender:
    """One keep-alive connection to a server."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 4318)
        self._connection = http.client.HTTPConnection(*self._address, timeout=60)
        self._authorization = {"Authorization": f"Bearer {token}"} if token else {}

    def __call__(self, asked: Hostile) -> Reply:
        if asked.announced is not None:
            return self._send_short(asked)
        body: bytes | Iterable[bytes] = asked.body
        if asked.chunked:
            body = (asked.body[at : at + 100] for at in range(0, len(asked.body), 100))
        try:
            self._connection.request(asked.method, asked.path, body, self._headers(asked), encode_chunked=asked.chunked)
            return _reply(self._connection.getresponse())
        except (OSError, http.client.HTTPException):
            self._connection.close()
            raise

    def close(self) -> None:
        self._connection.close()

    def _headers(self, asked: Hostile) -> dict[str, str]:
        headers = {"Content-Type": asked.content_type, **self._authorization}
        if asked.encoding:
            headers["Content-Encoding"] = asked.encoding
        if asked.chunked:
            headers["Transfer-Encoding"] = "chunked"
        return headers

    def _send_short(self, asked: Hostile) -> Reply:
        """Announce more than is sent, then send no more."""
        head = {
            **self._headers(asked),
            "Host": "receiver",
            "Content-Length": str(asked.announced),
            "Connection": "close",
        }
        lines = [f"{asked.method} {asked.path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        with socket.create_connection(self._address, timeout=60) as connection:
            connection.sendall("\r\n".join(lines).encode() + asked.body)
            connection.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return _reply(response)


def _reply(response: http.client.HTTPResponse) -> Reply:
    return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def send_patiently(send: Sender, asked: Hostile, findings: Findings) -> Reply:
    """Come again when told to, as an exporter does."""
    for _ in range(PATIENCE):
        reply = send(asked)
        if reply.status != BUSY or "retry-after" not in reply.headers:
            break
        findings.busy += 1
        time.sleep(0.05)
    return reply


def run(make_sender: Callable[[], Sender], *, seed: int, count: int, connections: int, pid: int = 0) -> Findings:
    """Send requests 0 to `count` over several connections; sample the memory of `pid` and its children."""
    findings, guard, numbers = Findings(), threading.Lock(), iter(range(count))
    if pid:
        warm_up(make_sender, findings)

    def work() -> None:
        send = make_sender()
        while True:
            with guard:
                number = next(numbers, None)
                if number is not None and pid and number % max(count // 50, 1) == 0:
                    findings.memory_kib.append(resident_kib(pid))
            if number is None:
                send.close()
                return
            asked = make(seed, number)
            try:
                reply = send_patiently(send, asked, findings)
            except (OSError, http.client.HTTPException) as error:
                with guard:
                    findings.faults.append(f"#{number} {asked.kind}: no answer: {error!r}")
                continue
            with guard:
                findings.add(number, asked, reply)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return findings


def warm_up(make_sender: Callable[[], Sender], findings: Findings) -> None:
    """Show every worker and thread the dearest requests, so that what they keep for good is kept beforehand."""
    send = make_sender()
    rng = random.Random(0)
    for kind in DEAREST * WARM_UP_ROUNDS:
        asked = KINDS[kind][1](rng, kind)
        findings.add(-1, asked, send_patiently(send, asked, findings))
        send.close()


# ---------------------------------------------------------------------------------------------- memory
def resident_kib(pid: int) -> int:
    """Resident memory of a process and all its descendants."""
    total = 0
    for one in (pid, *_descendants(pid)):
        try:
            status = Path(f"/proc/{one}/status").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return total


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listing.read_text().split()):
            found += [child, *_descendants(child)]
    return found


def growth_kib(samples: list[int]) -> int:
    """Median of the last fifth less the median of the second; the first is warming up, too."""
    fifth = len(samples) // 5
    if not fifth:
        return 0
    early, late = sorted(samples[fifth : 2 * fifth]), sorted(samples[-fifth:])
    return late[fifth // 2] - early[fifth // 2]


# ------------------------------------------------------------------------------------------------ main
def counted_rejections(url: str, token: str = "") -> int:
    """The self-metric, over all signals and reasons."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", parts.port or 4318, timeout=60)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"} if token else {})
    text = connection.getresponse().read().decode()
    connection.close()
    rows = [line for line in text.splitlines() if line.startswith("agent_exporter_rejected_total{")]
    return round(sum(float(row.rsplit("}", 1)[1].split()[0]) for row in rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:4318")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pid", type=int, default=0, help="master process, to watch its memory and its workers'")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--token", default="", help="bearer token with the roles ingest and read")
    parser.add_argument("--growth-mib", type=int, default=64, help="how much the memory may grow after warming up")
    asked = parser.parse_args()
    before, began = counted_rejections(asked.url, asked.token), time.monotonic()
    findings = run(
        lambda: HttpSender(asked.url, asked.token),
        seed=asked.seed,
        count=asked.count,
        connections=asked.connections,
        pid=asked.pid,
    )
    counted = counted_rejections(asked.url, asked.token) - before
    took = time.monotonic() - began
    grown = growth_kib(findings.memory_kib) // 1024
    memory = f"memory grew by {grown} MiB after warming up" if asked.pid else "memory not watched (no --pid)"
    told = f"{asked.count} requests in {took:.0f} s; rejected {findings.rejected}, counted {counted}"
    sys.stdout.write(f"{findings.report()}\n{told}\n{memory}\n")
    flat = grown <= asked.growth_mib
    return 0 if not findings.faults and counted == findings.rejected and flat else 1


if __name__ == "__main__":
    sys.exit(main())
