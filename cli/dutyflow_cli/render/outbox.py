"""Draws messages on their way: what each is about and how it fares, never what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from dutyflow.kernel.effects import Send
from dutyflow.lab.story_text import addressee_text
from dutyflow.ports.outbox import Waiting
from dutyflow.telling.moments import show_moment
from dutyflow.telling.teller import Teller
from dutyflow.wording import say
from dutyflow_cli.desk import Desk
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.json_text import json_text
from dutyflow_cli.render.tables import indented, prose, table, width
from dutyflow_cli.render.ticket import says

SCHEMA_VERSION = 1
_STYLES = {"dead": "red", "delivered": "green"}
_HEADS = ("number", "status", "id", "about", "to", "try", "tries", "problem")
_NARROW = 100
"""Below this width a table of so many columns cannot be read: each message has lines of its own."""


def outbox_parts(desk: Desk, found: Sequence[Waiting], cursor: int | None) -> Iterator[RenderableType]:
    """A row for each message."""
    if not found:
        yield Text(say("cli_outbox.empty", desk.lang))
        return
    rows = [_cells(one, desk) for one in found]
    if width() >= _NARROW:
        yield table([say(f"cli_outbox.{head}", desk.lang) for head in _HEADS], rows)
    else:
        for row in rows:
            yield from _block(row, desk.lang)
    if cursor is not None:
        yield prose(say("cli_queue.more", desk.lang, cursor=cursor), width(), "dim")


def _block(row: Sequence[str | Text], lang: str) -> Iterator[RenderableType]:
    """One message in lines: which it is, and below it what a wide table has beside it."""
    number, status, name, about, to, try_at, tries, problem = row
    yield Text.assemble(number, "  ", status, "  ", name)
    rest = (about, to, try_at, say("cli_outbox.tried", lang, count=tries), problem)
    yield indented(" · ".join(str(cell) for cell in rest if cell), 3)


def _cells(one: Waiting, desk: Desk) -> tuple[str | Text, ...]:
    outgoing = one.outgoing
    teller = Teller(desk.engine.catalogue.version(outgoing.rules), desk.lang, outgoing.workflow)
    status = Text(say(f"cli_outbox.{one.status}", desk.lang), style=_STYLES.get(one.status, ""))
    return (
        str(one.number),
        status,
        clean(outgoing.id),
        clean(_about(one, teller)),
        clean(addressee_text((outgoing.notice.to,), teller)),
        show_moment(one.try_at, teller.zone, desk.lang, year=False),
        str(one.attempts),
        clean(one.problem or ""),
    )


def _about(one: Waiting, teller: Teller) -> str:
    notice = one.outgoing.notice
    if isinstance(notice, Send):
        return teller.template(notice.template)
    return says(teller.clock(notice.sla), say(f"alert_kind.{notice.kind}", teller.lang), teller.lang)


def outbox_json(found: Sequence[Waiting], cursor: int | None) -> str:
    """The same for machines."""
    return _document("list", messages=[_message(one) for one in found], cursor=cursor)


def retried_json(count: int) -> str:
    """How many messages wait again."""
    return _document("retry", count=count)


def _document(kind: str, **parts: Any) -> str:
    return json_text({"schema_version": SCHEMA_VERSION, "document": kind, **parts})


def _message(one: Waiting) -> dict[str, Any]:
    outgoing, notice = one.outgoing, one.outgoing.notice
    return {
        "number": one.number,
        "id": outgoing.id,
        "ticket": outgoing.ticket,
        "workflow": outgoing.workflow,
        "kind": "message" if isinstance(notice, Send) else notice.kind,
        "name": notice.template if isinstance(notice, Send) else notice.sla,
        "to": {"role": notice.to.role or None, "members": list(notice.to.members)},
        "status": one.status,
        "try_at": one.try_at.isoformat(),
        "attempts": one.attempts,
        "taken_by": list(one.taken_by),
        "problem": one.problem,
    }
