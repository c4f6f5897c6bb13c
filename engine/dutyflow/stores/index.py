"""Finds tickets by workflow, state and field values without looking at all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dutyflow.kernel.ticket import Ticket

_Bucket = dict[str, None]


class TicketIndex:
    """Tickets by workflow and state, and by the fields that somebody has asked for; an index is made at first use.

    A workflow goes by its rulebook's name and its own.
    """

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}
        self._order: dict[str, int] = {}
        self._books: dict[str, str] = {}
        self._by_state: dict[tuple[str, str, str], _Bucket] = {}
        self._by_field: dict[tuple[str, str, str], dict[Any, _Bucket]] = {}

    def put(self, book: str, before: Ticket | None, ticket: Ticket) -> None:
        """Take note of a ticket that was opened or has changed."""
        self._tickets[ticket.id] = ticket
        self._books[ticket.id] = book
        self._order.setdefault(ticket.id, len(self._order))
        if before is None or before.state != ticket.state:
            if before is not None:
                self._by_state[book, before.workflow, before.state].pop(before.id, None)
            self._by_state.setdefault((book, ticket.workflow, ticket.state), {})[ticket.id] = None
        for (other, workflow, field), values in self._by_field.items():
            if workflow == ticket.workflow and other == book:
                _refile(values, before.fields.get(field) if before else None, ticket, field)

    def select(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> tuple[Ticket, ...]:
        """The tickets that fit, in opening order."""
        found = (self._tickets[ticket] for ticket in self._candidates(book, workflow, states, same))
        fitting = [
            ticket
            for ticket in found
            if (states is None or ticket.state in states)
            and all(ticket.fields.get(name) == value for name, value in same.items())
        ]
        fitting.sort(key=lambda ticket: self._order[ticket.id])
        return tuple(fitting)

    def in_opening_order(self, tickets: Iterable[str]) -> tuple[str, ...]:
        """Those of these tickets that are there, in the order in which they were opened."""
        return tuple(sorted((ticket for ticket in tickets if ticket in self._order), key=self._order.__getitem__))

    def _candidates(
        self, book: str, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]
    ) -> Iterable[str]:
        for field, value in same.items():
            if _can_be_filed(value):
                return self._filed_by(book, workflow, field).get(value, {})
        known = (key for key in self._by_state if key[:2] == (book, workflow) and (states is None or key[2] in states))
        return [ticket for key in known for ticket in self._by_state[key]]

    def _filed_by(self, book: str, workflow: str, field: str) -> dict[Any, _Bucket]:
        key = (book, workflow, field)
        if key not in self._by_field:
            values: dict[Any, _Bucket] = {}
            for ticket in self._tickets.values():
                if ticket.workflow == workflow and self._books[ticket.id] == book:
                    _refile(values, None, ticket, field)
            self._by_field[key] = values
        return self._by_field[key]


def _refile(values: dict[Any, _Bucket], before: Any, ticket: Ticket, field: str) -> None:
    after = ticket.fields.get(field)
    if before is not None and before != after and _can_be_filed(before):
        values[before].pop(ticket.id, None)
    if after is not None and _can_be_filed(after):
        values.setdefault(after, {})[ticket.id] = None


def _can_be_filed(value: Any) -> bool:
    return value is not None and not isinstance(value, list | dict)
