"""Draws a kept ticket: where it stands, its time limits, its fields, and what an answer to a command says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.console import RenderableType
from rich.text import Text

from dutyflow.kernel.actions import Action
from dutyflow.kernel.decide import NUMBER
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.events import ClockStopped, Opened
from dutyflow.kernel.rules import Field, Rules
from dutyflow.kernel.ticket import ClockRun, Ticket
from dutyflow.lab.expectations import status_of
from dutyflow.lab.story_text import owner_text
from dutyflow.ports.records import Answer
from dutyflow.telling.moments import show_moment, show_span
from dutyflow.telling.teller import Teller, denial_text
from dutyflow.wording import say
from dutyflow_cli.desk import Desk
from dutyflow_cli.prompts.fields import hint_of
from dutyflow_cli.render.excerpt import clean
from dutyflow_cli.render.remaining import remaining
from dutyflow_cli.render.tables import indented, prose, table, width

HASH_SHOWN = 12
"""Signs of a version that people see."""

_STYLES = {"met": "green", "met_late": "red", "breached": "bold red", "paused": "dim"}


def name_of(ticket: Ticket) -> str:
    """What people call a ticket: its record number, else its id."""
    return clean(str(ticket.fields.get(NUMBER) or ticket.id))


def says(name: str, text: str, lang: str) -> str:
    """`name: text`, with the colon of the language."""
    return say("cli_ticket.says", lang, name=name, text=text)


def ticket_parts(desk: Desk, ticket: Ticket) -> Iterator[RenderableType]:
    """The head of a ticket, its time limits and its fields."""
    teller, rules = desk.teller(ticket), desk.rules_of(ticket)
    yield Text(f"{teller.workflow(ticket.workflow)} {name_of(ticket)}", style="bold")
    yield prose(" · ".join(_standing(ticket, teller)), width())
    yield prose(_origin(ticket, rules, teller), width(), "dim")
    if ticket.clocks or ticket.past_clocks:
        yield Text("")
        yield clock_table(ticket, teller, desk.now)
    shown = [(name, value) for name, value in ticket.fields.items() if value not in (None, (), "") and name != NUMBER]
    if shown:
        yield Text("")
        rows = [(clean(teller.field(name)), clean(teller.value(value))) for name, value in shown]
        yield table(("", ""), rows, indent=2)


def _standing(ticket: Ticket, teller: Teller) -> Iterator[str]:
    """The state, with the outcome or the one who is in charge."""
    state = teller.rules.workflows[ticket.workflow].states[ticket.state]
    name = teller.state(ticket.state)
    if state.final:
        outcome = teller.outcome(ticket.outcome, state) if ticket.outcome else ""
        yield say("cli_words.with_outcome", teller.lang, state=name, outcome=outcome) if outcome else name
        return
    yield name
    owner = clean(owner_text(ticket.owner, teller))
    if owner:
        yield say("cli_ticket.owner", teller.lang, owner=owner)


def _origin(ticket: Ticket, rules: Rules, teller: Teller) -> str:
    parts = [
        say("cli_ticket.opened", teller.lang, at=show_moment(ticket.opened_at, teller.zone, teller.lang)),
        say("cli_ticket.under", teller.lang, rulebook=rules.name, version=ticket.rules[:HASH_SHOWN]),
        say("cli_ticket.id", teller.lang, id=clean(ticket.id)),
    ]
    if ticket.parent:
        parts.append(say("cli_ticket.parent", teller.lang, ticket=clean(ticket.parent)))
    return " · ".join(parts)


def clock_table(ticket: Ticket, teller: Teller, now: datetime) -> RenderableType:
    """Every run of every time limit: open ones first, with the time that is left."""
    runs = (*sorted(ticket.clocks, key=_due_order), *ticket.past_clocks)
    return table(("", "", ""), [clock_cells(run, teller, now) for run in runs], indent=2)


def clock_cells(run: ClockRun, teller: Teller, now: datetime) -> tuple[str | Text, ...]:
    """The name of a time limit, when it is due, and how it goes."""
    status = status_of(run)
    due = (
        say("cli_ticket.due", teller.lang, due=show_moment(run.due_at, teller.zone, teller.lang)) if run.due_at else ""
    )
    said = say(f"clock_status.{status}", teller.lang)
    if run.status != "open":
        due = ""
        if run.ended_at is not None:
            said = f"{said} ({show_span(run.ended_at - run.anchor_at)})"
    elif run.due_at is not None:
        said = remaining(run.due_at, now, teller.lang)
        status = "breached" if now > run.due_at else status
    return teller.clock(run.sla), due, Text(said, style=_STYLES.get(status, ""))


def _due_order(run: ClockRun) -> tuple[bool, datetime]:
    return run.due_at is None, run.due_at or run.nominal_due_at


# --- answers ----------------------------------------------------------------------------------------------------


def answer_parts(desk: Desk, before: Ticket | None, ticket: Ticket, answer: Answer) -> Iterator[RenderableType]:
    """What a command did: from which state into which, what was met or opened by it, what is due now."""
    teller = desk.teller(ticket)
    states = [teller.state(before.state)] if before is not None and before.state != ticket.state else []
    way = " → ".join([*states, *list(_standing(ticket, teller))[:1]])
    rest = list(_standing(ticket, teller))[1:]
    head = f"{teller.workflow(ticket.workflow)} {name_of(ticket)}"
    yield prose(says(head, " · ".join([way, *rest]), teller.lang), width(), "bold")
    if before is None and name_of(ticket) != ticket.id:
        yield indented(say("cli_ticket.id", teller.lang, id=clean(ticket.id)), 2)
    ended = {(e.what.sla, e.what.run) for e in answer.happened if isinstance(e.what, ClockStopped)}
    over = [run for run in ticket.past_clocks if (run.sla, run.run) in ended]
    runs = [*sorted(ticket.clocks, key=_due_order), *over]
    if runs:
        yield table(("", "", ""), [clock_cells(run, teller, desk.now) for run in runs], indent=2)
    for happening in answer.happened:
        if isinstance(happening.what, Opened) and happening.ticket != ticket.id:
            yield indented(say("story.child_opened", teller.lang, child=clean(happening.ticket or "")), 2)


def refusal_parts(
    denial: Denial, teller: Teller, actor: str, workflow: str, actions: tuple[Action, ...], *, opening: bool
) -> Iterator[RenderableType]:
    """Why not, which line says so, which data is missing, and what the person may do instead."""
    said = denial_text(denial, teller.rules, teller.lang, workflow=workflow)
    yield prose(clean(say("story.denied", teller.lang, text=said)), width(), "red")
    if denial.source:
        yield Text(f"  {denial.source}", style="dim")
    missing = denial.values.get("missing", ())
    if missing:
        yield indented(say("cli_ticket.missing", teller.lang), 2)
        yield table(("", ""), list(_missing(missing, teller, workflow)), indent=4)
        return
    allowed = [one for one in actions if one.allowed]
    other = [f"{teller.title(one.title, one.event)} ({one.event})" for one in allowed if one.event != denial.event]
    if other:
        yield indented(say("cli_ticket.instead", teller.lang, actor=clean(actor), events=teller.listed(other)), 2)
    elif not allowed and not opening:  # with other data the same event may go through; without a ticket there is no why
        yield indented(say("cli_ticket.nothing_instead", teller.lang, actor=clean(actor)), 2)


def _missing(missing: tuple[str, ...], teller: Teller, workflow: str) -> Iterator[tuple[str, str]]:
    fields = teller.rules.workflows[workflow].fields
    for names in missing:
        for name in names.split(" | "):
            yield f"{name}=…", says(teller.field(name), _kind(fields[name], teller), teller.lang)


def _kind(field: Field, teller: Teller) -> str:
    """What fits: one of the options, or the kind of value with an example."""
    if field.options:
        return say("cli_explain.one_of", teller.lang, words=teller.listed(field.options))
    return hint_of(field, teller)
