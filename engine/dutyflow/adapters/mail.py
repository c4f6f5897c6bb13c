"""Sends each message as one mail by SMTP, encrypted, to the members whose addresses are known."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal
from urllib.parse import quote

from dutyflow.errors import DeliveryError, MisuseError
from dutyflow.ports.host import Message
from dutyflow.wording import LANGUAGES

Security = Literal["starttls", "tls", "none"]
Addresses = Mapping[str, str] | Callable[[str], str | None]
"""The address of a member or of a role, by id."""

SUBJECT_LENGTH_MAX = 150

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed in. `starttls` and `tls` check the server's certificate; `none` is for a relay next door."""

    host: str
    port: int = 587
    security: Security = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_seconds: float = 10
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raises `MisuseError` where a password would travel in the open."""
        if self.user is not None and self.security == "none":
            raise MisuseError("A password is not sent in the open: set `security` to `starttls` or `tls`.")


class MailHandler:
    """A `Handler` that sends from `sender`. Where no member has an address, the one of the role stands in.

    The body is in all `languages`, the subject in the first of them. A repeated delivery has the same Message-ID.
    """

    def __init__(
        self,
        server: MailServer,
        sender: str,
        *,
        members: Addresses,
        roles: Addresses | None = None,
        languages: Sequence[str] = LANGUAGES,
        name: str = "mail",
    ) -> None:
        """Raises `MisuseError` for a sender that is no address."""
        found = _address(sender)
        if found is None:
            raise MisuseError("The sender of mails must be an address such as desk@example.com.")
        self.name = name
        self._server = server
        self._sender = found
        self._members = _lookup(members)
        self._roles = _lookup(roles or {})
        self._languages = tuple(languages)

    def __repr__(self) -> str:
        return f"MailHandler({self._server.host!r}, name={self.name!r})"

    def deliver(self, message: Message) -> None:
        """Send the mail. Raises `DeliveryError`, final where nobody has an address or the server will never take it."""
        recipients = self._recipients(message)
        if not recipients:
            raise self._refused("nobody who is told has an address", final=True)
        mail = self._mail(message, recipients)
        with self._connection() as connection:
            refused = self._send(connection, mail)
        if refused:
            self._some_refused(refused, len(recipients))

    # --- writing ------------------------------------------------------------------------------------------------

    def _recipients(self, message: Message) -> tuple[Address, ...]:
        found = [address for member in message.members if (address := _address(self._members(member)))]
        if not found and message.role and (address := _address(self._roles(message.role))):
            found.append(address)
        return tuple({address.addr_spec: address for address in found}.values())

    def _mail(self, message: Message, recipients: tuple[Address, ...]) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = recipients
        mail["Subject"] = _one_line(message.text.get(self._languages[0], message.ticket))
        mail["Date"] = format_datetime(message.deliver_at)
        mail["Message-ID"] = f"<{quote(message.id, safe='')}@{self._sender.domain.encode('idna').decode()}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notes in answer
        mail.set_content("\n\n".join(message.text[lang] for lang in self._languages if lang in message.text) + "\n")
        return mail

    # --- sending ------------------------------------------------------------------------------------------------

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        """A session with the server. Failing to get one says nothing about the message: it may be tried again."""
        try:
            connection = _connected(self._server)
        except (smtplib.SMTPException, OSError) as failure:
            raise self._refused(f"the mail server cannot be used ({_reason(failure)})") from None
        try:
            yield connection
        finally:
            with suppress(smtplib.SMTPException, OSError):  # what was accepted is not lost by an untidy goodbye
                connection.quit()
            connection.close()

    def _send(self, connection: smtplib.SMTP, mail: EmailMessage) -> tuple[int, ...]:
        """The answers to the recipients that were refused while others were not."""
        try:
            return tuple(code for code, _ in connection.send_message(mail).values())
        except smtplib.SMTPRecipientsRefused as failure:
            codes = [code for code, _ in failure.recipients.values()]
            final = all(code >= 500 for code in codes)
            raise self._refused(f"every recipient was refused ({min(codes)})", final=final) from None
        except smtplib.SMTPResponseException as failure:
            final = failure.smtp_code >= 500
            raise self._refused(f"the mail was refused ({_reason(failure)})", final=final) from None
        except smtplib.SMTPNotSupportedError:
            raise self._refused("the mail server takes only addresses in ASCII", final=True) from None
        except (smtplib.SMTPException, OSError) as failure:
            raise self._refused(f"the mail was not taken ({_reason(failure)})") from None

    def _some_refused(self, codes: tuple[int, ...], count: int) -> None:
        """Those who are refused for now get it when it is sent again to all; the others know the Message-ID."""
        if any(code < 500 for code in codes):
            raise self._refused(f"{len(codes)} of {count} recipients were refused for now ({min(codes)})")
        _logger.warning("%s: %d of %d recipients were refused for good", self.name, len(codes), count)

    def _refused(self, why: str, *, final: bool = False) -> DeliveryError:
        return DeliveryError(f"{self.name} ({self._server.host}): {why}.", final=final)


def _connected(server: MailServer) -> smtplib.SMTP:
    context = server.tls or ssl.create_default_context()
    connection: smtplib.SMTP
    if server.security == "tls":
        connection = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_seconds, context=context)
    else:
        connection = smtplib.SMTP(server.host, server.port, timeout=server.timeout_seconds)
    try:
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.user is not None:
            connection.login(server.user, server.password or "")
    except BaseException:
        connection.close()
        raise
    return connection


def _reason(failure: Exception) -> str:
    """What may be said of a failure: a server's own words can name people."""
    if isinstance(failure, smtplib.SMTPResponseException):
        return str(failure.smtp_code)
    return type(failure).__name__ if isinstance(failure, smtplib.SMTPException) else str(failure)


def _lookup(addresses: Addresses) -> Callable[[str], str | None]:
    return addresses.get if isinstance(addresses, Mapping) else addresses


def _address(text: str | None) -> Address | None:
    """An address that headers and the server can hold; None for none and for anything else."""
    if not text or not text.isprintable() or any(sign.isspace() for sign in text):
        return None
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError):  # IndexError: some texts are too odd for older Pythons
        return None
    return address if address.username and address.domain else None


def _one_line(text: str) -> str:
    """A text as a header may hold it: no line ends, no control characters, not too long."""
    line = "".join(sign if sign.isprintable() else " " for sign in text)
    line = " ".join(line.split())
    return line if len(line) <= SUBJECT_LENGTH_MAX else f"{line[: SUBJECT_LENGTH_MAX - 1]}…"
