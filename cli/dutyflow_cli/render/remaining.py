"""How much time is left until something is due, or by how much it is overdue, as short as a queue needs it."""

from __future__ import annotations

from datetime import datetime, timedelta

from dutyflow.telling.moments import show_span
from dutyflow.wording import say

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def remaining(due_at: datetime | None, now: datetime, lang: str) -> str:
    """`2h 10m left`, `OVERDUE 3h`; empty where nothing is due. At the due moment itself one is in time."""
    if due_at is None:
        return ""
    if now > due_at:
        return say("cli_ticket.overdue", lang, span=short_span(now - due_at))
    return say("cli_ticket.left", lang, span=short_span(due_at - now))


def short_span(span: timedelta) -> str:
    """The two units that matter: days and hours, hours and minutes, or minutes; seconds only below a minute."""
    unit = _HOUR if span >= _DAY else _MINUTE if span >= _MINUTE else timedelta(seconds=1)
    return show_span(span - span % unit)
