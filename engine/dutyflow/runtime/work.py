"""One step on its way: the tickets it has read and changed so far, seen over the store, written all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dutyflow.kernel.decide import Decision
from dutyflow.kernel.effects import Notice, Send
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
        self._events: dict[str, tuple[Event, ...]] = {}
        self._outbox: list[Outgoing] = []
        self._numbers: dict[str, int] = {}
        self._proposed: dict[str, int] = {}
        """Numbers for a ticket that is not decided on yet; they count once it is there."""
        self.happened: list[Happening] = []
        self.audit: list[Asked] = []

    def fork(self) -> Work:
        """A second work that goes on from here, to be kept or dropped as a whole."""
        fork = Work(self._store, self._directory)
        fork._tickets = dict(self._tickets)
        fork._seq_before = dict(self._seq_before)
        fork._events = dict(self._events)
        fork._outbox = list(self._outbox)
        fork._numbers = dict(self._numbers)
        fork.happened = list(self.happened)
        fork.audit = list(self.audit)
        return fork

    def find(self, ticket: str) -> Ticket | None:
        """The ticket as this step sees it, or None."""
        return self._tickets.get(ticket) or self._store.load(ticket)

    def take(self, decision: Decision) -> None:
        """Take over what the kernel decided for one ticket; its other effects are the runner's business."""
        ticket = decision.ticket
        proposed, self._proposed = self._proposed, {}
        if ticket is None:
            return
        self._numbers.update(proposed)
        if ticket.id not in self._seq_before:
            known = self._store.load(ticket.id)
            self._seq_before[ticket.id] = known.seq if known else 0
        self._tickets[ticket.id] = ticket
        self._events[ticket.id] = (*self._events.get(ticket.id, ()), *decision.events)
        self.happened.extend(Happening(ticket.id, event) for event in decision.events)
        for number, effect in enumerate(decision.effects):
            if isinstance(effect, Notice | Send):
                self._outbox.append(Outgoing(f"{ticket.id}:{ticket.seq}:{number}", ticket.id, effect))

    def note(self, asked: Asked) -> None:
        """Keep a command in the audit trail; a refused one is something that happened."""
        self.audit.append(asked)
        if asked.denial is not None:
            self.happened.append(Happening(asked.ticket, asked))

    def commit(self, key: str | None = None, kept: KeptAnswer | None = None) -> None:
        """Write everything, or nothing."""
        changes = tuple(
            Change(ticket, self._events[ticket.id], self._seq_before[ticket.id]) for ticket in self._tickets.values()
        )
        self._store.commit(
            Commit(
                changes=changes,
                outbox=tuple(self._outbox),
                audit=tuple(self.audit),
                key=key,
                kept=kept,
                numbers=self._numbers,
            )
        )

    # --- the kernel's facts -------------------------------------------------------------------------------------

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles a person holds."""
        return self._directory.roles_of(person, at)

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """The members of a role who are on duty."""
        return self._directory.members_of(role, at)

    def skill_of(self, person: str, skill: str) -> int:
        """The level of a member's skill."""
        return self._directory.skill_of(person, skill)

    def select(self, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> tuple[Ticket, ...]:
        """Tickets by workflow, state and fields, in opening order; those of this step as it leaves them."""
        kept = self._store.select(workflow, states, same)
        if not self._tickets:
            return kept
        mine = {t.id: t for t in self._tickets.values() if _fits(t, workflow, states, same)}
        found = [mine.pop(t.id) if t.id in mine else t for t in kept if t.id in mine or t.id not in self._tickets]
        return (*found, *mine.values())

    def next_number(self, series: str) -> int:
        """The next record number of a series; taken for good only when this step is written."""
        last = self._proposed.get(series) or self._numbers.get(series) or self._store.last_number(series)
        self._proposed[series] = last + 1
        return last + 1

    def lookalikes(self, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets about the same thing, those of this step first."""
        kept = (other for other in self._store.lookalikes(workflow, same) if other.id not in self._tickets)
        return (*_alike(reversed(self._tickets.values()), workflow, same), *kept)


def _fits(ticket: Ticket, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> bool:
    if ticket.workflow != workflow or (states is not None and ticket.state not in states):
        return False
    fields = ticket.fields
    for name, value in same.items():  # noqa: SIM110  # asked for each pair of rows of a batch: `all` takes three times as long
        if fields.get(name) != value:
            return False
    return True


def _alike(tickets: Iterable[Ticket], workflow: str, same: Mapping[str, Any]) -> Iterable[Lookalike]:
    return (
        Lookalike(id=ticket.id, state=ticket.state, changed_at=ticket.changed_at)
        for ticket in tickets
        if _fits(ticket, workflow, None, same)
    )
