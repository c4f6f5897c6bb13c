"""The protocols themselves: where tickets are kept, who holds which role, what time it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

from dutyflow.kernel.events import Event
from dutyflow.kernel.facts import Lookalike
from dutyflow.kernel.ticket import Ticket
from dutyflow.ports.records import Asked, Commit, KeptAnswer, Outgoing


class TicketStore(Protocol):
    """Keeps tickets with their events. Every store passes the same contract tests (`tests/stores`)."""

    def load(self, ticket: str) -> Ticket | None:
        """The ticket as it stands; None if there is none of this id."""
        ...

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

    def select(self, workflow: str, states: frozenset[str] | None, same: Mapping[str, Any]) -> tuple[Ticket, ...]:
        """Tickets of a workflow in these states (None: any) whose fields have these values, in opening order."""
        ...

    def last_number(self, series: str) -> int:
        """The last number given in a series of record numbers; 0 if none was."""
        ...

    def lookalikes(self, workflow: str, same: Mapping[str, Any]) -> tuple[Lookalike, ...]:
        """Tickets of a workflow whose fields have these values, the one opened last first."""
        ...

    def answer(self, key: str) -> KeptAnswer | None:
        """What was answered under an idempotency key."""
        ...

    def commit(self, commit: Commit) -> None:
        """Write everything of one step or nothing; `StoreError` if a ticket moved on meanwhile."""
        ...

    def audit(self) -> Iterable[Asked]:
        """Every command that was asked, in order, refused ones included."""
        ...

    def outbox(self) -> Iterable[Outgoing]:
        """The notices that wait to be sent, in order."""
        ...


class Directory(Protocol):
    """Knows the people: a rulebook's own members, or those of the service that embeds dutyflow."""

    def roles_of(self, person: str, at: datetime) -> frozenset[str]:
        """The roles that a person, an external party or `system` holds; empty for a stranger."""
        ...

    def members_of(self, role: str, at: datetime) -> tuple[str, ...]:
        """Those who hold the role and are on duty at `at`, sorted by id."""
        ...

    def skill_of(self, person: str, skill: str) -> int:
        """The level of a member's skill; 0 for none."""
        ...


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...
