"""What a transaction can be asked to do: one command, a population of rows, timers that have come due."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dutyflow.errors import MisuseError, RunawayError, StoreError, UnknownTicketError
from dutyflow.kernel.commands import Open, Request, Tick, name_of
from dutyflow.kernel.rules import Rules
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Answer, BatchAnswer, Happening, KeptAnswer
from dutyflow.ports.store import Transaction
from dutyflow.runtime.answering import answer, kept_answer, target_of
from dutyflow.runtime.batch import Batch, fingerprint_of_rows, open_rows
from dutyflow.runtime.step import Step, Versions
from dutyflow.runtime.work import Work

HAPPENED_MAX = 1_000
"""After so many events a job ends its transaction; timers that are still due are left to the next one."""

_log = logging.getLogger(__name__)

Result = Answer | BatchAnswer | tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """What a job works with: the transaction, the work it adds to, the rulebooks, and the present moment."""

    transaction: Transaction
    work: Work
    versions: Versions
    now: datetime


class Job(Protocol):
    """One thing to do within a transaction. It may be done again from the start when the transaction fails."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The tickets that it will certainly read."""
        ...

    @property
    def key(self) -> str | None:
        """The key under which it is answered once."""
        ...

    @property
    def kind(self) -> tuple[str, ...]:
        """What jobs of this kind have in common: they search the same tickets."""
        ...

    def perform(self, room: Room) -> Result:
        """Do it; `room.work` then holds what is to be written."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandJob:
    """A command. `rules` is the version a ticket is opened under; `at` None means now.

    Without `at`, a command never comes before the last event of its ticket: a clock that was set back cannot refuse it.
    """

    command: Request
    ticket: str | None
    rules: Rules | None
    at: datetime | None
    key: str | None = None
    same: str = ""
    """The command's fingerprint, where there is a key."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The ticket that is asked."""
        return (target_of(self.command, self.ticket),)

    @property
    def kind(self) -> tuple[str, ...]:
        """The event, and where a ticket is opened its workflow."""
        return (self.command.workflow if isinstance(self.command, Open) else "", name_of(self.command))

    def perform(self, room: Room) -> Answer:
        """Let time pass for the ticket, then answer."""
        kept = kept_answer(room.work, self.key, self.same)
        if isinstance(kept, Answer):
            return kept
        target = target_of(self.command, self.ticket)
        known = room.work.load(target)
        at, rules = self.at or room.now, self.rules
        if known is not None:
            rules = rules or room.versions.rules_of(known)
            if self.at is None and known.changed_at > at:
                at = known.changed_at
            catch_up(room, target, at)
        if rules is None:
            raise UnknownTicketError(f"No ticket has the id {target!r}.")
        given = answer(room.versions, rules, room.work, self.command, target, at)
        if self.key is not None:
            room.work.keep(self.key, KeptAnswer(self.same, given))
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsJob:
    """A ticket for each row, or none."""

    batch: Batch
    ids: Callable[[int], str]
    rules: Rules
    at: datetime | None
    key: str | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """Nothing that is there already."""
        return ()

    @property
    def kind(self) -> tuple[str, ...]:
        """The opening event of its workflow."""
        return (self.batch.workflow, self.batch.event)

    def perform(self, room: Room) -> BatchAnswer:
        """Open them all, or answer every bad row."""
        same = fingerprint_of_rows(self.batch)
        kept = kept_answer(room.work, self.key, same)
        if isinstance(kept, BatchAnswer):
            return kept
        given = open_rows(self.batch, self.ids, self.at or room.now, room.versions, self.rules, room.work)
        if self.key is not None:
            room.work.keep(self.key, KeptAnswer(same, given))
        return given


@dataclass(frozen=True, slots=True, kw_only=True)
class DueJob:
    """Timers that have come due: of these tickets, before `before`, each at its own moment, in order.

    Tickets that they touch are watched too: a timer that is set or moved to a moment before `before` fires in its turn.
    A ticket that cannot be carried on (its rulebook runs in a circle) is left as it is and told of in the log.
    """

    tickets: tuple[str, ...]
    before: datetime
    key: None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The tickets."""
        return self.tickets

    @property
    def kind(self) -> tuple[str, ...]:
        """Timers."""
        return ("",)

    def perform(self, room: Room) -> tuple[Happening, ...]:
        """Fire them; what happened."""
        whole = room.work.fork()
        waiting = [due for ticket in self.tickets if (due := _due(whole, ticket, self.before))]
        heapq.heapify(waiting)
        while waiting and len(whole.happened) < HAPPENED_MAX:
            at, ticket = heapq.heappop(waiting)
            if _due(whole, ticket, self.before) != (at, ticket):
                continue  # another ticket's timer has changed it; it stands in line with its new moment
            for touched in _touched(room, whole, ticket, at):
                due = _due(whole, touched, self.before)
                if due is not None:
                    heapq.heappush(waiting, due)
        room.work.join(whole)
        return tuple(whole.happened)


def catch_up(room: Room, ticket: str, at: datetime) -> None:
    """Fire what is due before `at` for a ticket, its parent and its open children, in order.

    Other tickets are left to whoever fires what is due; those few decide about this one. A relative that cannot be
    carried on is left as it is, and told of in the log; the ticket itself has to go on.
    """
    stuck: set[str] = set()
    while (due := _first_due(room, ticket, at, stuck)) is not None:
        first_at, first = due
        if first == ticket:
            _tick(room, room.work, ticket, first_at)
        elif not _touched(room, room.work, first, first_at):
            stuck.add(first)


def _first_due(room: Room, ticket: str, before: datetime, stuck: Collection[str]) -> tuple[datetime, str] | None:
    """The first due moment of the family as it is now: a timer may have opened a child that has timers of its own."""
    family = _family(room.work.load(ticket))
    if not family:
        return _due(room.work, ticket, before)
    kept = {other for _, other in room.transaction.due_of((ticket, *family), before)}
    changed = {other for other in (ticket, *family) if room.work.changed(other)}
    going = (kept | changed).difference(stuck)
    return min((due for other in going if (due := _due(room.work, other, before))), default=None)


def _family(ticket: Ticket | None) -> tuple[str, ...]:
    if ticket is None:
        return ()
    children = tuple([child.id for child in ticket.children if child.open]) if ticket.children else ()
    return children if ticket.parent is None else (ticket.parent, *children)


def _due(work: Work, ticket: str, before: datetime) -> tuple[datetime, str] | None:
    found = work.load(ticket)
    due_at = found.next_due_at if found is not None else None
    return (due_at, ticket) if due_at is not None and due_at < before else None


def _touched(room: Room, work: Work, ticket: str, at: datetime) -> tuple[str, ...]:
    """Fire a timer; the tickets that were changed by it, none if it cannot fire."""
    before = len(work.happened)
    try:
        _tick(room, work, ticket, at)
    except StoreError:
        raise
    except Exception:  # whatever is wrong with one ticket, the timers of all others go on
        _log.exception("timers of a ticket cannot fire", extra={"ticket": ticket})
        return ()
    return tuple({item.ticket for item in work.happened[before:] if item.ticket is not None})


def _tick(room: Room, work: Work, ticket: str, at: datetime) -> None:
    known = work.load(ticket)
    if known is None:
        raise UnknownTicketError(f"No ticket has the id {ticket!r}.")
    step = Step(room.versions, room.versions.rules_of(known), work.fork())
    denial = step.perform(ticket, Tick(), at)
    if denial is not None or not step.work.happened:
        raise RunawayError(ticket, denial.event if denial is not None else "Tick")
    work.join(step.work)


def in_order(jobs: Iterable[Job]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tickets and the keys that jobs will read, each once."""
    tickets: dict[str, None] = {}
    keys: dict[str, None] = {}
    for job in jobs:
        tickets.update(dict.fromkeys(job.reads))
        if job.key is not None:
            keys[job.key] = None
    return tuple(tickets), tuple(keys)


def checked_time(at: datetime | None, now: datetime, skew_seconds: int) -> datetime | None:
    """When something happened, in whole seconds; what lies a little ahead of our own clock counts as now.

    `MisuseError` for a moment that has not come yet: timers would fire before their time.
    """
    if at is None or at <= now:
        return at.replace(microsecond=0) if at is not None else None
    if (at - now).total_seconds() > skew_seconds:
        raise MisuseError(f"{at.isoformat()} has not come yet: it is {now.isoformat()}.")
    return now
