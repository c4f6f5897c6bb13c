"""A store in memory that threads may share: what databases do, in plain dictionaries, gone with the process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import RLock
from typing import Any

from dutyflow.errors import MisuseError
from dutyflow.kernel.encoding import canonical
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.history import seal
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Clock
from dutyflow.ports.outbox import Claimed, Delivery, Waiting
from dutyflow.ports.queue import Chain, Count, Page, Query, Recorded
from dutyflow.ports.records import Asked, Change, Commit, KeptAnswer, Publication
from dutyflow.runtime.clocks import SystemClock
from dutyflow.stores.encoded import event_rows
from dutyflow.stores.finding import recorded_after
from dutyflow.stores.memory import MemoryStore
from dutyflow.stores.memory_messages import Messages
from dutyflow.stores.memory_queues import Queues

Watching = frozenset[tuple[str, str]]


class SharedMemoryStore:
    """A `SharedStore` in memory: everything waits for one lock. `clock` measures leases."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = RLock()
        self._is_closed = False
        self._has_begun = False
        self._kept = MemoryStore()
        self._recorded: list[Recorded] = []
        self._heads: dict[str, str] = {}
        self._due_held: dict[str, datetime] = {}
        self._queues = Queues()
        self._messages = Messages()
        self._bundles: dict[str, bytes] = {}
        self._newest: dict[str, str] = {}
        self._publications: list[Publication] = []
        self._filed: dict[tuple[str, str], frozenset[str]] = {}

    def close(self) -> None:
        """Nobody may use it any more."""
        with self._lock:
            self._is_closed = True

    @contextmanager
    def _reading(self) -> Iterator[MemoryStore]:
        with self._lock:
            if self._is_closed:
                raise MisuseError("The store has been closed.")
            yield self._kept

    @contextmanager
    def _writing(self) -> Iterator[MemoryStore]:
        with self._reading() as kept:
            if self._has_begun:
                raise MisuseError("This thread has begun a transaction already: end it first.")
            self._has_begun = True
            try:
                yield kept
            finally:
                self._has_begun = False

    # --- transactions -------------------------------------------------------------------------------------------

    @contextmanager
    def begin(
        self, *, tickets: Iterable[str] = (), keys: Iterable[str] = (), watching: Watching = frozenset()
    ) -> Iterator[MemoryTransaction]:
        """A transaction. All others wait until it ends, so there is nothing to watch."""
        with self._writing() as kept:
            transaction = MemoryTransaction(kept, self._write)
            try:
                yield transaction
            finally:
                transaction.end()

    def commit(self, commit: Commit) -> None:
        """Write everything of one transaction or nothing."""
        with self._writing():
            self._write(commit)

    def _write(self, commit: Commit) -> None:
        self._kept.commit(commit)  # refuses, or has written its part
        for change in commit.changes:
            self._record(change)
            self._queues.put(change)
            if change.before is None or change.before.next_due_at != change.ticket.next_due_at:
                self._due_held.pop(change.ticket.id, None)
        for outgoing in commit.outbox:
            self._messages.add(outgoing)

    def _record(self, change: Change) -> None:
        rows = event_rows(change, self._heads.get(change.ticket.id))
        for event, (ticket, seq, _, hash_) in zip(change.events, rows, strict=True):
            position = str(len(self._recorded) + 1)
            self._recorded.append(Recorded(position=position, ticket=ticket, seq=seq, event=event, hash=hash_))
            self._heads[ticket] = hash_

    # --- looking at tickets -------------------------------------------------------------------------------------

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        with self._reading() as kept:
            return kept.load(ticket)

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        with self._reading() as kept:
            return kept.select(book, workflow, states, same)

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        with self._reading() as kept:
            return kept.in_opening_order(tickets)

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        with self._reading() as kept:
            return kept.lookalikes(book, workflow, same)

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        with self._reading() as kept:
            return kept.last_number(series)

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        with self._reading() as kept:
            return kept.answer(key)

    def history(self, ticket: str) -> tuple[Event, ...]:
        """All events of a ticket in order; empty for an unknown one."""
        with self._reading() as kept:
            return kept.history(ticket)

    def tickets(self) -> Iterable[Ticket]:
        """All tickets, in the order in which they were opened."""
        with self._reading() as kept:
            return kept.tickets()

    def find(self, query: Query, *, limit: int, after: str | None = None) -> Page:
        """One page of a queue; `after` is the cursor of the page before."""
        with self._reading():
            return self._queues.find(query, self._filed, limit=limit, after=after)

    def counts(self) -> tuple[Count, ...]:
        """How many tickets stand alike."""
        with self._reading():
            return self._queues.counts()

    def recorded(self, after: str | None, *, limit: int) -> tuple[Recorded, ...]:
        """Events of all tickets in the order kept, after a position (None: from the first)."""
        start = recorded_after(after)
        with self._reading():
            return tuple(self._recorded[start : start + limit])

    def chains(self) -> Iterable[Chain]:
        """What a database would have kept of every ticket."""
        with self._reading() as kept:
            return tuple(_chain(ticket, kept.history(ticket.id)) for ticket in kept.tickets())

    def audit(self) -> Iterable[Asked]:
        """Every command that was asked, in order, refused ones included."""
        with self._reading() as kept:
            return kept.audit()

    def asked(self, ticket: str) -> tuple[Asked, ...]:
        """Every command that was asked of one ticket, in order."""
        with self._reading() as kept:
            return tuple(asked for asked in kept.audit() if asked.ticket == ticket)

    # --- what is due --------------------------------------------------------------------------------------------

    def due(self, until: datetime, *, inclusive: bool, limit: int) -> tuple[tuple[datetime, str], ...]:
        """The next due moments before (or at) `until`, at most one a ticket, in the order (moment, ticket id)."""
        with self._reading() as kept:
            return kept.due(until, inclusive=inclusive, limit=limit)

    def next_due_at(self) -> datetime | None:
        """The earliest moment at which something happens by itself to any ticket."""
        with self._reading() as kept:
            return kept.next_due_at()

    def claim_due(self, before: datetime, *, limit: int, lease: timedelta) -> tuple[tuple[datetime, str], ...]:
        """Due moments before `before`, the earliest first, that no other worker will be given until the lease ends."""
        now = self._clock.now()
        with self._writing() as kept:
            due = kept.due(before, inclusive=False, limit=sys.maxsize)
            free = [(at, ticket) for at, ticket in due if self._due_held.get(ticket, now) <= now][:limit]
            self._due_held |= {ticket: now + lease for _, ticket in free}
        return tuple(free)

    def schedules(self) -> Mapping[tuple[str, str], datetime | None]:
        """The next moment of each schedule (book, name) that has begun; None for one that has ended."""
        with self._reading() as kept:
            return kept.schedules()

    # --- messages -----------------------------------------------------------------------------------------------

    def outbox(self) -> Iterable[Waiting]:
        """The notices that wait to be sent, in the order in which they were kept."""
        with self._reading():
            return self._messages.of_status("waiting")

    def messages(self, status: str | None = None, *, limit: int, after: int = 0) -> tuple[Waiting, ...]:
        """Kept messages by status, oldest first, after a number."""
        with self._reading():
            return tuple(m for m in self._messages.of_status(status) if m.number > after)[:limit]

    def claim_messages(self, now: datetime, *, limit: int, lease: timedelta) -> tuple[Claimed, ...]:
        """Messages whose time has come, that no other worker will be given until the lease ends."""
        held_at = self._clock.now()
        with self._writing():
            return self._messages.claim(now, limit, now=held_at, held_until=held_at + lease)

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Keep what became of claimed messages: delivered, to be tried again at a time, or given up."""
        with self._writing():
            for delivery in deliveries:
                self._messages.settle(delivery)

    def retry_messages(self, ids: Iterable[str] | None, now: datetime) -> int:
        """Let dead messages (None: all of them) wait again from `now` on; how many there were."""
        with self._writing():
            return self._messages.retry(ids, now)

    def forget_messages(self, delivered_before: datetime) -> int:
        """Remove delivered messages that are older; how many there were."""
        with self._writing():
            return self._messages.forget(delivered_before)

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
        """Keep a version of a rulebook and make it the newest of its name; False if it is the newest already."""
        with self._writing():
            is_new = self._newest.get(book) != version or self._bundles.get(version) != bundle
            self._bundles[version] = bundle
            self._newest[book] = version
            if is_new:
                self._publications.append(Publication(book=book, version=version, at=at, zones=zones))
            for workflow, fields in filed.items():
                self._filed[book, workflow] = self._filed.get((book, workflow), frozenset()) | fields
        return is_new

    def bundle(self, version: str) -> bytes | None:
        """The kept sources of a version; None for an unknown one."""
        with self._reading():
            return self._bundles.get(version)

    def publications(self) -> tuple[Publication, ...]:
        """What was published when, the oldest first."""
        with self._reading():
            return tuple(self._publications)

    def newest(self) -> Mapping[str, str]:
        """The newest version of each rulebook, by name."""
        with self._reading():
            return dict(self._newest)


class MemoryTransaction:
    """Reads and one commit, while nobody else does anything. `write` keeps a commit or refuses it."""

    def __init__(self, kept: MemoryStore, write: Callable[[Commit], None]) -> None:
        self._kept = kept
        self._write = write
        self._over = False

    def end(self) -> None:
        """Nothing can be written any more."""
        self._over = True

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        return self._kept.load(ticket)

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        return self._kept.select(book, workflow, states, same)

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        return self._kept.in_opening_order(tickets)

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        return self._kept.lookalikes(book, workflow, same)

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        return self._kept.last_number(series)

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        return self._kept.answer(key)

    def due_of(self, tickets: Iterable[str], before: datetime) -> tuple[tuple[datetime, str], ...]:
        """The due moments of these tickets that lie before `before`, in the order (moment, ticket id)."""
        wanted = set(tickets)
        due = self._kept.due(before, inclusive=False, limit=sys.maxsize)
        return tuple((at, ticket) for at, ticket in due if ticket in wanted)

    def commit(self, commit: Commit) -> None:
        """Write everything or nothing; `ConflictError` if something is not as it was when it was read."""
        if self._over:
            raise MisuseError("A transaction is committed once, before it ends.")
        self._over = True
        self._write(commit)


def _chain(ticket: Ticket, events: tuple[Event, ...]) -> Chain:
    hashes = seal(events)
    kept = tuple((seq, canonical(event), hashes[seq - 1]) for seq, event in enumerate(events, start=1))
    return Chain(ticket=ticket.id, head=hashes[-1] if hashes else "", body=canonical(ticket), events=kept)
