"""How tickets appear in lists, kept in memory: queues page by page, and how many stand alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dutyflow.errors import MisuseError
from dutyflow.kernel.ticket import OwnedBy
from dutyflow.ports.queue import Count, Page, Query, Row
from dutyflow.ports.records import Change
from dutyflow.stores.encoded import NEVER, can_be_filed, filed_value, micros
from dutyflow.stores.finding import check_limit, cursor_of, position_of

Filed = Mapping[tuple[str, str], frozenset[str]]
"""The fields by which the tickets of a workflow (book, workflow) are filed."""

_EXACT = ("book", "workflow", "state", "department", "closed")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A ticket in the lists; `no` is its place in opening order."""

    no: int
    row: Row
    text: str
    fields: Mapping[str, Any]

    @property
    def due(self) -> int:
        return NEVER if self.row.due_at is None else micros(self.row.due_at)


class Queues:
    """All tickets as lists show them. Every question looks at each of them: this is a model, not an index."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def put(self, change: Change) -> None:
        """Take note of a ticket that was opened or has changed."""
        known = self._entries.get(change.ticket.id)
        no = known.no if known else len(self._entries) + 1
        text = change.listing.text.casefold()
        self._entries[change.ticket.id] = _Entry(no, _row(change), text, change.ticket.fields)

    def find(self, query: Query, filed: Filed, *, limit: int, after: str | None) -> Page:
        """One page of a queue; `MisuseError` for a cursor of another kind or a field nothing is filed by."""
        check_limit(limit)
        for field in sorted(query.fields):
            _check_filed(query, field, filed)
        found = [entry for entry in self._entries.values() if _fits(entry, query, filed)]
        found.sort(key=lambda entry: _rank(query, entry.due, entry.no))
        if after is not None:
            beyond = _rank(query, **position_of(after, query.order))
            found = [entry for entry in found if _rank(query, entry.due, entry.no) > beyond]
        shown, is_last = found[:limit], len(found) <= limit
        cursor = None if is_last else cursor_of(query.order, shown[-1].due, shown[-1].no)
        return Page(tuple(entry.row for entry in shown), cursor)

    def counts(self) -> tuple[Count, ...]:
        """How many tickets stand alike."""
        alike = Counter(_tally(entry.row) for entry in self._entries.values())
        return tuple(
            Count(
                book=book,
                workflow=workflow,
                state=state,
                role=role or None,
                closed=closed,
                breached=breached,
                count=count,
            )
            for (book, workflow, state, role, closed, breached), count in sorted(alike.items())
        )


def _row(change: Change) -> Row:
    ticket, listing = change.ticket, change.listing
    owner = ticket.owner
    return Row(
        ticket=ticket.id,
        book=change.book,
        workflow=ticket.workflow,
        rules=ticket.rules,
        state=ticket.state,
        owner=OwnedBy(owner.role, owner.member) if owner and (owner.role or owner.member) else None,
        department=listing.department,
        number=listing.number,
        outcome=ticket.outcome,
        opened_at=ticket.opened_at,
        changed_at=ticket.changed_at,
        due_at=listing.due_at,
        breached=listing.breached,
        closed=listing.closed,
    )


def _tally(row: Row) -> tuple[str, str, str, str, bool, bool]:
    role = row.owner.role if row.owner else None
    return row.book, row.workflow, row.state, role or "", row.closed, row.breached > 0


def _rank(query: Query, due: int, no: int) -> tuple[int, ...]:
    """What a queue is sorted by."""
    if query.order == "due":
        return due, no
    return (no,) if query.order == "opened" else (-no,)


def _check_filed(query: Query, field: str, filed: Filed) -> None:
    homes = [home for home, fields in filed.items() if field in fields]
    if not any(query.book in (None, book) and query.workflow in (None, workflow) for book, workflow in homes):
        known = ", ".join(sorted(frozenset().union(*filed.values()))) or "none"
        raise MisuseError(f"Tickets are not filed by {field!r}; they are by: {known}.")


def _fits(entry: _Entry, query: Query, filed: Filed) -> bool:
    row = entry.row
    return (
        all(_alike(getattr(query, name), getattr(row, name)) for name in _EXACT)
        and _alike(query.role, row.owner and row.owner.role)
        and _alike(query.member, row.owner and row.owner.member)
        and _alike(query.breached, row.breached > 0)
        and (query.due_before is None or (row.due_at is not None and row.due_at < query.due_before))
        and (not query.text or query.text.casefold() in entry.text)
        and _has(entry, query.fields.items(), filed.get((row.book, row.workflow), frozenset()))
    )


def _alike(wanted: object, found: object) -> bool:
    return wanted is None or wanted == found


def _has(entry: _Entry, wanted: Iterable[tuple[str, Any]], filed_by: frozenset[str]) -> bool:
    return all(
        field in filed_by
        and can_be_filed(entry.fields.get(field))
        and filed_value(entry.fields[field]) == filed_value(value)
        for field, value in wanted
    )
