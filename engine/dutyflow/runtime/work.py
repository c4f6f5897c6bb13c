"""One step on its way: the tickets it has read and changed so far, seen over what is kept, written all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from dutyflow.kernel.decide import Decision
from dutyflow.kernel.effects import Notice, Send
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Directory
from dutyflow.ports.records import UNLISTED, Asked, Change, Commit, Happening, KeptAnswer, Listing, Outgoing, Turn
from dutyflow.ports.store import Reads


class Work:
    """What is kept, with what this step has changed already laid over it.

    A work stands on a store, or on another work that it may become a part of (`fork`, then `join` or nothing): a
    transaction holds its commands like that, and a command the steps that may fall away. What a fork looks at it asks
    of the work below, which keeps account of it: a refusal depends on it too.
    """

    def __init__(self, base: Reads) -> None:
        self._base = base
        self._tickets: dict[str, Ticket] = {}
        self._before: dict[str, Ticket | None] = {}
        self._events: dict[str, tuple[Event, ...]] = {}
        self._books: dict[str, str] = {}
        self._outbox: list[Outgoing] = []
        self._numbers: dict[str, int] = {}
        self._read: dict[str, int] = {}
        self._watched: set[tuple[str, str]] = set()
        self._answers: dict[str, KeptAnswer] = {}
        self._turns: list[Turn] = []
        self.happened: list[Happening] = []
        self.audit: list[Asked] = []

    def fork(self) -> Work:
        """A second work that goes on from here; it counts once it is joined, and may be dropped instead."""
        return Work(self)

    def join(self, fork: Work) -> None:
        """Take over everything a fork has done."""
        for ticket, before in fork._before.items():
            self._before.setdefault(ticket, before)
            self._events[ticket] = (*self._events.get(ticket, ()), *fork._events[ticket])
        self._tickets.update(fork._tickets)
        self._books.update(fork._books)
        self._outbox += fork._outbox
        self._numbers.update(fork._numbers)
        self._answers.update(fork._answers)
        self._turns += fork._turns
        self.happened += fork.happened
        self.audit += fork.audit

    def take(self, decision: Decision, book: str, numbers: Mapping[str, int]) -> None:
        """Take over what the kernel decided for one ticket; its other effects are the runner's business."""
        ticket = decision.ticket
        if ticket is None:
            return
        self._numbers.update(numbers)
        if ticket.id not in self._before:
            self._before[ticket.id] = self._base.load(ticket.id)
            self._books[ticket.id] = book
        self._tickets[ticket.id] = ticket
        self._events[ticket.id] = (*self._events.get(ticket.id, ()), *decision.events)
        first = ticket.seq - len(decision.events) + 1
        self.happened.extend([Happening(ticket.id, event, seq) for seq, event in enumerate(decision.events, first)])
        for number, effect in enumerate(decision.effects):
            if isinstance(effect, Notice | Send):
                self._outbox.append(_outgoing(ticket, number, effect))

    def note(self, asked: Asked) -> None:
        """Keep a command in the audit trail; a refused one is something that happened."""
        self.audit.append(asked)
        if asked.denial is not None:
            self.happened.append(Happening(asked.ticket, asked))

    def keep(self, key: str, answer: KeptAnswer) -> None:
        """Keep an answer under its key."""
        self._answers[key] = answer

    def turn(self, turn: Turn) -> None:
        """Let a schedule come on to its next moment."""
        self._turns.append(turn)

    def to_commit(self, listing_of: Callable[[Ticket], Listing] | None = None) -> Commit:
        """Everything that is to be written; where queues are kept, with what they show of each ticket."""
        changes = [
            Change(
                book=self._books[name],
                ticket=ticket,
                events=self._events[name],
                before=self._before[name],
                listing=listing_of(ticket) if listing_of is not None else UNLISTED,
            )
            for name, ticket in self._tickets.items()
        ]
        return Commit(
            changes=tuple(changes),
            outbox=tuple(self._outbox),
            audit=tuple(self.audit),
            answers=self._answers,
            numbers=self._numbers,
            turns=tuple(self._turns),
            read={name: seq for name, seq in self._read.items() if name not in self._tickets},
            watched=frozenset(self._watched),
        )

    @property
    def watched(self) -> frozenset[tuple[str, str]]:
        """The workflows (rulebook, workflow) in which tickets were searched or counted."""
        return frozenset(self._watched)

    def changed(self, ticket: str) -> bool:
        """Whether the ticket has been changed in this transaction."""
        return ticket in self._tickets or (isinstance(self._base, Work) and self._base.changed(ticket))

    # --- what is asked of it, as of a store ---------------------------------------------------------------------

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as this step sees it, or None."""
        found = self._tickets.get(ticket)
        if found is not None:
            return found
        found = self._base.load(ticket)
        if found is not None:
            self._read[ticket] = found.seq
        return found

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under a key, in this transaction or before."""
        return self._answers.get(key) or self._base.answer(key)

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets by workflow, state and fields, in opening order; those of this step as it leaves them."""
        self._watched.add((book, workflow))
        kept = self._base.select(book, workflow, states, same)
        if not self._tickets:
            return kept
        mine = {t.id: t for t in self._mine(book) if _fits(t, workflow, states, same)}
        found = [mine.pop(t.id) if t.id in mine else t for t in kept if t.id in mine or t.id not in self._tickets]
        fitting = (*found, *mine.values())
        if all(self._before[name] is None for name in mine):
            return fitting
        named = {ticket.id: ticket for ticket in fitting}  # among them some that did not fit before
        return tuple(named[name] for name in self.in_opening_order(named))

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        wanted = set(tickets)
        opened = [name for name, before in self._before.items() if before is None and name in wanted]
        return (*self._base.in_opening_order(wanted.difference(opened)), *opened)

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets about the same thing, the one opened last first."""
        if self._tickets:
            found = reversed(self.select(book, workflow, None, same))
            return tuple(Lookalike(id=t.id, state=t.state, changed_at=t.changed_at) for t in found)
        self._watched.add((book, workflow))
        return self._base.lookalikes(book, workflow, same)

    def last_number(self, series: str) -> int:
        """The last number of a series, those of this step included."""
        return self._numbers.get(series) or self._base.last_number(series)

    def _mine(self, book: str) -> list[Ticket]:
        return [ticket for name, ticket in self._tickets.items() if self._books[name] == book]


class World:
    """The kernel's `Facts`: the people, and the tickets of one rulebook as a work sees them.

    `numbers` are the record numbers that were given while it was asked; they count once a ticket has one of them.
    """

    __slots__ = ("_book", "_directory", "_work", "numbers")

    def __init__(self, work: Work, directory: Directory, book: str) -> None:
        self._work = work
        self._directory = directory
        self._book = book
        self.numbers: dict[str, int] = {}

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles a person holds."""
        return self._directory.roles_of(person, at)

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """The members of a role who are on duty."""
        return self._directory.members_of(role, at)

    def skill_of(self, person: str, skill: str) -> int:
        """The level of a member's skill."""
        return self._directory.skill_of(person, skill)

    def find(self, ticket: str) -> Ticket | None:
        """Another ticket as it stands in this transaction."""
        return self._work.load(ticket)

    def select(self, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> tuple[Ticket, ...]:
        """Tickets by workflow, state and fields, in opening order."""
        return self._work.select(self._book, workflow, states, same)

    def lookalikes(self, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets about the same thing, newest first."""
        return self._work.lookalikes(self._book, workflow, same)

    def next_number(self, series: str) -> int:
        """The next record number of a series; taken for good only when the step is written."""
        key = f"{self._book}/{series}"
        number = (self.numbers.get(key) or self._work.last_number(key)) + 1
        self.numbers[key] = number
        return number


def _outgoing(ticket: Ticket, number: int, effect: Notice | Send) -> Outgoing:
    due_at = None
    if isinstance(effect, Notice):
        runs = (*ticket.clocks, *ticket.past_clocks)
        due_at = next((r.due_at or r.nominal_due_at for r in runs if (r.sla, r.run) == (effect.sla, effect.run)), None)
    return Outgoing(
        id=f"{ticket.id}:{ticket.seq}:{number}",
        ticket=ticket.id,
        workflow=ticket.workflow,
        rules=ticket.rules,
        notice=effect,
        due_at=due_at,
    )


def _fits(ticket: Ticket, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> bool:
    if ticket.workflow != workflow or (states is not None and ticket.state not in states):
        return False
    fields = ticket.fields
    for name, value in same.items():  # noqa: SIM110  # asked for each pair of rows of a batch: `all` takes three times as long
        if fields.get(name) != value:
            return False
    return True
