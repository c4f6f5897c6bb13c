"""Makes the message that handlers deliver of a notice that was kept: words in both languages, nothing private."""

from __future__ import annotations

from typing import Any

import msgspec

from dutyflow.kernel.decide import NUMBER
from dutyflow.kernel.effects import Notice, Send
from dutyflow.kernel.privacy import hidden_fields, masked, masked_ticket
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Message
from dutyflow.ports.records import Outgoing
from dutyflow.telling.notices import notice_text
from dutyflow.telling.teller import Teller
from dutyflow.wording import LANGUAGES

OUTSIDE: frozenset[str] = frozenset()
"""A message leaves the house: whoever reads it there is taken to hold no role."""


def message_of(outgoing: Outgoing, rules: Rules, *, ticket: Ticket | None = None, attempt: int = 1) -> Message:
    """The message of a kept notice, the same for each attempt but for its count.

    `rules` is the version that the notice was kept under. With the `ticket` at hand its record number is named.
    """
    if isinstance(outgoing.notice, Notice):
        return _alarm(outgoing, outgoing.notice, rules, ticket, attempt)
    return _by_template(outgoing, outgoing.notice, rules, attempt)


def _alarm(outgoing: Outgoing, notice: Notice, rules: Rules, ticket: Ticket | None, attempt: int) -> Message:
    called = _called(outgoing, rules, ticket)
    text: dict[str, str] = {
        lang: notice_text(notice, rules, lang, workflow=outgoing.workflow, ticket=called, due_at=outgoing.due_at)
        for lang in LANGUAGES
    }
    return Message(
        kind=notice.kind,
        text=text,
        clock=notice.sla,
        level=notice.level,
        due_at=outgoing.due_at,
        attempt=attempt,
        **_common(outgoing, rules),
    )


def _by_template(outgoing: Outgoing, send: Send, rules: Rules, attempt: int) -> Message:
    values = masked(send, hidden_fields(rules.workflows[outgoing.workflow], OUTSIDE)).values
    return Message(
        kind="message",
        text={lang: Teller(rules, lang).message(send.template, values) for lang in LANGUAGES},
        template=send.template,
        channel=rules.templates[send.template].channel,
        values=msgspec.to_builtins(values),
        attempt=attempt,
        **_common(outgoing, rules),
    )


def _common(outgoing: Outgoing, rules: Rules) -> dict[str, Any]:
    notice = outgoing.notice
    return {
        "id": outgoing.id,
        "at": notice.at,
        "deliver_at": notice.deliver_at,
        "ticket": outgoing.ticket,
        "workflow": outgoing.workflow,
        "rulebook": rules.name,
        "role": notice.to.role,
        "members": notice.to.members,
    }


def _called(outgoing: Outgoing, rules: Rules, ticket: Ticket | None) -> str:
    """The id of the ticket, with its record number where it has one."""
    number = masked_ticket(ticket, rules, OUTSIDE).fields.get(NUMBER) if ticket is not None else None
    return f"{outgoing.ticket} ({number})" if number else outgoing.ticket
