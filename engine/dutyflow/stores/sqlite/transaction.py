"""One SQLite transaction: what a step reads, and the write that follows; nobody else writes meanwhile."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from dutyflow.errors import ConflictError, MisuseError
from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Change, Commit, KeptAnswer, Turn
from dutyflow.runtime.crash_points import reached
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
from dutyflow.stores.sqlite.connections import translated

SQL = read_queries(__package__)

FiledFields = Mapping[tuple[str, str], frozenset[str]]
"""The fields by which the tickets of a workflow (book, workflow) are filed."""


Rows = dict[str, list[tuple[Any, ...]]]
"""The rows of each statement."""


class SqliteTransaction:
    """Reads and one commit on a connection that has begun to write. `filed` tells the fields tickets are filed by."""

    def __init__(self, connection: sqlite3.Connection, filed: Callable[[], FiledFields], path: Path) -> None:
        self._sql = connection
        self._filed_now = filed
        self._told = translated(path)
        self._known: dict[str, Known] = {}
        self._tickets: dict[str, Ticket | None] = {}
        self._answered: dict[str, tuple[str, bytes] | None] = {}
        self._over = False

    def end(self) -> None:
        """Nothing can be written any more: the connection belongs to the next transaction."""
        self._over = True

    # --- reading ------------------------------------------------------------------------------------------------

    def fetch(self, tickets: Iterable[str], keys: Iterable[str]) -> None:
        """Read what many jobs will ask for, at once."""
        self._tickets.update(dict.fromkeys(tickets))
        for row in self._rows(SQL["load_all"], json.dumps(list(tickets))):
            self._remembered(*row)
        self._answered.update(dict.fromkeys(keys))
        for key, *kept in self._rows(SQL["answers"], json.dumps(list(keys))):
            self._answered[key] = (kept[0], kept[1])

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        if ticket not in self._tickets:
            rows = self._rows(SQL["load"], ticket)
            self._tickets[ticket] = self._remembered(ticket, *rows[0]) if rows else None
        return self._tickets[ticket]

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        sql, values = self._selection(book, workflow, states, same)
        rows = self._rows(sql, *values)
        found = (self._remembered(*row) for row in rows)
        return tuple(ticket for ticket in found if all(ticket.fields.get(name) == same[name] for name in same))

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        return tuple(ticket for (ticket,) in self._rows(SQL["in_opening_order"], json.dumps(list(tickets))))

    def lookalikes(self, book: str, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        return tuple(
            Lookalike(id=ticket.id, state=ticket.state, changed_at=ticket.changed_at)
            for ticket in reversed(self.select(book, workflow, None, same))
        )

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        rows = self._rows(SQL["last_number"], series)
        return int(rows[0][0]) if rows else 0

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        if key not in self._answered:
            rows = self._rows(SQL["answer"], key)
            self._answered[key] = (rows[0][0], rows[0][1]) if rows else None
        kept = self._answered[key]
        return decode_answer(*kept, self._events_of) if kept is not None else None

    def due_of(self, tickets: Iterable[str], before: datetime) -> tuple[tuple[datetime, str], ...]:
        """The due moments of these tickets that lie before `before`, in the order (moment, ticket id)."""
        rows = self._rows(SQL["due_of"], json.dumps(list(tickets)), micros(before))
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
        loaded = self._tickets.get(ticket)
        if loaded is not None:
            return loaded
        *tally, body = row
        book, workflow, state, role, closed, breached = tally
        self._known[ticket] = Known(no, seq, head, (book, workflow, state, role or "", bool(closed), breached > 0))
        decoded = self._tickets[ticket] = decode_ticket(body)
        return decoded

    def _events_of(self, ticket: str, first: int, last: int) -> Iterable[Event]:
        return (decode_event(body) for (body,) in self._rows(SQL["history_part"], ticket, first, last))

    def _rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._told:
            return self._sql.execute(sql, values).fetchall()

    @cached_property
    def _filed(self) -> FiledFields:
        """The fields tickets are filed by; many transactions never ask."""
        return self._filed_now()

    # --- writing ------------------------------------------------------------------------------------------------

    def commit(self, commit: Commit) -> None:
        """Write everything or nothing; `ConflictError` if something is not as it was when it was read."""
        if self._over:
            raise MisuseError("A transaction is committed once, before it ends.")
        self._over = True
        with self._told:
            try:
                self._write_all(commit)
                reached("written")
                self._sql.execute("COMMIT")
            finally:
                if self._sql.in_transaction:
                    self._sql.execute("ROLLBACK")

    def _write_all(self, commit: Commit) -> None:
        for ticket, seq in commit.read.items():
            self._as_expected(ticket, seq)
        rows: Rows = defaultdict(list)
        counted: Counter[Tally] = Counter()
        for change in commit.changes:
            self._add_change(rows, change, counted)
        rows["count"] = [(*tally, count) for tally, count in counted.items() if count]
        rows["add_message"] = [outgoing_row(outgoing) for outgoing in commit.outbox]
        rows["add_asked"] = [asked_row(asked) for asked in commit.audit]
        for statement, values in rows.items():
            self._many(statement, values)
        self._answers(commit.answers)
        for series, number in commit.numbers.items():
            self._number(series, number)
        for turn in commit.turns:
            self._turn(turn)

    def _many(self, statement: str, rows: list[tuple[Any, ...]]) -> int:
        """Write these rows; how many were written."""
        if len(rows) == 1:
            return self._sql.execute(SQL[statement], rows[0]).rowcount
        return self._sql.executemany(SQL[statement], rows).rowcount if rows else 0

    def _add_change(self, rows: Rows, change: Change, counted: Counter[Tally]) -> None:
        ticket = change.ticket
        known = self._as_expected(ticket.id, change.before.seq if change.before else 0)
        events = list(event_rows(change, known.head if known else None))
        rows["add_event"] += events
        row = ticket_row(change, events[-1][3] if events else (known.head if known else ""))
        if known is None:
            rows["open_ticket"].append((ticket.id, change.book, ticket.workflow, micros(ticket.opened_at), *row))
        else:
            rows["change_ticket"].append((*row, known.no))
        _add_due(rows, change)
        self._add_filed(rows, change)
        tally = tally_of(change)
        if known is None or known.tally != tally:
            counted[tally] += 1
            if known is not None:
                counted[known.tally] -= 1

    def _as_expected(self, ticket: str, seq: int) -> Known | None:
        """What is known of a ticket that must stand at this `seq`; 0 for one that must not be there."""
        if ticket not in self._known:
            self.load(ticket)
        known = self._known.get(ticket)
        if (known.seq if known else 0) != seq:
            raise ConflictError(f"Ticket {ticket} has moved on meanwhile.")
        return known

    def _add_filed(self, rows: Rows, change: Change) -> None:
        if change.before is not None and change.before.fields is change.ticket.fields:
            return
        place = (change.book, change.ticket.workflow)
        gone, new = filed_rows(change, self._filed.get(place, ()))
        rows["unfile_ticket"] += [(*place, field, value, change.ticket.id) for field, value in gone]
        rows["file_ticket"] += [(*place, field, value, change.ticket.id) for field, value in new]

    def _answers(self, answers: Mapping[str, KeptAnswer]) -> None:
        rows = [(key, kept.fingerprint, encode_answer(kept.answer)) for key, kept in answers.items()]
        if self._many("add_answer", rows) != len(rows):
            raise ConflictError("A key has been answered already.")  # which one is not for everybody who asked at once

    def _number(self, series: str, number: int) -> None:
        if self._sql.execute(SQL["put_number"], (series, number)).rowcount != 1:
            raise ConflictError(f"The number {number} of {series} has been given already.")

    def _turn(self, turn: Turn) -> None:
        next_at = maybe_micros(turn.next_at)
        if turn.at is None:
            moved = self._sql.execute(SQL["begin_turn"], (turn.book, turn.name, next_at))
        else:
            moved = self._sql.execute(SQL["turn"], (next_at, turn.book, turn.name, micros(turn.at)))
        if moved.rowcount != 1:
            raise ConflictError(f"The schedule {turn.name} has moved on meanwhile.")


def _add_due(rows: Rows, change: Change) -> None:
    due_at = change.ticket.next_due_at
    before = change.before.next_due_at if change.before else None
    if due_at == before:
        return
    if due_at is None:
        rows["drop_due"].append((change.ticket.id,))
    else:
        rows["put_due"].append((change.ticket.id, micros(due_at)))
