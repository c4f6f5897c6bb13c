"""What a warning, a breach or an escalation says to people, in Chinese or English."""

from __future__ import annotations

from datetime import datetime

from dutyflow.kernel.effects import Addressee, Notice
from dutyflow.kernel.rules import Rules
from dutyflow.telling.moments import show_moment
from dutyflow.telling.teller import Teller
from dutyflow.wording import say


def notice_text(
    notice: Notice, rules: Rules, lang: str, *, workflow: str, ticket: str, due_at: datetime | None = None
) -> str:
    """Which clock is due or overdue since when, and whose business it is.

    `ticket` is what people call it; `due_at` is None where no due time is known.
    """
    teller = Teller(rules, lang, workflow)
    variant = notice.kind if due_at is not None else f"{notice.kind}_undated"
    return say(
        f"notice.{variant}",
        lang,
        ticket=f"{teller.workflow(workflow)} {ticket}",
        clock=teller.clock(notice.sla),
        due=show_moment(due_at, teller.zone, lang) if due_at is not None else "",
        level=notice.level,
        to=_addressee(notice.to, teller),
    )


def _addressee(to: Addressee, teller: Teller) -> str:
    """The role by its title; a person who was chosen without a role, by the id."""
    return teller.role(to.role) if to.role else teller.listed(to.members)
