"""One step on its way: the tickets it has read and changed so far, seen over the store, written all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dutyflow.kernel.decide import Decision
from dutyflow.kernel.effects import Notice
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Asked, Change, Commit, Happening, KeptAnswer, Outgoing
from dutyflow.ports.store import Directory, TicketStore


class Work:
    """Also the kernel's `Facts`: what it answers includes what this very step has changed already."""

    def __init__(self, store: TicketStore, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        self._tickets: dict[str, Ticket] = {}
        self._seq_before: dict[str, int] = {}
        self._events: dict[str, list[Event]] = {}
        self._outbox: list[Outgoing] = []
        self.happened: list[Happening] = []
        self.audit: list[Asked] = []

    def fork(self) -> Work:
        """A second work that goes on from here, to be kept or dropped as a whole."""
        fork = Work(self._store, self._directory)
        fork._tickets = dict(self._tickets)
        fork._seq_before = dict(self._seq_before)
        fork._events = {ticket: list(events) for ticket, events in self._events.items()}
        fork._outbox = list(self._outbox)
        fork.happened = list(self.happened)
        fork.audit = list(self.audit)
        return fork

    def find(self, ticket: str) -> Ticket | None:
        """The ticket as this step sees it, or None."""
        return self._tickets.get(ticket) or self._store.load(ticket)

    def take(self, decision: Decision) -> None:
        """Take over what the kernel decided for one ticket; its other effects are the runner's business."""
        ticket = decision.ticket
        if ticket is None:
            return
        if ticket.id not in self._seq_before:
            known = self._store.load(ticket.id)
            self._seq_before[ticket.id] = known.seq if known else 0
        self._tickets[ticket.id] = ticket
        self._events.setdefault(ticket.id, []).extend(decision.events)
        self.happened.extend(Happening(ticket.id, event) for event in decision.events)
        for number, effect in enumerate(decision.effects):
            if isinstance(effect, Notice):
                self._outbox.append(Outgoing(f"{ticket.id}:{ticket.seq}:{number}", ticket.id, effect))

    def note(self, asked: Asked) -> None:
        """Keep a command in the audit trail; a refused one is something that happened."""
        self.audit.append(asked)
        if asked.denial is not None:
            self.happened.append(Happening(asked.ticket, asked))

    def commit(self, key: str | None = None, kept: KeptAnswer | None = None) -> None:
        """Write everything, or nothing."""
        changes = tuple(
            Change(ticket, tuple(self._events[ticket.id]), self._seq_before[ticket.id])
            for ticket in self._tickets.values()
        )
        self._store.commit(
            Commit(changes=changes, outbox=tuple(self._outbox), audit=tuple(self.audit), key=key, kept=kept)
        )

    # --- the kernel's facts -------------------------------------------------------------------------------------

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles a person holds."""
        return self._directory.roles_of(person, at)

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """The members of a role who are on duty."""
        return self._directory.members_of(role, at)

    def lookalikes(self, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets about the same thing, those of this step first."""
        kept = (other for other in self._store.lookalikes(workflow, same) if other.id not in self._tickets)
        return (*_alike(reversed(self._tickets.values()), workflow, same), *kept)


def _alike(tickets: Iterable[Ticket], workflow: str, same: Mapping[str, Any]) -> Iterable[Lookalike]:
    return (
        Lookalike(id=ticket.id, state=ticket.state, changed_at=ticket.changed_at)
        for ticket in tickets
        if ticket.workflow == workflow and all(ticket.fields.get(name) == value for name, value in same.items())
    )
