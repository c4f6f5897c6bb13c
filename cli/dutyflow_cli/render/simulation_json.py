"""A simulation as one JSON document: the story row by row, and each ticket with its clocks and its history."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dutyflow.kernel.encoding import plain_json
from dutyflow.kernel.ticket import ClockRun, Ticket
from dutyflow.lab.expectations import status_of
from dutyflow.lab.simulation import Simulation
from dutyflow.lab.story import ClockNote, Row, tell
from dutyflow.telling.teller import denial_text

SCHEMA_VERSION = 1


def simulation_json(simulation: Simulation, lang: str) -> str:
    """The document; times carry the offset of the rulebook's zone."""
    writer = _Writer(simulation, lang)
    document = {
        "schema_version": SCHEMA_VERSION,
        "rulebook": simulation.rules.name,
        "hash": simulation.rules.hash,
        "timezone": simulation.rules.zone,
        "now": writer.time(simulation.now),
        "rows": [writer.row(row) for row in tell(simulation) if row.kind != "idle"],
        "tickets": [writer.ticket(ticket) for ticket in simulation.tickets()],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


class _Writer:
    """Knows the zone and the language of one document."""

    def __init__(self, simulation: Simulation, lang: str) -> None:
        self.simulation = simulation
        self.lang = lang
        self.zone = ZoneInfo(simulation.rules.zone)

    def time(self, at: datetime | None) -> str | None:
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
            "owner": _owner(row.owner),
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

    def ticket(self, ticket: Ticket) -> dict[str, Any]:
        """Where a ticket stands, and everything that happened to it."""
        return {
            "id": ticket.id,
            "name": self.simulation.name_of(ticket.id),
            "workflow": ticket.workflow,
            "state": ticket.state,
            "owner": _owner(ticket.owner),
            "outcome": ticket.outcome,
            "fields": json.loads(plain_json(dict(ticket.fields))),
            "clocks": [self._clock(run) for run in (*ticket.past_clocks, *ticket.clocks)],
            "next_due_at": self.time(ticket.next_due_at),
            "history": [json.loads(plain_json(event)) for event in self.simulation.runner.history(ticket.id)],
        }

    def _note(self, note: ClockNote) -> dict[str, Any]:
        took = int(note.took.total_seconds()) if note.took is not None else None
        return {"clock": note.sla, "what": note.word, "due_at": self.time(note.due_at), "took_seconds": took}

    def _clock(self, run: ClockRun) -> dict[str, Any]:
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
        denial = row.denial
        if denial is None:
            return None
        missing = denial.values.get("missing")
        return {
            "code": denial.code,
            "message": denial_text(denial, self.simulation.rules, self.lang, workflow=row.workflow),
            "missing": list(missing) if missing else [],
            "source": denial.source or None,
        }


def _owner(owner: Any) -> dict[str, str | None] | None:
    return {"role": owner.role, "member": owner.member} if owner else None
