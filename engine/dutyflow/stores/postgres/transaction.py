"""One PostgreSQL transaction: what a step reads, remembered, and the one statement that keeps what follows from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import RawCursor

from dutyflow.errors import ConflictError, MisuseError, MustWatchError, StoreError, UnavailableError
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Change, Commit, KeptAnswer
from dutyflow.stores.encoded import (
    Known,
    can_be_filed,
    decode_answer,
    decode_event,
    decode_ticket,
    filed_value,
    micros,
    moment,
)
from dutyflow.stores.postgres.connections import LOCKED, Connection, as_ours, translated
from dutyflow.stores.postgres.keeping import SQL, FiledFields, keeping

Watching = frozenset[tuple[str, str]]


class PostgresTransaction:
    """Reads and one commit on a connection.

    Without `watching` nothing is locked between reading and writing: the commit makes sure that what was read still
    holds. With it the connection is in a transaction that has locked those workflows.
    """

    def __init__(self, connection: Connection, place: str, *, filed: FiledFields, watching: Watching) -> None:
        self._sql = connection
        self._place = place
        self._filed = filed
        self._watching = watching
        self._rows: dict[str, tuple[Any, ...] | None] = {}
        self._answers: dict[str, tuple[str, str] | None] = {}
        self._tickets: dict[str, Ticket] = {}
        self._numbers: dict[str, int] = {}
        self._over = False

    def end(self) -> None:
        """Nothing can be written any more: the connection belongs to the next transaction."""
        self._over = True

    # --- reading ------------------------------------------------------------------------------------------------

    def remember(
        self, tickets: Mapping[str, tuple[Any, ...] | None], answers: Mapping[str, tuple[str, str] | None]
    ) -> None:
        """What was read at the beginning, and what was found missing."""
        self._rows.update(tickets)
        self._answers.update(answers)

    def fetch(self, tickets: Iterable[str]) -> None:
        """Read the tickets that have not been read yet."""
        missing = [ticket for ticket in dict.fromkeys(tickets) if ticket not in self._rows]
        if missing:
            found = {row[0]: row for row in self._read(SQL["load"], missing)}
            self._rows.update({ticket: found.get(ticket) for ticket in missing})

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        self.fetch((ticket,))
        row = self._rows[ticket]
        return self._decoded(row) if row is not None else None

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        sql, values = self._selection(book, workflow, states, same)
        rows = self._read(sql, *values)
        self._rows.update({row[0]: row for row in rows})
        found = (self._decoded(row) for row in rows)
        return tuple(ticket for ticket in found if all(ticket.fields.get(name) == same[name] for name in same))

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        asked = set(tickets)
        self.fetch(sorted(asked))
        rows = (row for ticket in asked if (row := self._rows[ticket]) is not None)
        return tuple(ticket for _, ticket in sorted((row[1], row[0]) for row in rows))

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        return tuple(
            Lookalike(id=ticket.id, state=ticket.state, changed_at=ticket.changed_at)
            for ticket in reversed(self.select(book, workflow, None, same))
        )

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        if series not in self._numbers:
            rows = self._read(SQL["last_number"], series)
            self._numbers[series] = int(rows[0][0]) if rows else 0
        return self._numbers[series]

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        if key not in self._answers:
            rows = self._read(SQL["answer"], key)
            self._answers[key] = (rows[0][0], rows[0][1]) if rows else None
        kept = self._answers[key]
        return decode_answer(*kept, self._events_of) if kept else None

    def due_of(self, tickets: Iterable[str], before: datetime) -> tuple[tuple[datetime, str], ...]:
        """The due moments of these tickets that lie before `before`, in the order (moment, ticket id)."""
        asked = set(tickets)
        self.fetch(sorted(asked))
        rows = (row for ticket in asked if (row := self._rows[ticket]) is not None)
        due = sorted((row[11], row[0]) for row in rows if row[11] is not None and row[11] < micros(before))
        return tuple((moment(at), ticket) for at, ticket in due)

    def _selection(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[str, list[Any]]:
        among = "AND t.state = ANY(%s::text[])" if states is not None else ""
        chosen = [sorted(states)] if states is not None else []
        known = self._filed.get((book, workflow), frozenset())
        field = next((name for name in same if name in known and can_be_filed(same[name])), None)
        if field is None:
            return SQL["select"].format(states=among), [book, workflow, *chosen]
        place = [book, workflow, field, filed_value(same[field])]
        return SQL["select_filed"].format(states=among), [*place, *chosen]

    def _events_of(self, ticket: str, first: int, last: int) -> Iterable[Event]:
        return (decode_event(body) for (body,) in self._read(SQL["history_part"], ticket, first, last))

    def _decoded(self, row: tuple[Any, ...]) -> Ticket:
        ticket = self._tickets.get(row[0])
        if ticket is None or ticket.seq != row[2]:
            ticket = self._tickets[row[0]] = decode_ticket(row[10])
        return ticket

    def _read(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with translated(self._place):
            return self._sql.execute(sql, values).fetchall()

    # --- writing ------------------------------------------------------------------------------------------------

    def commit(self, commit: Commit) -> None:
        """Write everything or nothing; `ConflictError` if something is not as it was when it was read."""
        if self._over:
            raise MisuseError("A transaction is committed once, before it ends.")
        self._over = True
        if commit.watched - self._watching:
            raise MustWatchError(watched=commit.watched)
        self.fetch(change.ticket.id for change in commit.changes)
        if not commit.is_empty:
            statement, values = keeping(
                commit, self._known, self.last_number, filed=self._filed, watching=self._watching
            )
            self._write(statement, values)

    def _known(self, change: Change) -> Known | None:
        row = self._rows[change.ticket.id]
        if (row[2] if row else 0) != (change.before.seq if change.before else 0):
            raise ConflictError(f"Ticket {change.ticket.id} has moved on meanwhile.")
        if row is None:
            return None
        _, no, seq, head, book, workflow, state, role, closed, breached, *_ = row
        return Known(no, seq, head, (book, workflow, state, role or "", bool(closed), breached > 0))

    def _write(self, statement: str, values: list[Any]) -> None:
        try:
            RawCursor(self._sql).execute(statement, values)
            if self._watching:
                self._sql.execute("COMMIT")
        except psycopg.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: psycopg.Error) -> StoreError:
        if self._sql.closed:
            return UnavailableError(
                f"{self._place}: the connection was lost while writing. The command may have been kept or not: give it"
                " again with the same key, and the answer will tell."
            )
        if error.sqlstate == LOCKED:
            return ConflictError(f"Somebody else is changing the same tickets: {error}.")
        return as_ours(error, self._place)
