"""Puts the rows of a story into words: one text for each column, and the sentence that sums it up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from dutyflow.kernel.effects import Addressee
from dutyflow.kernel.rules import SYSTEM, Rules
from dutyflow.kernel.ticket import OwnedBy
from dutyflow.lab.simulation import MAIN, Simulation
from dutyflow.lab.story import ClockNote, Row
from dutyflow.telling.moments import show_moment, show_span
from dutyflow.telling.teller import Teller, denial_text
from dutyflow.wording import say


@dataclass(frozen=True, slots=True, kw_only=True)
class RowText:
    """A row as a reader sees it; `kind` lets a terminal choose colours. An idle row has only `what`."""

    kind: str
    time: str = ""
    elapsed: str = ""
    ticket: str = ""
    who: str = ""
    what: str = ""
    state: str = ""
    owner: str = ""
    clocks: tuple[str, ...] = ()


def story_text(rows: Iterable[Row], rules: Rules, lang: str) -> tuple[RowText, ...]:
    """All rows in one language."""
    return tuple(row_text(row, Teller(rules, lang, row.workflow or None)) for row in rows)


def row_text(row: Row, teller: Teller) -> RowText:
    """One row in the language of the teller."""
    if row.kind == "idle":
        return RowText(kind=row.kind, what=_idle(row, teller))
    return RowText(
        kind=row.kind,
        time=show_moment(row.at, teller.zone, teller.lang, year=False),
        elapsed=show_span(row.elapsed) if row.elapsed else "0",
        ticket=row.ticket,
        who="" if row.actor == SYSTEM else row.actor,
        what=_what(row, teller),
        state=teller.state(row.state) if row.state else "",
        owner=owner_text(row.owner, teller),
        clocks=tuple(_clock(note, teller) for note in row.clocks),
    )


def owner_text(owner: OwnedBy | None, teller: Teller) -> str:
    """Who is in charge: the person with the role in brackets, or the role."""
    if owner is None:
        return ""
    role = teller.role(owner.role) if owner.role else ""
    if owner.member is None:
        return role
    return f"{owner.member} ({role})" if role else owner.member


def summary_text(simulation: Simulation, lang: str, *, ticket: str = MAIN) -> str:
    """How a ticket ended, or where it stands, after how long."""
    found = simulation.ticket(ticket)
    teller = Teller(simulation.rules, lang, found.workflow)
    state = simulation.rules.workflows[found.workflow].states.get(found.state)
    name = teller.state(found.state)
    if state is not None and state.final and found.outcome:
        span = show_span(found.entered_at - found.opened_at)
        return say("story.ended", lang, state=name, outcome=teller.outcome(found.outcome, state), span=span)
    until = found.entered_at if state is not None and state.final else simulation.now
    return say("story.stands", lang, state=name, span=show_span(until - found.opened_at))


def addressee_text(addressees: Iterable[Addressee], teller: Teller) -> str:
    """Whom an alert goes to: roles with those of their members who are on duty."""
    told = []
    for addressee in addressees:
        members = ", ".join(addressee.members)
        role = teller.role(addressee.role) if addressee.role else ""
        told.append(f"{role} ({members})" if role and members else role or members)
    return teller.listed(told) if told else say("story.nobody", teller.lang)


def _what(row: Row, teller: Teller) -> str:
    lang = teller.lang
    match row.kind:
        case "event" | "timer":
            told = [say("story.child_opened", lang, child=child) for child in row.children]
            if row.schedule:
                told.append(say("story.scheduled", lang, schedule=teller.schedule(row.schedule)))
            return " · ".join([teller.event(row.name), *_brought(row, teller), *told])
        case "warning" | "breach" | "escalation":
            due = show_moment(row.due_at, teller.zone, lang, year=False) if row.due_at else ""
            to = addressee_text(row.to, teller)
            said = say(f"story.{row.kind}", lang, clock=teller.clock(row.name), to=to, due=due, level=row.level)
            return say("story.lists", lang, alert=said, tickets=teller.listed(row.names)) if row.names else said
        case "message":
            return _message(row, teller)
        case "denied":
            assert row.denial is not None, "a refused command has its denial"
            text = denial_text(row.denial, teller.rules, lang, workflow=row.workflow)
            return say("story.denied", lang, text=text)
        case "signed":
            role = teller.role(row.role)
            return say("story.signed", lang, event=teller.event(row.name), actor=row.actor, role=role)
        case "task":
            return say("story.task_done", lang, task=row.name)
        case "lapsed":
            return say("story.lapsed", lang, event=teller.event(row.name))
        case _:
            if row.outcome is None:
                return say("story.child_closed", lang, child=row.name)
            outcome = Teller(teller.rules, lang, row.child_workflow or None).outcome(row.outcome)
            return say("story.child_closed_outcome", lang, child=row.name, outcome=outcome)


def _brought(row: Row, teller: Teller) -> Iterator[str]:
    """The text of a comment, or what a correction changed."""
    if row.name == "comment":
        yield from map(str, row.values.values())
        return
    for name, value in row.values.items():
        yield say("story.changed", teller.lang, field=teller.field(name), value=teller.value(value))


def _message(row: Row, teller: Teller) -> str:
    to, template = addressee_text(row.to, teller), teller.template(row.name)
    text = teller.message(row.name, row.values)
    if row.deliver_at is None:
        return say("story.message", teller.lang, template=template, to=to, text=text)
    out = show_moment(row.deliver_at, teller.zone, teller.lang, year=False)
    return say("story.message_held", teller.lang, template=template, to=to, out=out, text=text)


def _clock(note: ClockNote, teller: Teller) -> str:
    due = show_moment(note.due_at, teller.zone, teller.lang, year=False) if note.due_at else ""
    took = show_span(note.took or timedelta())
    return say(f"story.clock_{note.word}", teller.lang, clock=teller.clock(note.sla), due=due, took=took)


def _idle(row: Row, teller: Teller) -> str:
    gap, span = row.gap, show_span(row.elapsed)
    closed = _days(gap.closed) if gap else ""
    opened = _days(gap.opened) if gap else ""
    if closed and opened:
        return say("story.idle_both", teller.lang, span=span, days=closed, open=opened)
    if closed or opened:
        return say(f"story.idle_{'closed' if closed else 'open'}", teller.lang, span=span, days=closed or opened)
    return say("story.idle", teller.lang, span=span)


def _days(days: tuple[date, ...]) -> str:
    """Days as ranges: `10-01…10-07, 10-10`."""
    ranges: list[tuple[date, date]] = []
    for day in days:
        if ranges and day - ranges[-1][1] == timedelta(days=1):
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    shown = [f"{first:%m-%d}" if first == last else f"{first:%m-%d}…{last:%m-%d}" for first, last in ranges]
    return ", ".join(shown)
