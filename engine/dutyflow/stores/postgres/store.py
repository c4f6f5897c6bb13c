"""The PostgreSQL store: any number of processes and threads, each commit one statement."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg

from dutyflow.errors import MisuseError
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.host import Clock
from dutyflow.ports.outbox import Claimed, Delivery, Waiting
from dutyflow.ports.queue import Chain, Count, Page, Query, Recorded
from dutyflow.ports.records import Asked, Commit, KeptAnswer, Publication
from dutyflow.runtime.clocks import SystemClock
from dutyflow.stores.encoded import (
    asked_of,
    decode_event,
    decode_ticket,
    maybe_moment,
    micros,
)
from dutyflow.stores.finding import find_sql, page_of
from dutyflow.stores.kept_rows import (
    claimed_of,
    counts_of,
    delivery_rows,
    dues_of,
    publications_of,
    turns_of,
    waiting_of,
)
from dutyflow.stores.postgres.connections import Connection, Connections, translated
from dutyflow.stores.postgres.keeping import SQL, FiledFields, workflow_locks
from dutyflow.stores.postgres.publishing import publish, read_filed_fields
from dutyflow.stores.postgres.schema import check_schema
from dutyflow.stores.postgres.transaction import PostgresTransaction, Watching

R = TypeVar("R")

PAGE = 500
"""Tickets that are read at a time where all are wanted."""

_BEGIN = "BEGIN"
# Whoever verifies takes as long as it takes.
_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL idle_in_transaction_session_timeout = 0"
_POSITION = re.compile(r"(\d{1,18})\.(\d{1,18})")


class PostgresStore:
    """A `SharedStore` in a PostgreSQL database. `clock` measures leases; `pool_max` is how many connections it opens.

    Raises `SchemaError` if the tables of the database do not fit; see `upgrade_postgres`.
    """

    def __init__(self, url: str, *, pool_max: int = 10, clock: Clock | None = None) -> None:
        self._connections = Connections(url, pool_max)
        self._place = self._connections.place
        self._clock = clock or SystemClock()
        self._fields: FiledFields = {}
        with translated(self._place), self._connections.alone() as connection:
            check_schema(connection, self._place)

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    # --- transactions -------------------------------------------------------------------------------------------

    @contextmanager
    def begin(
        self, *, tickets: Iterable[str] = (), keys: Iterable[str] = (), watching: Watching = frozenset()
    ) -> Iterator[PostgresTransaction]:
        """A transaction. Nobody commits tickets of the workflows in `watching` until it ends."""
        named, asked = list(tickets), list(keys)

        def first(connection: Connection) -> tuple[Connection, PostgresTransaction]:
            if watching:
                _watch(connection, watching)
            return connection, self._begun(connection, named, asked, watching)

        with self._opened(first) as (_, transaction):
            try:
                yield transaction
            finally:
                transaction.end()

    def _begun(
        self, connection: Connection, tickets: list[str], keys: list[str], watching: Watching
    ) -> PostgresTransaction:
        rows = connection.execute(SQL["begin"], {"tickets": tickets, "keys": keys}).fetchall()
        filed = self._filed_fields(connection, next(row[2] for row in rows if row[0] == "fields"))
        transaction = PostgresTransaction(connection, self._place, filed=filed, watching=watching)
        answers = {row[1]: (row[4], row[11]) for row in rows if row[0] == "answer"}
        found = {row[1]: row[1:] for row in rows if row[0] == "ticket"}
        transaction.remember({ticket: found.get(ticket) for ticket in tickets}, {key: answers.get(key) for key in keys})
        return transaction

    def commit(self, commit: Commit) -> None:
        """Write everything of one transaction or nothing."""
        changed = [change.ticket.id for change in commit.changes]
        with self.begin(tickets=changed, watching=commit.watched) as transaction:
            transaction.commit(commit)

    def _filed_fields(self, connection: Connection, count: int) -> FiledFields:
        """The fields tickets are filed by; read again when somebody has added some."""
        fields = self._fields
        if sum(map(len, fields.values())) != count:
            fields = self._fields = read_filed_fields(connection)
        return fields

    # --- looking at tickets -------------------------------------------------------------------------------------

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        return self._read(lambda now: now.load(ticket))

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        return self._read(lambda now: now.select(book, workflow, states, same))

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        return self._read(lambda now: now.in_opening_order(tickets))

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        return self._read(lambda now: now.lookalikes(book, workflow, same))

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        return self._read(lambda now: now.last_number(series))

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        return self._read(lambda now: now.answer(key))

    def _read(self, question: Callable[[PostgresTransaction], R]) -> R:
        """The same questions as in a transaction, asked of what is committed."""
        return self._ask(lambda connection: question(self._begun(connection, [], [], frozenset())))

    def history(self, ticket: str) -> tuple[Event, ...]:
        """All events of a ticket in order; empty for an unknown one."""
        return tuple(decode_event(body) for (body,) in self._rows("history", ticket))

    def tickets(self) -> Iterable[Ticket]:
        """All tickets, in the order in which they were opened; read page by page, with nothing held in between."""
        rows = self._rows("tickets", 0, PAGE)
        while rows:
            yield from (decode_ticket(body) for _, body in rows)
            rows = self._rows("tickets", rows[-1][0], PAGE)

    def find(self, query: Query, *, limit: int, after: str | None = None) -> Page:
        """One page of a queue; `after` is the cursor of the page before."""
        return self._ask(lambda connection: self._find(connection, query, limit, after))

    def _find(self, connection: Connection, query: Query, limit: int, after: str | None) -> Page:
        fields = read_filed_fields(connection) if query.fields else {}
        filed = [(*place, name) for place, names in fields.items() for name in sorted(names)]
        sql, values = find_sql(query, limit, after, filed, lambda name: f"%({name})s")
        return page_of(connection.execute(sql, values), limit, query.order)

    def counts(self) -> tuple[Count, ...]:
        """How many tickets stand alike, kept in step with every commit."""
        return counts_of(self._rows("counts"))

    def recorded(self, after: str | None, *, limit: int) -> tuple[Recorded, ...]:
        """Events of all tickets in the order kept, after a position (None: from the first).

        An event appears once every transaction has ended that began to write before its own did.
        """
        rows = self._rows("recorded", *read_position(after), limit)
        return tuple(
            Recorded(position=f"{tx}.{no}", ticket=ticket, seq=seq, event=decode_event(body), hash=hash_)
            for tx, no, ticket, seq, body, hash_ in rows
        )

    def chains(self) -> Iterable[Chain]:
        """The kept bytes of every ticket, for verification: as they stood when the first of them was asked for."""
        with self._transaction(_SNAPSHOT) as connection, translated(self._place), connection.cursor("chains") as heads:
            heads.execute(SQL["chain_heads"])
            while found := heads.fetchmany(PAGE):
                yield from _chains(connection, found)

    def audit(self) -> Iterable[Asked]:
        """Every command that was asked, in order, refused ones included."""
        return tuple(asked_of(row) for row in self._rows("asked"))

    def asked(self, ticket: str) -> tuple[Asked, ...]:
        """Every command that was asked of one ticket, in order."""
        return tuple(asked_of(row) for row in self._rows("asked_of", ticket))

    # --- what is due --------------------------------------------------------------------------------------------

    def due(self, until: datetime, *, inclusive: bool, limit: int) -> tuple[tuple[datetime, str], ...]:
        """The next due moments before (or at) `until`, at most one a ticket, in the order (moment, ticket id)."""
        return dues_of(self._rows("due_first", micros(until) + inclusive, limit))

    def next_due_at(self) -> datetime | None:
        """The earliest moment at which something happens by itself to any ticket."""
        ((at,),) = self._rows("next_due")
        return maybe_moment(at)

    def claim_due(self, before: datetime, *, limit: int, lease: timedelta) -> tuple[tuple[datetime, str], ...]:
        """Due moments before `before`, the earliest first, that no other worker will be given until the lease ends."""
        return dues_of(self._claimed("claim_due", before, limit, self._clock.now(), lease))

    def schedules(self) -> Mapping[tuple[str, str], datetime | None]:
        """The next moment of each schedule (book, name) that has begun; None for one that has ended."""
        return turns_of(self._rows("turns"))

    # --- messages -----------------------------------------------------------------------------------------------

    def outbox(self) -> Iterable[Waiting]:
        """The notices that wait to be sent, in the order in which they were kept."""
        return self.messages("waiting", limit=-1)

    def messages(self, status: str | None = None, *, limit: int, after: int = 0) -> tuple[Waiting, ...]:
        """Kept messages by status, oldest first, after a number."""
        sql = SQL["messages"].format(status="" if status is None else "AND status = %s")
        chosen = () if status is None else (status,)
        values = (after, *chosen, None if limit < 0 else limit)
        rows = self._ask(lambda connection: connection.execute(sql, values).fetchall())
        return waiting_of(rows)

    def claim_messages(self, now: datetime, *, limit: int, lease: timedelta) -> tuple[Claimed, ...]:
        """Messages whose time has come, that no other worker will be given until the lease ends."""
        held_at = self._clock.now()
        return claimed_of(self._claimed("claim_messages", now, limit, held_at, lease), held_at + lease)

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Keep what became of claimed messages: delivered, to be tried again at a time, or given up."""
        rows = delivery_rows(deliveries)
        if rows:
            self._changed("settle_messages", [list(column) for column in zip(*rows, strict=True)])

    def retry_messages(self, ids: Iterable[str] | None, now: datetime) -> int:
        """Let dead messages (None: all of them) wait again from `now` on; how many there were."""
        return self._changed("retry_messages", {"now": micros(now), "ids": None if ids is None else list(ids)})

    def forget_messages(self, delivered_before: datetime) -> int:
        """Remove delivered messages that are older; how many there were."""
        return self._changed("forget_messages", [micros(delivered_before)])

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
        with self._transaction(_BEGIN) as connection, translated(self._place):
            new = publish(connection, book, version, bundle, at, filed=filed, zones=zones)
            connection.execute("COMMIT")
            return new

    def bundle(self, version: str) -> bytes | None:
        """The kept sources of a version; None for an unknown one."""
        rows = self._rows("bundle", version)
        return bytes(rows[0][0]) if rows else None

    def publications(self) -> tuple[Publication, ...]:
        """What was published when, the oldest first."""
        return publications_of(self._rows("publications"))

    def newest(self) -> Mapping[str, str]:
        """The newest version of each rulebook, by name."""
        return dict(self._rows("newest"))

    # --- inside -------------------------------------------------------------------------------------------------

    @contextmanager
    def _opened(self, first: Callable[[Connection], tuple[Connection, R]]) -> Iterator[tuple[Connection, R]]:
        """A connection and what was first asked of it; whoever does not commit in the end has written nothing."""
        with self._connections.opened(first) as (connection, result):
            try:
                yield connection, result
            finally:
                with suppress(psycopg.Error):  # where the connection is lost, the transaction has ended already
                    connection.rollback()

    @contextmanager
    def _transaction(self, beginning: str) -> Iterator[Connection]:
        with self._opened(lambda connection: (connection, connection.execute(beginning))) as (connection, _):
            yield connection

    def _ask(self, question: Callable[[Connection], R]) -> R:
        return self._connections.ask(question)

    def _rows(self, name: str, *values: Any) -> list[tuple[Any, ...]]:
        return self._ask(lambda connection: connection.execute(SQL[name], values).fetchall())

    def _claimed(
        self, name: str, before: datetime, limit: int, now: datetime, lease: timedelta
    ) -> list[tuple[Any, ...]]:
        """A claim may be asked twice: if the first answer was lost, what it held comes free when its lease ends."""
        values = {"before": micros(before), "now": micros(now), "until": micros(now + lease), "limit": limit}
        return self._ask(lambda connection: connection.execute(SQL[name], values).fetchall())

    def _changed(self, name: str, values: Sequence[Any] | Mapping[str, Any]) -> int:
        return self._ask(lambda connection: connection.execute(SQL[name], values).rowcount)


def _watch(connection: Connection, watching: Watching) -> None:
    """Begin to watch. What is read in later statements is everything that was committed before the locks were had."""
    connection.execute(_BEGIN)
    connection.execute(SQL["watch"], (workflow_locks(watching),))


def _chains(connection: Connection, heads: list[tuple[Any, ...]]) -> Iterator[Chain]:
    events: dict[str, list[tuple[int, bytes, str]]] = {ticket: [] for ticket, _, _ in heads}
    for ticket, seq, body, hash_ in connection.execute(SQL["chain"], (list(events),)):
        events[ticket].append((seq, body.encode(), hash_))
    for ticket, head, body in heads:
        yield Chain(ticket=ticket, head=head, body=body.encode(), events=tuple(events[ticket]))


def read_position(after: str | None) -> tuple[int, int]:
    """The transaction and the number that a position among all events stands for; `MisuseError` if it is none."""
    found = _POSITION.fullmatch("0.0" if after is None else after)
    if found is None:
        raise MisuseError(f"{after!r} is no position of an event.")
    return int(found[1]), int(found[2])
