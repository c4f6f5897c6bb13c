"""Draws a history as a list: number, time, who, what, and the beginning of each hash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from dutyflow.kernel import events as ev
from dutyflow.telling.moments import show_moment
from dutyflow.telling.teller import Teller, denial_text
from dutyflow.wording import say
from dutyflow_cli.entries import Entry
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.tables import Prose, table
from dutyflow_cli.render.ticket import says

_HASH = 8


def history_parts(listed: Sequence[Entry], teller: Teller, workflow: str) -> Iterator[RenderableType]:
    """One row for each event, and for each refusal one without a number."""
    heads = [say(f"cli_history.{head}", teller.lang) for head in ("seq", "time", "who", "what", "hash")]
    yield table(heads, [_cells(entry, teller, workflow) for entry in listed])


def _cells(entry: Entry, teller: Teller, workflow: str) -> tuple[RenderableType, ...]:
    style = "red" if entry.asked is not None else ""
    return (
        str(entry.seq or "-"),
        show_moment(entry.at, teller.zone, teller.lang),
        "" if entry.actor == "system" else clean(entry.actor),
        Prose(clean(_what(entry, teller, workflow)), style),
        Text(entry.hash[:_HASH], style="dim"),
    )


def _what(entry: Entry, teller: Teller, workflow: str) -> str:
    """The kind of event in words, and what it is about."""
    if entry.asked is not None and entry.asked.denial is not None:
        said = denial_text(entry.asked.denial, teller.rules, teller.lang, workflow=workflow)
        return say("story.denied", teller.lang, text=said)
    kind = say(f"cli_history.{entry.kind}", teller.lang)
    about = _about(entry.event, teller)
    return says(kind, about, teller.lang) if about else kind


def _about(event: ev.Event | None, teller: Teller) -> str:
    match event:
        case ev.Fired():
            name = teller.event(event.event)
            return f"{name} → {teller.state(event.state)}" if event.entered else name
        case ev.Lapsed() | ev.Signed():
            return teller.event(event.event)
        case ev.TaskDone():
            return event.task
        case ev.ClockStarted() | ev.ClockResumed() | ev.ClockMoved():
            return f"{teller.clock(event.sla)} → {show_moment(event.due_at, teller.zone, teller.lang)}"
        case ev.ClockStopped():
            return f"{teller.clock(event.sla)} ({say(f'clock_status.{event.how}', teller.lang)})"
        case ev.Rang() | ev.Hushed():
            return f"{teller.clock(event.sla)} ({say(f'alert_kind.{event.kind}', teller.lang)})"
        case ev.ClockPaused() | ev.Listed():
            return teller.clock(event.sla)
        case ev.ChildOpened() | ev.ChildClosed():
            return event.child
        case ev.Amended():
            return teller.listed(
                says(teller.field(name), teller.value(value), teller.lang) for name, value in event.changes.items()
            )
        case ev.Commented():
            return event.text
        case ev.Assigned():
            return event.owner.member or teller.role(event.owner.role or "")
        case _:
            return ""
