"""Where tickets are kept: what a step reads, the one write that follows, and what workers and queues ask.

Every store passes the same contract tests (`tests/stores`). A name of a rulebook is a `book`; workflows of different
rulebooks may have the same name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Protocol

from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.outbox import Claimed, Delivery, Waiting
from dutyflow.ports.queue import Chain, Count, Page, Query, Recorded
from dutyflow.ports.records import Asked, Commit, KeptAnswer, Publication


class Reads(Protocol):
    """What a step may ask about what is kept."""

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        ...

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        ...

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        ...

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        ...

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        ...

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        ...


class TicketStore(Reads, Protocol):
    """What one runner needs that has the store for itself: see `LocalRunner`."""

    def history(self, ticket: str) -> tuple[Event, ...]:
        """All events of a ticket in order; empty for an unknown one."""
        ...

    def tickets(self) -> Iterable[Ticket]:
        """All tickets, in the order in which they were opened."""
        ...

    def due(self, until: datetime, *, inclusive: bool, limit: int) -> tuple[tuple[datetime, str], ...]:
        """The next due moments before (or at) `until`, at most one a ticket, in the order (moment, ticket id)."""
        ...

    def next_due_at(self) -> datetime | None:
        """The earliest moment at which something happens by itself to any ticket."""
        ...

    def commit(self, commit: Commit) -> None:
        """Write everything of one transaction or nothing.

        `ConflictError` if a ticket, a number or a schedule moved on meanwhile, or a key was answered already.
        """
        ...

    def audit(self) -> Iterable[Asked]:
        """Every command that was asked, in order, refused ones included."""
        ...

    def outbox(self) -> Iterable[Waiting]:
        """The notices that wait to be sent, in the order in which they were kept."""
        ...


class Transaction(Reads, Protocol):
    """Reads that see one state of the store, and the one write that is only valid if that state still holds."""

    def due_of(self, tickets: Iterable[str], before: datetime) -> tuple[tuple[datetime, str], ...]:
        """The due moments of these tickets that lie before `before`, in the order (moment, ticket id)."""
        ...

    def commit(self, commit: Commit) -> None:
        """Write everything or nothing; see `TicketStore.commit`.

        Raises `MustWatchError` where tickets were searched that others may change at this moment: begin again and name
        `commit.watched`. At most one commit a transaction.
        """
        ...


class SharedStore(TicketStore, Protocol):
    """What an engine needs that shares the store with other processes. Threads may share it.

    Every method raises `UnavailableError` when the store cannot be reached, is locked too long, full or read-only.
    """

    def begin(
        self,
        *,
        tickets: Collection[str] = (),
        keys: Collection[str] = (),
        watching: frozenset[tuple[str, str]] = frozenset(),
    ) -> AbstractContextManager[Transaction]:
        """A transaction. `tickets` and `keys` are those it will certainly read (they may be fetched at once).

        Nobody changes tickets of the workflows in `watching` until it ends. Without a commit nothing is written.
        """
        ...

    # --- looking ------------------------------------------------------------------------------------------------

    def find(self, query: Query, *, limit: int, after: str | None = None) -> Page:
        """One page of a queue; `after` is the cursor of the page before. `MisuseError` for a cursor of another kind."""
        ...

    def counts(self) -> tuple[Count, ...]:
        """How many tickets stand alike, kept in step with every commit."""
        ...

    def recorded(self, after: str | None, *, limit: int) -> tuple[Recorded, ...]:
        """Events of all tickets in the order kept, after a position (None: from the first).

        An event that appears later never has a position before one that was returned already.
        """
        ...

    def chains(self) -> Iterable[Chain]:
        """The kept bytes of every ticket, for verification."""
        ...

    def asked(self, ticket: str) -> tuple[Asked, ...]:
        """Every command that was asked of one ticket, in order."""
        ...

    # --- workers ------------------------------------------------------------------------------------------------

    def claim_due(self, before: datetime, *, limit: int, lease: timedelta) -> tuple[tuple[datetime, str], ...]:
        """Due moments before `before`, the earliest first, that no other worker will be given until the lease ends.

        A commit that moves the due moment ends the lease.
        """
        ...

    def claim_messages(self, now: datetime, *, limit: int, lease: timedelta) -> tuple[Claimed, ...]:
        """Messages whose time has come, that no other worker will be given until the lease ends."""
        ...

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Keep what became of claimed messages: delivered, to be tried again at a time, or given up."""
        ...

    def messages(self, status: str | None = None, *, limit: int, after: int = 0) -> tuple[Waiting, ...]:
        """Kept messages by status (`waiting`, `delivered`, `dead`), oldest first, after a number."""
        ...

    def retry_messages(self, ids: Iterable[str] | None, now: datetime) -> int:
        """Let dead messages (None: all of them) wait again from `now` on; how many there were."""
        ...

    def forget_messages(self, delivered_before: datetime) -> int:
        """Remove delivered messages that are older; how many there were."""
        ...

    def schedules(self) -> Mapping[tuple[str, str], datetime | None]:
        """The next moment of each schedule (book, name) that has begun; None for one that has ended."""
        ...

    # --- rulebooks ----------------------------------------------------------------------------------------------

    def publish(
        self,
        book: str,
        version: str,
        bundle: bytes,
        at: datetime,
        *,
        filed: Mapping[str, frozenset[str]],
        zones: str = "",
    ) -> bool:
        """Keep a version of a rulebook and make it the newest of its name; False if it is that already, word for word.

        A version that is kept already may come with other words (titles and texts are not in its hash). `filed` are
        the fields of each workflow by which `select` and `lookalikes` must find tickets quickly, those that are kept
        already included. `zones` says which time zone data the publisher works with.
        """
        ...

    def publications(self) -> tuple[Publication, ...]:
        """What was published when, the oldest first."""
        ...

    def bundle(self, version: str) -> bytes | None:
        """The kept sources of a version; None for an unknown one."""
        ...

    def newest(self) -> Mapping[str, str]:
        """The newest version of each rulebook, by name."""
        ...

    # --- the store itself ---------------------------------------------------------------------------------------

    def close(self) -> None:
        """Give everything back; using the store afterwards is a `MisuseError`."""
        ...
