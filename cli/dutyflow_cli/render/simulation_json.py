"""A simulation as one JSON document: the story row by row, and each ticket with its clocks and its history."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dutyflow.kernel.denials import Denial
from dutyflow.kernel.encoding import plain_json
from dutyflow.kernel.events import Event
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import ClockRun, OwnedBy, Ticket
from dutyflow.lab.expectations import status_of
from dutyflow.lab.simulation import Simulation
from dutyflow.lab.story import ClockNote, Row, Source, tell
from dutyflow.telling.teller import denial_text

SCHEMA_VERSION = 1


def simulation_json(simulation: Simulation, lang: str) -> str:
    """The document; times carry the offset of the rulebook's zone."""
    writer = StoryWriter(simulation, simulation.rules.zone, lang)
    document = {
        "schema_version": SCHEMA_VERSION,
        "rulebook": simulation.rules.name,
        "hash": simulation.rules.hash,
        "timezone": simulation.rules.zone,
        "now": writer.time(simulation.now),
        "rows": [writer.row(row) for row in tell(simulation) if row.kind != "idle"],
        "tickets": [writer.ticket(ticket, simulation.runner.history(ticket.id)) for ticket in simulation.tickets()],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


class StoryWriter:
    """Writes what happened as JSON: knows the story, the zone and the language of one document."""

    def __init__(self, source: Source, zone: str, lang: str) -> None:
        self.source = source
        self.lang = lang
        self.zone = ZoneInfo(zone)

    def time(self, at: datetime | None) -> str | None:
        """A moment with the offset of the zone."""
        return at.astimezone(self.zone).isoformat() if at else None

    def row(self, row: Row) -> dict[str, Any]:
        """One row; `name` is the event, clock, task, child or message template it is about."""
        return {
            "at": self.time(row.at),
            "elapsed_seconds": int(row.elapsed.total_seconds()),
            "kind": row.kind,
            "ticket": row.ticket or None,
            "actor": row.actor or None,
            "name": row.name,
            "state": row.state or None,
            "owner": owner_json(row.owner),
            "outcome": row.outcome,
            "reason": row.reason,
            "level": row.level or None,
            "due_at": self.time(row.due_at),
            "to": [{"role": each.role or None, "members": list(each.members)} for each in row.to],
            "children": list(row.children),
            "schedule": row.schedule or None,
            "tickets": list(row.names),
            "deliver_at": self.time(row.deliver_at),
            "clocks": [self._note(note) for note in row.clocks],
            "denial": self._denial(row),
        }

    def ticket(self, ticket: Ticket, history: Iterable[Event]) -> dict[str, Any]:
        """Where a ticket stands, and everything that happened to it."""
        return {
            "id": ticket.id,
            "name": self.source.name_of(ticket.id),
            "workflow": ticket.workflow,
            "state": ticket.state,
            "owner": owner_json(ticket.owner),
            "outcome": ticket.outcome,
            "fields": json.loads(plain_json(dict(ticket.fields))),
            "clocks": [self.clock(run) for run in (*ticket.past_clocks, *ticket.clocks)],
            "next_due_at": self.time(ticket.next_due_at),
            "history": [json.loads(plain_json(event)) for event in history],
        }

    def _note(self, note: ClockNote) -> dict[str, Any]:
        took = int(note.took.total_seconds()) if note.took is not None else None
        return {"clock": note.sla, "what": note.word, "due_at": self.time(note.due_at), "took_seconds": took}

    def clock(self, run: ClockRun) -> dict[str, Any]:
        """One run of a time limit."""
        return {
            "clock": run.sla,
            "run": run.run,
            "status": status_of(run),
            "counts_from": self.time(run.anchor_at),
            "due_at": self.time(run.due_at),
            "breached_at": self.time(run.breached_at),
            "ended_at": self.time(run.ended_at),
        }

    def _denial(self, row: Row) -> dict[str, Any] | None:
        rules = self.source.rules_of(row.ticket)
        return denial_json(row.denial, rules, self.lang, workflow=row.workflow) if row.denial else None


def denial_json(denial: Denial, rules: Rules, lang: str, *, workflow: str) -> dict[str, Any]:
    """Why a command was refused, and the line that refused it."""
    missing = denial.values.get("missing")
    return {
        "code": denial.code,
        "message": denial_text(denial, rules, lang, workflow=workflow),
        "missing": list(missing) if missing else [],
        "source": denial.source or None,
    }


def owner_json(owner: OwnedBy | None) -> dict[str, str | None] | None:
    """Who is in charge."""
    return {"role": owner.role, "member": owner.member} if owner else None
