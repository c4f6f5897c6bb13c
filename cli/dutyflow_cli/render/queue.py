"""Draws a queue of tickets: how much time is left comes first; where lines are short, less that matters less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.text import Text

from dutyflow.lab.story_text import owner_text
from dutyflow.ports.queue import Count, Page, Row
from dutyflow.telling.moments import show_moment
from dutyflow.telling.teller import Teller
from dutyflow.wording import say
from dutyflow_cli.desk import Desk
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.remaining import remaining
from dutyflow_cli.render.tables import prose, table, width

_HEADS = ("left", "ticket", "workflow", "state", "owner", "due", "breaches")
_NARROW = 100
_UNNEEDED = ("workflow", "due")
"""Columns that a narrow terminal leaves out: what is left says when, and a state mostly which workflow."""


def queue_parts(desk: Desk, page: Page) -> Iterator[RenderableType]:
    """The rows of a page; a word where there is none."""
    if not page.rows:
        yield Text(say("cli_queue.empty", desk.lang))
        return
    heads = [head for head in _HEADS if width() >= _NARROW or head not in _UNNEEDED]
    rows = []
    for row in page.rows:
        cells = _cells(row, desk)
        rows.append([cells[head] for head in heads])
    yield table([say(f"cli_queue.{head}", desk.lang) for head in heads], rows)


def footer_parts(page: Page, counts: Iterable[Count], lang: str) -> Iterator[RenderableType]:
    """How many tickets there are in all, and how to see the next page."""
    counts = tuple(counts)
    amounts = {
        "open": sum(count.count for count in counts if not count.closed),
        "late": sum(count.count for count in counts if not count.closed and count.breached),
        "closed": sum(count.count for count in counts if count.closed),
    }
    yield Text("")
    yield prose(say("cli_queue.totals", lang, shown=len(page.rows), **amounts), width(), "dim")
    if page.cursor:
        yield prose(say("cli_queue.more", lang, cursor=page.cursor), width(), "dim")


def _cells(row: Row, desk: Desk) -> dict[str, str | Text]:
    rules = desk.engine.catalogue.version(row.rules)
    teller = Teller(rules, desk.lang, row.workflow)
    late = row.due_at is not None and desk.now > row.due_at
    left = say("cli_queue.closed", desk.lang) if row.closed else remaining(row.due_at, desk.now, desk.lang) or "-"
    return {
        "left": Text(left, style="bold red" if late else ""),
        "ticket": clean(row.number or row.ticket),
        "workflow": teller.workflow(row.workflow),
        "state": _state(row, teller),
        "owner": clean(owner_text(row.owner, teller)),
        "due": show_moment(row.due_at, teller.zone, desk.lang) if row.due_at else "",
        "breaches": str(row.breached or ""),
    }


def _state(row: Row, teller: Teller) -> str:
    name = teller.state(row.state)
    if not row.closed or row.outcome is None:
        return name
    state = teller.rules.workflows[row.workflow].states.get(row.state)
    return say("cli_words.with_outcome", teller.lang, state=name, outcome=teller.outcome(row.outcome, state))
