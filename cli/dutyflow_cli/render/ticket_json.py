"""What `dutyflow ticket` says to machines: one JSON document for each of its commands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from dutyflow.kernel.actions import Action
from dutyflow.kernel.decide import NUMBER
from dutyflow.kernel.denials import Denial
from dutyflow.kernel.encoding import plain_json
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.lab.kept import KeptStory
from dutyflow.lab.story import tell
from dutyflow.ports.queue import Count, Page, Row
from dutyflow.ports.records import Answer
from dutyflow.telling.reasons import Cause, ClockReason, EventPlaces
from dutyflow.telling.teller import Teller
from dutyflow_cli.desk import Desk
from dutyflow_cli.entries import Entry
from dutyflow_cli.render.json_text import json_text
from dutyflow_cli.render.simulation_json import StoryWriter, denial_json, owner_json

SCHEMA_VERSION = 1


def document(kind: str, **parts: Any) -> str:
    """A document of `schemas/output/ticket.schema.json`."""
    return json_text({"schema_version": SCHEMA_VERSION, "document": kind, **parts})


def answer_json(desk: Desk, ticket: Ticket | None, answer: Answer, rules: Rules, workflow: str) -> str:
    """What a command came to."""
    denial = denial_json(answer.denial, rules, desk.lang, workflow=workflow) if answer.denial else None
    return document("answer", accepted=answer.accepted, denial=denial, ticket=_ticket(desk, ticket) if ticket else None)


def ticket_json(desk: Desk, ticket: Ticket) -> str:
    """A ticket with its story."""
    story = desk.story(ticket)
    writer = _writer(desk, ticket, story)
    rows = [writer.row(row) for row in tell(story) if row.kind != "idle"]
    return document("ticket", now=writer.time(desk.now), ticket=_ticket(desk, ticket), rows=rows)


def queue_json(desk: Desk, page: Page, counts: Iterable[Count]) -> str:
    """One page of a queue, and how many tickets there are."""
    totals = [
        {
            "rulebook": count.book,
            "workflow": count.workflow,
            "state": count.state,
            "role": count.role,
            "closed": count.closed,
            "breached": count.breached,
            "count": count.count,
        }
        for count in counts
    ]
    rows = [_row(row, desk) for row in page.rows]
    return document("queue", now=desk.now.isoformat(), rows=rows, cursor=page.cursor, counts=totals)


def history_json(ticket: Ticket, entries: Sequence[Entry], writer: StoryWriter, rules: Rules) -> str:
    """Events and refusals in order."""
    shown = []
    for entry in entries:
        event = json.loads(plain_json(entry.event)) if entry.event is not None else None
        denial = entry.asked.denial if entry.asked else None
        shown.append(
            {
                "seq": entry.seq or None,
                "at": writer.time(entry.at),
                "actor": entry.actor or None,
                "kind": entry.kind,
                "event": event,
                "hash": entry.hash or None,
                "denial": denial_json(denial, rules, writer.lang, workflow=ticket.workflow) if denial else None,
            }
        )
    return document("history", ticket=ticket.id, entries=shown)


def why_json(
    desk: Desk, ticket: Ticket, clocks: Sequence[ClockReason], actions: Sequence[Action], places: EventPlaces | None
) -> str:
    """What makes each deadline, and who may do what; of one event only, if one was asked about."""
    writer = writer_of(desk, ticket)
    rules = desk.rules_of(ticket)
    where = None
    if places is not None:
        states = [{"state": state, "source": source or None} for state, source in places.states.items()]
        where = {"event": places.event, "states": states, "by_itself": places.by_itself}
    return document(
        "why",
        ticket=ticket.id,
        state=ticket.state,
        now=writer.time(desk.now),
        clocks=[_clock(reason, writer) for reason in clocks],
        actions=[action_json(action, rules, desk.lang, ticket.workflow) for action in actions],
        event=where,
    )


def writer_of(desk: Desk, ticket: Ticket) -> StoryWriter:
    """A writer in the zone of a ticket, where no story is told."""
    return _writer(desk, ticket, KeptStory((), ()))


def _writer(desk: Desk, ticket: Ticket, story: KeptStory) -> StoryWriter:
    return StoryWriter(story, desk.rules_of(ticket).zone, desk.lang)


def _ticket(desk: Desk, ticket: Ticket) -> dict[str, Any]:
    """Where a ticket stands; its events are in the document of its history."""
    writer, rules = writer_of(desk, ticket), desk.rules_of(ticket)
    return {
        "id": ticket.id,
        "number": ticket.fields.get(NUMBER),
        "rulebook": rules.name,
        "version": ticket.rules,
        "workflow": ticket.workflow,
        "state": ticket.state,
        "title": Teller(rules, desk.lang, ticket.workflow).state(ticket.state),
        "owner": owner_json(ticket.owner),
        "outcome": ticket.outcome,
        "closed": rules.workflows[ticket.workflow].states[ticket.state].final,
        "parent": ticket.parent,
        "children": [child.id for child in ticket.children],
        "opened_at": writer.time(ticket.opened_at),
        "changed_at": writer.time(ticket.changed_at),
        "next_due_at": writer.time(ticket.next_due_at),
        "fields": json.loads(plain_json(dict(ticket.fields))),
        "clocks": [writer.clock(run) for run in (*ticket.past_clocks, *ticket.clocks)],
    }


def _row(row: Row, desk: Desk) -> dict[str, Any]:
    left = int((row.due_at - desk.now).total_seconds()) if row.due_at and not row.closed else None
    return {
        "id": row.ticket,
        "number": row.number,
        "rulebook": row.book,
        "version": row.rules,
        "workflow": row.workflow,
        "state": row.state,
        "owner": owner_json(row.owner),
        "department": row.department,
        "outcome": row.outcome,
        "closed": row.closed,
        "opened_at": row.opened_at.isoformat(),
        "changed_at": row.changed_at.isoformat(),
        "due_at": row.due_at.isoformat() if row.due_at else None,
        "left_seconds": left,
        "breached": row.breached,
    }


def _clock(reason: ClockReason, writer: StoryWriter) -> dict[str, Any]:
    run = reason.run
    return {
        **writer.clock(run),
        "within": reason.within.text if reason.within else None,
        "due": reason.due,
        "when": reason.when,
        "source": reason.source,
        "started_at": writer.time(run.started_at),
        "anchor": reason.anchor,
        "begun_by": _cause(reason.begun, writer),
        "seconds": run.seconds,
        "consumed_seconds": reason.consumed,
        "overrun_seconds": reason.overrun,
        "pauses": [
            {"start": writer.time(pause.start), "end": writer.time(pause.end), "reason": _words(pause.reason, writer)}
            for pause in reason.pauses
        ],
        "moves": [
            {"due_at": writer.time(move.due_at), "by": _cause(move.cause, writer), "source": move.source}
            for move in reason.moves
        ],
        "ahead": [
            {
                "at": writer.time(ahead.at),
                "kind": ahead.kind,
                "level": ahead.level,
                "to": [{"role": each.role or None, "members": list(each.members)} for each in ahead.to],
            }
            for ahead in reason.ahead
        ],
    }


def _words(title: Any, writer: StoryWriter) -> str | None:
    return (title or {}).get(writer.lang)


def _cause(cause: Cause, writer: StoryWriter) -> dict[str, str | None]:
    return {
        "at": writer.time(cause.at),
        "event": cause.event or None,
        "actor": cause.actor or None,
        "breached": cause.breached,
    }


def action_json(action: Action, rules: Rules, lang: str, workflow: str) -> dict[str, Any]:
    """One event that may be asked for, or why not."""
    denial: Denial | None = action.denial
    return {
        "event": action.event,
        "by": list(action.by),
        "who": list(action.who),
        "needs": list(action.needs),
        "accepts": list(action.accepts),
        "needs_reason": action.needs_reason,
        "allowed": action.allowed,
        "denial": denial_json(denial, rules, lang, workflow=workflow) if denial else None,
    }
