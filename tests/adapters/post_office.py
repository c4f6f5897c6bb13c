"""A real SMTP server on the loopback that keeps what it gets and refuses what a test tells it to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


@dataclass  # no slots: aiosmtpd looks through every attribute, and Python before 3.11.4 trips over `__weakref__`
class PostOffice:
    """`refusals` are answers to a recipient (by address) or to the mail itself (under `DATA`)."""

    port: int = 0
    refusals: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[list[str]] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if "DATA" in self.refusals:
            return self.refusals["DATA"]
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append(list(envelope.rcpt_tos))
        return "250 OK"

    def login(self, server: Any, session: Any, envelope: Any, mechanism: str, given: LoginPassword) -> AuthResult:
        self.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"hunter2", handled=False)


@contextmanager
def post_office(tls: ssl.SSLContext | None = None, *, implicit: bool = False) -> Iterator[PostOffice]:
    office = PostOffice(free_port())
    ways: dict[str, Any] = {"ssl_context": tls} if implicit else {"tls_context": tls, "require_starttls": bool(tls)}
    controller = Controller(
        office, "127.0.0.1", office.port, authenticator=office.login, auth_require_tls=not implicit, **ways
    )
    controller.start()
    try:
        yield office
    finally:
        controller.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
