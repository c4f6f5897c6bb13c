"""Where a worker takes messages, as options of the command line say it: a webhook, a mail server, the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import click

from dutyflow.adapters.credentials import secret_from
from dutyflow.errors import InputError
from dutyflow.ports.host import Clock, Handler
from dutyflow.wording import say
from dutyflow_cli.settings import Settings

SMTP_PORT = 587


@dataclass(frozen=True, slots=True, kw_only=True)
class Channels:
    """What was given for the handlers; None and empty where nothing was."""

    webhook: str | None = None
    secret: str | None = None
    allow_private: bool = False
    smtp: str | None = None
    smtp_security: str = "starttls"
    smtp_user: str | None = None
    smtp_password: str | None = None
    mail_from: str | None = None
    mail_to: tuple[str, ...] = ()
    log_messages: bool = False


def handlers_of(channels: Channels, settings: Settings) -> tuple[Handler, ...]:
    """The handlers that are wanted. A usage error where something is missing, `MisuseError` where it cannot work."""
    found: list[Handler] = []
    if channels.webhook is not None:
        found.append(_webhook(channels, channels.webhook, settings))
    if channels.smtp is not None:
        found.append(_mail(channels, channels.smtp, settings))
    if channels.log_messages:
        from dutyflow.adapters.log import LogHandler

        found.append(LogHandler())
    return tuple(found)


def host_and_port(text: str, option: str, settings: Settings, *, port: int | None = None) -> tuple[str, int]:
    """`host:port`, or the host alone where a port is usual; IPv6 addresses stand in brackets."""
    host, colon, written = text.rpartition(":")
    if not colon or written.endswith("]"):
        host, written = text, "" if port is None else str(port)
    if not host or not written.isdecimal() or int(written) > 65535:
        raise click.UsageError(say("cli_worker.not_an_address", settings.lang, option=option, text=text))
    return host.removeprefix("[").removesuffix("]"), int(written)


def _webhook(channels: Channels, url: str, settings: Settings) -> Handler:
    from dutyflow.adapters.webhook import WebhookHandler

    secret = _needed(channels.secret, "--webhook", "--secret", settings)
    clock: Clock = settings.clock
    return WebhookHandler(url, secret_from(secret), allow_private=channels.allow_private, clock=clock)


def _mail(channels: Channels, smtp: str, settings: Settings) -> Handler:
    from dutyflow.adapters.mail import MailHandler, MailServer, Security

    host, port = host_and_port(smtp, "--smtp", settings, port=SMTP_PORT)
    sender = _needed(channels.mail_from, "--smtp", "--mail-from", settings)
    server = MailServer(
        host=host,
        port=port,
        security=cast(Security, channels.smtp_security),
        user=channels.smtp_user,
        password=secret_from(channels.smtp_password) if channels.smtp_password else None,
    )
    addresses = addresses_of(channels.mail_to, settings)
    if not addresses:
        _needed(None, "--smtp", "--mail-to", settings)
    return MailHandler(server, sender, members=addresses, roles=addresses)


def addresses_of(entries: Iterable[str], settings: Settings) -> dict[str, str]:
    """Addresses by the id of a member or a role: `S1=desk@example.com`, or a file with one such line for each."""
    found: dict[str, str] = {}
    for entry in entries:
        for line in [entry] if "=" in entry else _lines(entry, settings):
            name, sign, address = (part.strip() for part in line.partition("="))
            if not (name and sign and address):
                raise click.UsageError(say("cli_worker.not_a_recipient", settings.lang, text=line))
            found[name] = address
    return found


def _lines(file: str, settings: Settings) -> list[str]:
    """The lines of a file that say something; `#` begins a remark."""
    if not Path(file).exists():
        raise click.UsageError(say("cli_worker.no_recipients", settings.lang, text=file))
    try:
        text = Path(file).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(say("cli_worker.not_readable", settings.lang, file=file)) from None
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _needed(value: str | None, option: str, needs: str, settings: Settings) -> str:
    if value is None:
        raise click.UsageError(say("cli_worker.needs", settings.lang, option=option, needs=needs))
    return value
