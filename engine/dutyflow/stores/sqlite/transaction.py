"""One SQLite transaction: what a step reads, and the write that follows; nobody else writes meanwhile."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from dutyflow.errors import ConflictError, MisuseError
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Change, Commit, KeptAnswer, Turn
from dutyflow.stores.encoded import (
    Known,
    Tally,
    asked_row,
    can_be_filed,
    decode_answer,
    decode_event,
    decode_ticket,
    encode_answer,
    event_rows,
    filed_rows,
    filed_value,
    maybe_micros,
    micros,
    moment,
    outgoing_row,
    tally_of,
    ticket_row,
)
from dutyflow.stores.queries import read_queries

SQL = read_queries(__package__)

FiledFields = Mapping[tuple[str, str], frozenset[str]]
"""The fields by which the tickets of a workflow (book, workflow) are filed."""


class SqliteTransaction:
    """Reads and one commit on a connection that has begun to write. `filed` are the fields tickets are filed by."""

    def __init__(self, connection: sqlite3.Connection, filed: FiledFields) -> None:
        self._sql = connection
        self._filed = filed
        self._known: dict[str, Known] = {}
        self.committed = False

    # --- reading ------------------------------------------------------------------------------------------------

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        row = self._sql.execute(SQL["load"], (ticket,)).fetchone()
        return self._remembered(ticket, *row) if row is not None else None

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        rows = self._sql.execute(*self._selection(book, workflow, states, same))
        found = (self._remembered(*row) for row in rows)
        return tuple(ticket for ticket in found if all(ticket.fields.get(name) == same[name] for name in same))

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        return tuple(
            Lookalike(id=ticket.id, state=ticket.state, changed_at=ticket.changed_at)
            for ticket in reversed(self.select(book, workflow, None, same))
        )

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        row = self._sql.execute(SQL["last_number"], (series,)).fetchone()
        return int(row[0]) if row else 0

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        row = self._sql.execute(SQL["answer"], (key,)).fetchone()
        return decode_answer(row[0], row[1], self._events_of) if row else None

    def due_of(self, tickets: Iterable[str], before: datetime) -> tuple[tuple[datetime, str], ...]:
        """The due moments of these tickets that lie before `before`, in the order (moment, ticket id)."""
        rows = self._sql.execute(SQL["due_of"], (json.dumps(list(tickets)), micros(before)))
        return tuple((moment(at), ticket) for at, ticket in rows)

    def _selection(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[str, tuple[Any, ...]]:
        chosen = sorted(states) if states is not None else []
        among = f"AND state IN ({', '.join('?' * len(chosen))})" if states is not None else ""
        known = self._filed.get((book, workflow), frozenset())
        field = next((name for name in same if name in known and can_be_filed(same[name])), None)
        if field is None:
            return SQL["select"].format(states=among), (book, workflow, *chosen)
        place = (book, workflow, field, filed_value(same[field]))
        return SQL["select_filed"].format(states=among), (*place, *chosen)

    def _remembered(self, ticket: str, no: int, seq: int, head: str, *row: Any) -> Ticket:
        *tally, body = row
        book, workflow, state, role, closed, breached = tally
        self._known[ticket] = Known(no, seq, head, (book, workflow, state, role or "", bool(closed), breached > 0))
        return decode_ticket(body)

    def _events_of(self, ticket: str, first: int, last: int) -> Iterable[Event]:
        rows = self._sql.execute(SQL["history_part"], (ticket, first, last))
        return (decode_event(body) for (body,) in rows)

    # --- writing ------------------------------------------------------------------------------------------------

    def commit(self, commit: Commit) -> None:
        """Write everything or nothing; `ConflictError` if something is not as it was when it was read."""
        if self.committed:
            raise MisuseError("A transaction is committed once.")
        counted: Counter[Tally] = Counter()
        for change in commit.changes:
            self._write(change, counted)
        self._many("count", [(*tally, count) for tally, count in counted.items() if count])
        self._many("add_message", [outgoing_row(outgoing) for outgoing in commit.outbox])
        self._many("add_asked", [asked_row(asked) for asked in commit.audit])
        self._answer(commit.answers)
        self._many("put_number", list(commit.numbers.items()))
        for turn in commit.turns:
            self._turn(turn)
        self._sql.execute("COMMIT")
        self.committed = True

    def _many(self, name: str, rows: list[tuple[Any, ...]]) -> None:
        if len(rows) == 1:
            self._sql.execute(SQL[name], rows[0])
        elif rows:
            self._sql.executemany(SQL[name], rows)

    def _write(self, change: Change, counted: Counter[Tally]) -> None:
        ticket = change.ticket
        known = self._as_expected(change)
        events = list(event_rows(change, known.head if known else None))
        row = ticket_row(change, events[-1][3] if events else (known.head if known else ""))
        if known is None:
            opening = (ticket.id, change.book, ticket.workflow, micros(ticket.opened_at))
            self._sql.execute(SQL["open_ticket"], (*opening, *row))
        else:
            self._sql.execute(SQL["change_ticket"], (*row, known.no))
        self._many("add_event", events)
        self._put_due(change)
        self._file(change)
        tally = tally_of(change)
        if known is None or known.tally != tally:
            counted[tally] += 1
            if known is not None:
                counted[known.tally] -= 1

    def _as_expected(self, change: Change) -> Known | None:
        if change.before is None:
            known = None
            taken = self._sql.execute(SQL["load"], (change.ticket.id,)).fetchone() is not None
        else:
            if change.ticket.id not in self._known:
                self.load(change.ticket.id)
            known = self._known.get(change.ticket.id)
            taken = known is None or known.seq != change.before.seq
        if taken:
            raise ConflictError(f"Ticket {change.ticket.id} has moved on meanwhile.")
        return known

    def _put_due(self, change: Change) -> None:
        due_at = change.ticket.next_due_at
        before = change.before.next_due_at if change.before else None
        if due_at == before:
            return
        if due_at is None:
            self._sql.execute(SQL["drop_due"], (change.ticket.id,))
        else:
            self._sql.execute(SQL["put_due"], (change.ticket.id, micros(due_at)))

    def _file(self, change: Change) -> None:
        place = (change.book, change.ticket.workflow)
        gone, new = filed_rows(change, self._filed.get(place, ()))
        self._many("unfile_ticket", [(*place, field, value, change.ticket.id) for field, value in gone])
        self._many("file_ticket", [(*place, field, value, change.ticket.id) for field, value in new])

    def _answer(self, answers: Mapping[str, KeptAnswer]) -> None:
        for key, kept in answers.items():
            try:
                self._sql.execute(SQL["add_answer"], (key, kept.fingerprint, encode_answer(kept.answer)))
            except sqlite3.IntegrityError as error:
                raise ConflictError(f"The key {key!r} has been answered already.") from error

    def _turn(self, turn: Turn) -> None:
        next_at = maybe_micros(turn.next_at)
        if turn.at is None:
            moved = self._sql.execute(SQL["begin_turn"], (turn.book, turn.name, next_at))
        else:
            moved = self._sql.execute(SQL["turn"], (next_at, turn.book, turn.name, micros(turn.at)))
        if moved.rowcount != 1:
            raise ConflictError(f"The schedule {turn.name} has moved on meanwhile.")
