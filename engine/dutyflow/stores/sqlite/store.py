"""The SQLite store: a transaction at a time on the writing connection, any number of readers beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dutyflow.errors import StoreError
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
    can_be_filed,
    decode_event,
    decode_ticket,
    filed_value,
    maybe_moment,
    micros,
)
from dutyflow.stores.finding import find_sql, page_of, recorded_after
from dutyflow.stores.kept_rows import (
    claimed_of,
    counts_of,
    delivery_rows,
    dues_of,
    publications_of,
    turns_of,
    waiting_of,
)
from dutyflow.stores.sqlite.connections import BUSY_SECONDS, Connections, translated
from dutyflow.stores.sqlite.schema import check_schema
from dutyflow.stores.sqlite.transaction import SQL, FiledFields, SqliteTransaction

Watching = frozenset[tuple[str, str]]


class SqliteStore:
    """A `SharedStore` in one file, which several processes may have open. `clock` measures leases.

    `busy_seconds` is how long it waits for others that write. Raises `SchemaError` if the tables of the file do not
    fit; see `upgrade_sqlite`.
    """

    def __init__(self, path: Path, *, clock: Clock | None = None, busy_seconds: float = BUSY_SECONDS) -> None:
        self._connections = Connections(path, busy_seconds)
        self._path = path
        self._clock = clock or SystemClock()
        self._filed: FiledFields = {}
        self._check()

    def _check(self) -> None:
        try:
            with self._connections.reading() as connection:
                check_schema(connection, self._path)
        except StoreError:
            self._connections.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    # --- transactions -------------------------------------------------------------------------------------------

    @contextmanager
    def begin(
        self, *, tickets: Collection[str] = (), keys: Collection[str] = (), watching: Watching = frozenset()
    ) -> Iterator[SqliteTransaction]:
        """A transaction. Nobody else writes to the file until it ends, so there is nothing to watch."""
        with self._connections.writing() as connection:
            transaction = SqliteTransaction(connection, lambda: self._filed_fields(connection), self._path)
            try:
                if len(tickets) > 1:
                    transaction.fetch(tickets, keys)
                yield transaction
            finally:
                transaction.end()

    def commit(self, commit: Commit) -> None:
        """Write everything of one transaction or nothing."""
        with self.begin() as transaction:
            transaction.commit(commit)

    def _filed_fields(self, connection: sqlite3.Connection) -> FiledFields:
        """The fields tickets are filed by; read again when another process has added some (none is ever removed)."""
        known = self._filed
        (count,) = connection.execute(SQL["filed_fields_count"]).fetchone()
        if count != sum(map(len, known.values())):
            found: dict[tuple[str, str], frozenset[str]] = {}
            for book, workflow, field in connection.execute(SQL["filed_fields"]):
                found[book, workflow] = found.get((book, workflow), frozenset()) | {field}
            known = self._filed = found
        return known

    # --- looking at tickets -------------------------------------------------------------------------------------

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        with self._reading() as reads:
            return reads.load(ticket)

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        with self._reading() as reads:
            return reads.select(book, workflow, states, same)

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        with self._reading() as reads:
            return reads.in_opening_order(tickets)

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        with self._reading() as reads:
            return reads.lookalikes(book, workflow, same)

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        with self._reading() as reads:
            return reads.last_number(series)

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        with self._reading() as reads:
            return reads.answer(key)

    @contextmanager
    def _reading(self) -> Iterator[SqliteTransaction]:
        """The same questions as in a transaction, asked of what is committed."""
        with self._connections.reading() as connection, translated(self._path):
            yield SqliteTransaction(connection, lambda: self._filed_fields(connection), self._path)

    def history(self, ticket: str) -> tuple[Event, ...]:
        """All events of a ticket in order; empty for an unknown one."""
        return tuple(decode_event(body) for (body,) in self._rows("history", ticket))

    def tickets(self) -> Iterable[Ticket]:
        """All tickets, in the order in which they were opened."""
        for (name,) in self._rows("ids"):
            ticket = self.load(name)
            if ticket is not None:
                yield ticket

    def find(self, query: Query, *, limit: int, after: str | None = None) -> Page:
        """One page of a queue; `after` is the cursor of the page before."""
        with self._connections.reading() as connection, translated(self._path):
            fields = self._filed_fields(connection)
            filed = [(*place, name) for place, names in fields.items() for name in sorted(names)]
            sql, values = find_sql(query, limit, after, filed, lambda name: f":{name}")
            return page_of(connection.execute(sql, values), limit, query.order)

    def counts(self) -> tuple[Count, ...]:
        """How many tickets stand alike, kept in step with every commit."""
        return counts_of(self._rows("counts"))

    def recorded(self, after: str | None, *, limit: int) -> tuple[Recorded, ...]:
        """Events of all tickets in the order kept, after a position (None: from the first)."""
        rows = self._rows("recorded", recorded_after(after), limit)
        return tuple(
            Recorded(position=str(no), ticket=ticket, seq=seq, event=decode_event(body), hash=hash_)
            for no, ticket, seq, body, hash_ in rows
        )

    def chains(self) -> Iterable[Chain]:
        """The kept bytes of every ticket, for verification; each one as it stands when its turn comes."""
        for (ticket,) in self._rows("chain_ids"):
            yield self._chain(ticket)

    def _chain(self, ticket: str) -> Chain:
        with self._connections.reading() as connection, translated(self._path):
            connection.execute("BEGIN")  # a ticket and its events of one moment
            try:
                head, body = connection.execute(SQL["chain_head"], (ticket,)).fetchone() or ("", b"")
                events = connection.execute(SQL["chain"], (ticket,)).fetchall()
            finally:
                connection.execute("ROLLBACK")
        kept = tuple((seq, _bytes(event), hash_) for seq, event, hash_ in events)
        return Chain(ticket=ticket, head=head, body=_bytes(body), events=kept)

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
        now = self._clock.now()
        until = micros(now + lease)
        with self._connections.writing() as connection:
            rows = connection.execute(SQL["claimable_due"], (micros(before), micros(now), limit)).fetchall()
            connection.executemany(SQL["lease_due"], [(until, ticket) for _, ticket in rows])
            connection.execute("COMMIT")
        return dues_of(rows)

    def schedules(self) -> Mapping[tuple[str, str], datetime | None]:
        """The next moment of each schedule (book, name) that has begun; None for one that has ended."""
        return turns_of(self._rows("turns"))

    # --- messages -----------------------------------------------------------------------------------------------

    def outbox(self) -> Iterable[Waiting]:
        """The notices that wait to be sent, in the order in which they were kept."""
        return self.messages("waiting", limit=-1)

    def messages(self, status: str | None = None, *, limit: int, after: int = 0) -> tuple[Waiting, ...]:
        """Kept messages by status, oldest first, after a number."""
        chosen = "" if status is None else "AND status = ?"
        values = (after, limit) if status is None else (after, status, limit)
        with self._connections.reading() as connection, translated(self._path):
            rows = connection.execute(SQL["messages"].format(status=chosen), values).fetchall()
        return waiting_of(rows)

    def claim_messages(self, now: datetime, *, limit: int, lease: timedelta) -> tuple[Claimed, ...]:
        """Messages whose time has come, that no other worker will be given until the lease ends."""
        held_at = self._clock.now()
        until = held_at + lease
        with self._connections.writing() as connection:
            rows = connection.execute(SQL["claimable_messages"], (micros(now), micros(held_at), limit)).fetchall()
            connection.executemany(SQL["lease_message"], [(micros(until), row[2]) for row in rows])
            connection.execute("COMMIT")
        return claimed_of(rows, until)

    def settle(self, deliveries: Iterable[Delivery]) -> None:
        """Keep what became of claimed messages: delivered, to be tried again at a time, or given up."""
        rows = delivery_rows(deliveries)
        with self._connections.writing() as connection:
            connection.executemany(SQL["settle_message"], rows)
            connection.execute("COMMIT")

    def retry_messages(self, ids: Iterable[str] | None, now: datetime) -> int:
        """Let dead messages (None: all of them) wait again from `now` on; how many there were."""
        if ids is None:
            return self._changed("retry_all_messages", micros(now))
        return self._changed("retry_messages", micros(now), json.dumps(list(ids)))

    def forget_messages(self, delivered_before: datetime) -> int:
        """Remove delivered messages that are older; how many there were."""
        return self._changed("forget_messages", micros(delivered_before))

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
        with self._connections.writing() as connection:
            newest = dict(connection.execute(SQL["newest"]).fetchall()).get(book)
            kept = connection.execute(SQL["bundle"], (version,)).fetchone()
            is_new = newest != version or kept is None or _bytes(kept[0]) != bundle
            if is_new:
                connection.execute(SQL["add_rulebook"], (version, book, bundle))
                connection.execute(SQL["add_publication"], (book, version, micros(at), zones))
            known = self._filed_fields(connection)
            for workflow, fields in filed.items():
                _file_by(connection, book, workflow, fields - known.get((book, workflow), frozenset()))
            connection.execute("COMMIT")
        return is_new

    def bundle(self, version: str) -> bytes | None:
        """The kept sources of a version; None for an unknown one."""
        rows = self._rows("bundle", version)
        return _bytes(rows[0][0]) if rows else None

    def publications(self) -> tuple[Publication, ...]:
        """What was published when, the oldest first."""
        return publications_of(self._rows("publications"))

    def newest(self) -> Mapping[str, str]:
        """The newest version of each rulebook, by name."""
        return dict(self._rows("newest"))

    # --- inside -------------------------------------------------------------------------------------------------

    def _rows(self, name: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._connections.reading() as connection, translated(self._path):
            return connection.execute(SQL[name], values).fetchall()

    def _changed(self, name: str, *values: Any) -> int:
        with self._connections.writing() as connection:
            changed = connection.execute(SQL[name], values).rowcount
            connection.execute("COMMIT")
        return changed


def _file_by(connection: sqlite3.Connection, book: str, workflow: str, fields: frozenset[str]) -> None:
    """File the tickets that are there by fields that no version has asked for before."""
    if fields:
        connection.executemany(SQL["add_filed_field"], [(book, workflow, field) for field in sorted(fields)])
        connection.executemany(SQL["file_ticket"], _filings(connection, book, workflow, fields))


def _filings(
    connection: sqlite3.Connection, book: str, workflow: str, fields: frozenset[str]
) -> Iterator[tuple[str, ...]]:
    for ticket, body in connection.execute(SQL["bodies"], (book, workflow)):
        values = decode_ticket(body).fields
        for name in fields:
            if can_be_filed(values.get(name)):
                yield book, workflow, name, filed_value(values[name]), ticket


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body
