"""What a runner keeps and gives back: answers, what happened, commands as they were asked, notices to send.

Every command makes several of them. They are structs like the kernel's: those cost a tenth of a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from dutyflow.kernel.denials import Denial
from dutyflow.kernel.effects import Notice, Send
from dutyflow.kernel.events import Event
from dutyflow.kernel.ticket import Ticket


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A command that somebody gave and how it was answered; denied ones are kept too (DOMAIN.md M75).

    `ticket` is None for an opening that was refused. What the command brought is not kept here: it may be private.
    """

    at: datetime
    ticket: str | None
    workflow: str
    actor: str
    event: str
    reason: str | None = None
    denial: Denial | None = None


class Happening(msgspec.Struct, frozen=True):
    """One thing that happened to one ticket, in the order of happening: an event, or a command that was refused.

    `seq` is the number of an event in the history of its ticket.
    """

    ticket: str | None
    what: Event | Asked
    seq: int = 0

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.what.at


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner says to a command: the ticket it concerns, what happened to all tickets, or why nothing did.

    After a denial `happened` holds the refusal, and the entry that a duplicate left on the other ticket.
    """

    ticket: str | None
    happened: tuple[Happening, ...] = ()
    denial: Denial | None = None

    @property
    def accepted(self) -> bool:
        """Whether the command went through."""
        return self.denial is None


class BadRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with one row of a batch, by its number from 1 and the key that it has.

    `why` is `missing_key`, `repeated_key` (`first` is the row that has the key first) or the code of the `denial`.
    """

    number: int
    key: str
    why: str
    first: int | None = None
    denial: Denial | None = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner says to a batch: the ticket of each row in order, or every bad row; then nothing was opened."""

    tickets: tuple[str, ...] = ()
    happened: tuple[Happening, ...] = ()
    bad: tuple[BadRow, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether all tickets were opened."""
        return not self.bad


class KeptAnswer(msgspec.Struct, frozen=True):
    """An answer under its idempotency key; `fingerprint` tells whether a second command is the same one."""

    fingerprint: str
    answer: Answer | BatchAnswer


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """A notice or message that waits to be sent; `id` is the same however often it is delivered.

    `rules` is the version of the rulebook that knows its words, `due_at` the due time that an alarm speaks of.
    """

    id: str
    ticket: str
    workflow: str
    rules: str
    notice: Notice | Send
    due_at: datetime | None = None


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """How a ticket appears in lists: what a queue is filtered and sorted by, beside what the ticket itself says.

    `due_at` is the earliest due time of its running clocks, `breached` how many of its clocks were ever breached,
    `closed` whether its state is final, `text` what a search by words looks at.
    """

    department: str | None = None
    due_at: datetime | None = None
    breached: int = 0
    closed: bool = False
    number: str | None = None
    text: str = ""


UNLISTED = Listing()
"""Where nobody keeps queues."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one commit does to one ticket: its new state, its new events, and how it stood `before` (None: new).

    `book` is the name of its rulebook; the `listing` is there where somebody keeps queues.
    """

    book: str
    ticket: Ticket
    events: tuple[Event, ...]
    before: Ticket | None = None
    listing: Listing = UNLISTED


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A schedule comes on: the moment it stood at (None: it is new) and its next one (None: it has ended)."""

    book: str
    name: str
    at: datetime | None
    next_at: datetime | None


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one transaction writes, all or nothing.

    `answers` are kept under their keys. `read` are tickets that were looked at and not changed, by the `seq` that they
    must still have; `watched` the workflows (rulebook, workflow) in which tickets were searched or counted.
    """

    changes: tuple[Change, ...] = ()
    outbox: tuple[Outgoing, ...] = ()
    audit: tuple[Asked, ...] = ()
    answers: Mapping[str, KeptAnswer] = {}
    numbers: Mapping[str, int] = {}
    turns: tuple[Turn, ...] = ()
    read: Mapping[str, int] = {}
    watched: frozenset[tuple[str, str]] = frozenset()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.changes or self.outbox or self.audit or self.answers or self.numbers or self.turns)


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a rulebook became the newest of its name. `zones` is the time zone data it was published with."""

    book: str
    version: str
    at: datetime
    zones: str = ""
