"""Keeps tickets in memory: for simulation, tests, and services that need no more."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dutyflow.errors import ConflictError
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.outbox import Waiting
from dutyflow.ports.records import Asked, Change, Commit, KeptAnswer, Outgoing
from dutyflow.stores.index import TicketIndex


class MemoryStore:
    """A `TicketStore` of plain dictionaries. One writer at a time: the runner sees to that.

    See `SharedMemoryStore` for one that threads may share.
    """

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}
        self._events: dict[str, list[Event]] = {}
        self._due: dict[str, datetime] = {}
        # May hold moments that no longer count; they are dropped when they come to the top.
        self._moments: list[tuple[datetime, str]] = []
        self._answers: dict[str, KeptAnswer] = {}
        self._audit: list[Asked] = []
        self._outbox: list[Outgoing] = []
        self._numbers: dict[str, int] = {}
        self._turns: dict[tuple[str, str], datetime | None] = {}
        self._index = TicketIndex()

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        return self._tickets.get(ticket)

    def history(self, ticket: str) -> tuple[Event, ...]:
        """All events of a ticket in order; empty for an unknown one."""
        return tuple(self._events.get(ticket, ()))

    def tickets(self) -> Iterable[Ticket]:
        """All tickets, in the order in which they were opened."""
        return tuple(self._tickets.values())

    def due(self, until: datetime, *, inclusive: bool, limit: int) -> tuple[tuple[datetime, str], ...]:
        """The next due moments before (or at) `until`, at most one a ticket, in the order (moment, ticket id)."""
        if limit == 1:
            first = self._first()
            found = [first] if first is not None else []
        else:
            found = heapq.nsmallest(limit, ((at, ticket) for ticket, at in self._due.items()))
        return tuple(pair for pair in found if pair[0] < until or (inclusive and pair[0] == until))

    def next_due_at(self) -> datetime | None:
        """The earliest moment at which something happens by itself to any ticket."""
        first = self._first()
        return first[0] if first else None

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        return tuple(
            Lookalike(id=ticket.id, state=ticket.state, changed_at=ticket.changed_at)
            for ticket in reversed(self.select(book, workflow, None, same))
        )

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        return self._index.select(book, workflow, states, same)

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        return self._index.in_opening_order(tickets)

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        return self._numbers.get(series, 0)

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        return self._answers.get(key)

    def commit(self, commit: Commit) -> None:
        """Write everything of one transaction or nothing; `ConflictError` if something moved on meanwhile."""
        self._check(commit)
        for change in commit.changes:
            self._write(change)
        self._outbox.extend(commit.outbox)
        self._audit.extend(commit.audit)
        self._numbers.update(commit.numbers)
        self._answers.update(commit.answers)
        self._turns.update({(turn.book, turn.name): turn.next_at for turn in commit.turns})

    def audit(self) -> Iterable[Asked]:
        """Every command that was asked, in order, refused ones included."""
        return tuple(self._audit)

    def outbox(self) -> Iterable[Waiting]:
        """The notices that wait to be sent, in the order in which they were kept."""
        return tuple(
            Waiting(number=number, outgoing=outgoing, try_at=outgoing.notice.deliver_at)
            for number, outgoing in enumerate(self._outbox, start=1)
        )

    def schedules(self) -> Mapping[tuple[str, str], datetime | None]:
        """The next moment of each schedule (book, name) that has begun; None for one that has ended."""
        return dict(self._turns)

    def _check(self, commit: Commit) -> None:
        """Refuse the whole commit before anything of it is written."""
        for change in commit.changes:
            self._stands_at(change.ticket.id, change.before.seq if change.before else 0)
        for ticket, seq in commit.read.items():
            self._stands_at(ticket, seq)
        for key in commit.answers:
            if key in self._answers:
                raise ConflictError(f"The key {key!r} has been answered already.")
        for series, number in commit.numbers.items():
            if number <= self.last_number(series):
                raise ConflictError(f"The number {number} of {series} has been given already.")
        for turn in commit.turns:
            schedule = (turn.book, turn.name)
            if (schedule in self._turns) != (turn.at is not None) or self._turns.get(schedule) != turn.at:
                raise ConflictError(f"The schedule {turn.name} has moved on meanwhile.")

    def _stands_at(self, ticket: str, expected: int) -> None:
        known = self._tickets.get(ticket)
        seq = known.seq if known else 0
        if seq != expected:
            raise ConflictError(f"Ticket {ticket} stands at {seq}, not at {expected}.")

    def _write(self, change: Change) -> None:
        ticket = change.ticket
        self._index.put(change.book, self._tickets.get(ticket.id), ticket)
        self._tickets[ticket.id] = ticket
        self._events.setdefault(ticket.id, []).extend(change.events)
        due_at = ticket.next_due_at
        if due_at is None:
            self._due.pop(ticket.id, None)
        elif self._due.get(ticket.id) != due_at:
            self._due[ticket.id] = due_at
            heapq.heappush(self._moments, (due_at, ticket.id))

    def _first(self) -> tuple[datetime, str] | None:
        while self._moments and self._due.get(self._moments[0][1]) != self._moments[0][0]:
            heapq.heappop(self._moments)
        return self._moments[0] if self._moments else None
