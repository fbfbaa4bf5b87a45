"""A mail server on the loopback interface that asks for a password and keeps what it is given."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import time
from email.message import EmailMessage
from typing import cast

from support.serving import Served


class _Session(socketserver.StreamRequestHandler):
    """One SMTP conversation, as far as a sender of mail needs it."""

    def handle(self) -> None:
        box = cast("_Server", self.server).box
        self._say("220 mailbox")
        for raw in self.rfile:
            line = raw.decode().strip()
            match line.split(" ")[0].upper():
                case "EHLO":
                    self._say("250-mailbox\r\n250 AUTH PLAIN")
                case "AUTH":
                    box.passwords.append(base64.b64decode(line.split(" ")[2]).split(b"\0")[2].decode())
                    self._say("235 welcome")
                case "DATA":
                    self._say("354 go on")
                    box.add(self._read_mail())
                    self._say("250 kept")
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _read_mail(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    box: Mailbox


class Mailbox(Served):
    """Runs within a `with` block."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.passwords: list[str] = []
        server = _Server(("127.0.0.1", 0), _Session)
        server.box = self
        super().__init__(server)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def add(self, mail: bytes) -> None:
        self.mails.append(email.message_from_bytes(mail, policy=email.policy.default))

    def wait_for_mail(self, *, timeout: float = 30.0) -> EmailMessage:
        """The first mail."""
        deadline = time.monotonic() + timeout
        while not self.mails:
            assert time.monotonic() < deadline, "no mail came"
            time.sleep(0.05)
        return self.mails[0]
